"""Objects of Google Cloud Storage. Names: ``airflow.providers.google.cloud.operators.gcs``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dagport.graph import Task
from dagport_lineage.extract.arguments import Named, argument, map_named, missing, text_at, value_at
from dagport_lineage.extract.endpoints import (
    Endpoint,
    at,
    changing,
    dropped_prefix,
    gcs_directory,
    gcs_folder,
    gcs_object,
    needed,
    s3_object,
    transfer,
)
from dagport_lineage.extract.operators.programs import program
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.scope import Scope

HOME = "airflow.providers.google.cloud.operators"
TRANSFERS = f"{HOME}.cloud_storage_transfer_service"
SPECIFICATION = ("body", "transferSpec")


def deleted(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The objects that are deleted, by their names or by a prefix."""
    if task.arguments.get("objects") is not None:
        return at(gcs_object, "bucket_name", "objects")(task, scope)
    return at(dropped_prefix(gcs_folder), "bucket_name", "prefix")(task, scope)


def or_else(make: Callable[..., Named], bucket: str, name: str, other_bucket: str, other_name: str) -> Endpoint:
    """A dataset by a bucket and a name, where those of the other side are taken for one that isn't set."""

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        return (
            map_named(
                make,
                argument(task, scope, bucket) or needed(task, scope, other_bucket),
                argument(task, scope, name) or needed(task, scope, other_name),
            ),
        )

    return names


def timed_prefix(bucket: str, prefix: str | None) -> Named:
    """Objects by a prefix in which a run puts its time."""
    if prefix and "%" in prefix:
        return Unresolved("runtime", f"`{prefix}` is filled with the time of the run")
    return gcs_folder(bucket, prefix)


SOURCES: Mapping[str, Callable[..., Named]] = {"gcsDataSource": gcs_directory, "awsS3DataSource": s3_object}
SINKS: Mapping[str, Callable[..., Named]] = {"gcsDataSink": gcs_directory}


def side_of_job(kinds: Mapping[str, Callable[..., Named]]) -> Endpoint:
    """One side of a transfer job, by the specification in its body."""

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        kind = next((kind for kind in kinds if value_at(task, *SPECIFICATION, kind) is not None), None)
        if kind is None:
            return (Unresolved("name", f"`{'.'.join(SPECIFICATION)}` says no store that has a name"),)
        bucket = text_at(task, scope, *SPECIFICATION, kind, "bucketName") or missing("bucketName")
        return (map_named(kinds[kind], bucket, text_at(task, scope, *SPECIFICATION, kind, "path")),)

    return names


def created_job(task: Task, scope: Scope) -> Found:
    """``CloudDataTransferServiceCreateJobOperator``: the job that it makes moves data, unless made disabled."""
    specification = value_at(task, *SPECIFICATION)
    enabled = value_at(task, "body", "status") in (None, "ENABLED")
    if not isinstance(specification, Mapping) or not enabled:
        return program("the transfer job", "body.name", "body.description")(task, scope)
    return transfer(side_of_job(SOURCES), side_of_job(SINKS))(task, scope)


FAMILY = {
    f"{HOME}.gcs.GCSDeleteObjectsOperator": changing(deleted, "DROP"),
    f"{HOME}.gcs.GCSFileTransformOperator": transfer(
        at(gcs_object, "source_bucket", "source_object"),
        or_else(gcs_object, "destination_bucket", "destination_object", "source_bucket", "source_object"),
    ),
    f"{HOME}.gcs.GCSSynchronizeBucketsOperator": transfer(
        at(gcs_directory, "source_bucket", "source_object?"),
        at(gcs_directory, "destination_bucket", "destination_object?"),
    ),
    f"{HOME}.gcs.GCSTimeSpanFileTransformOperator": transfer(
        at(timed_prefix, "source_bucket", "source_prefix?"),
        at(timed_prefix, "destination_bucket", "destination_prefix?"),
    ),
    f"{TRANSFERS}.CloudDataTransferServiceGCSToGCSOperator": transfer(
        at(gcs_directory, "source_bucket", "source_path?"), at(gcs_directory, "destination_bucket", "destination_path?")
    ),
    f"{TRANSFERS}.CloudDataTransferServiceS3ToGCSOperator": transfer(
        at(s3_object, "s3_bucket", "s3_path?"), at(gcs_directory, "gcs_bucket", "gcs_path?")
    ),
    f"{TRANSFERS}.CloudDataTransferServiceCreateJobOperator": created_job,
    f"{TRANSFERS}.CloudDataTransferServiceUpdateJobOperator": program("the transfer job", "job_name"),
}
