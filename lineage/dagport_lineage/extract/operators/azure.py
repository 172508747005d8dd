"""Files in storage accounts of Azure. Names: ``airflow.providers.microsoft.azure``."""

from __future__ import annotations

from functools import partial
from posixpath import basename, join

from dagport.graph import Task
from dagport_lineage.extract.arguments import Named, argument
from dagport_lineage.extract.endpoints import (
    WILDCARD,
    at,
    changing,
    dropped_prefix,
    gcs_object,
    local_file,
    local_files,
    moving,
    s3_object,
    transfer,
    unnamed,
    writing,
)
from dagport_lineage.extract.operators.to_gcs import sftp_files
from dagport_lineage.extract.queries import Reach
from dagport_lineage.extract.remote import blob, exported, lake_file, served
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.connections import Connection
from dagport_lineage.scope import Scope

HOME = "airflow.providers.microsoft.azure"
WASB = ("wasb_conn_id", "wasb_default")


def s3_source(task: Task, scope: Scope) -> tuple[Named, ...]:
    """What ``S3ToAzureBlobStorageOperator`` reads: one object, or those below a prefix."""
    name = "s3_key" if task.arguments.get("s3_key") else "s3_prefix?"
    return at(s3_object, "s3_bucket", name)(task, scope)


def s3_target(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where it writes: one blob, or blobs below a prefix; a single object keeps its own name there."""
    if task.arguments.get("blob_name"):
        return served(blob, *WASB, "container_name", "blob_name")(task, scope)
    key = argument(task, scope, "s3_key")
    if not key:
        return served(blob, *WASB, "container_name", "blob_prefix")(task, scope)
    if isinstance(key, Unresolved):
        return (key,)

    def named(server: Connection, container: str, prefix: str) -> Named:
        return blob(server, container, f"{prefix}/{key.split('/')[-1]}")

    return served(named, *WASB, "container_name", "blob_prefix")(task, scope)


def sftp_target(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``SFTPToWasbOperator`` writes: blobs that begin with ``blob_prefix`` and end in the files' own names."""
    source = argument(task, scope, "sftp_source_path")

    def named(server: Connection, container: str, prefix: str | None) -> Named:
        if not isinstance(source, str) or WILDCARD in source or "." not in basename(source):
            return blob(server, container, prefix)
        return blob(server, container, (prefix or "") + basename(source))

    return served(named, *WASB, "container_name", "blob_prefix?")(task, scope)


def uploaded(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``OracleToAzureDataLakeOperator`` writes. Its hook is that of Data Lake Gen1, which has no names."""
    folder, name = argument(task, scope, "azure_data_lake_path"), argument(task, scope, "filename")
    shown = f" `{join(folder, name)}`" if isinstance(folder, str) and isinstance(name, str) else ""
    return (Unresolved("name", f"the Data Lake Gen1 file{shown} has no form in the naming specification"),)


def deleted(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The blob that ``WasbDeleteBlobOperator`` deletes, or those that begin with its name."""
    as_prefix = task.arguments.get("is_prefix", False)
    if not isinstance(as_prefix, bool):
        return (Unresolved("opaque", "whether `is_prefix` is set isn't known"),)
    if not as_prefix:
        return served(blob, *WASB, "container_name", "blob_name")(task, scope)

    def named(server: Connection, container: str, prefix: str) -> Named:
        return dropped_prefix(partial(blob, server))(container, prefix)

    return served(named, *WASB, "container_name", "blob_name")(task, scope)


FAMILY = {
    f"{HOME}.operators.adls.ADLSCreateObjectOperator": writing(
        served(lake_file, "azure_data_lake_conn_id", "azure_data_lake_default", "file_system_name", "file_name"), "data"
    ),
    f"{HOME}.operators.adls.ADLSDeleteOperator": changing(unnamed("the Data Lake Gen1 path", "path"), "DROP"),
    f"{HOME}.operators.wasb_delete_blob.WasbDeleteBlobOperator": changing(deleted, "DROP"),
    f"{HOME}.transfers.gcs_to_wasb.GCSToAzureBlobStorageOperator": transfer(
        at(gcs_object, "gcs_bucket", "prefix?"), served(blob, *WASB, "container_name", "blob_prefix?")
    ),
    f"{HOME}.transfers.local_to_adls.LocalFilesystemToADLSOperator": transfer(
        at(local_files, "local_path"), unnamed("the Data Lake Gen1 path", "remote_path")
    ),
    f"{HOME}.transfers.local_to_wasb.LocalFilesystemToWasbOperator": transfer(
        at(local_file, "file_path"), served(blob, *WASB, "container_name", "blob_name")
    ),
    f"{HOME}.transfers.oracle_to_azure_data_lake.OracleToAzureDataLakeOperator": exported(
        "sql", Reach(conn_id="oracle_conn_id", type="oracle", dialect="oracle"), uploaded, by_name=True
    ),
    f"{HOME}.transfers.s3_to_wasb.S3ToAzureBlobStorageOperator": transfer(s3_source, s3_target),
    f"{HOME}.transfers.sftp_to_wasb.SFTPToWasbOperator": moving(
        transfer(served(sftp_files, "sftp_conn_id", "sftp_default", "sftp_source_path"), sftp_target),
        "sftp_source_path",
    ),
}
