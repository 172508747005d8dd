"""Objects of S3. Names: ``airflow.providers.amazon.aws.operators.s3``."""

from __future__ import annotations

from dagport.graph import Task
from dagport_lineage.extract.arguments import Named
from dagport_lineage.extract.endpoints import (
    at,
    changing,
    dropped_prefix,
    reading,
    s3_object,
    s3_url,
    transfer,
    writing,
)
from dagport_lineage.model import Unresolved
from dagport_lineage.scope import Scope

HOME = "airflow.providers.amazon.aws.operators.s3"


def deleted(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The objects that are deleted: by their keys, or by a prefix, or by when they were changed."""
    if task.arguments.get("keys") is not None:
        return at(s3_object, "bucket", "keys")(task, scope)
    if any(task.arguments.get(name) is not None for name in ("from_datetime", "to_datetime")):
        return (Unresolved("runtime", "which objects were changed between `from_datetime` and `to_datetime`"),)
    return at(dropped_prefix(s3_object), "bucket", "prefix")(task, scope)


FAMILY = {
    f"{HOME}.S3CopyObjectOperator": transfer(
        at(s3_object, "source_bucket_name?", "source_bucket_key"), at(s3_object, "dest_bucket_name?", "dest_bucket_key")
    ),
    f"{HOME}.S3CopyPrefixOperator": transfer(
        at(s3_object, "source_bucket_name?", "source_bucket_prefix"),
        at(s3_object, "dest_bucket_name?", "dest_bucket_prefix"),
    ),
    f"{HOME}.S3CreateObjectOperator": writing(at(s3_object, "s3_bucket?", "s3_key"), "data"),
    f"{HOME}.S3DeleteObjectsOperator": changing(deleted, "DROP"),
    f"{HOME}.S3FileTransformOperator": transfer(at(s3_url, "source_s3_key"), at(s3_url, "dest_s3_key")),
    f"{HOME}.S3ReadObjectOperator": reading(at(s3_object, "s3_bucket?", "s3_key")),
}
