"""Transfers to Google Cloud Storage. Names: the classes of ``airflow.providers.google.cloud.transfers``."""

from __future__ import annotations

from functools import partial
from posixpath import basename, dirname

from dagport.graph import Task
from dagport_lineage.extract.arguments import Named, Rule, argument, items, map_named
from dagport_lineage.extract.endpoints import (
    WILDCARD,
    Text,
    at,
    directory_of,
    gcs_directory,
    gcs_folder,
    gcs_object,
    gcs_url,
    local_file,
    local_files,
    moving,
    needed,
    paired,
    s3_object,
    split_gcs_url,
    transfer,
    unnamed,
)
from dagport_lineage.extract.queries import Reach
from dagport_lineage.extract.remote import blob, exported, lake_file, served, sftp_file
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming import storage
from dagport_lineage.naming.connections import Connection
from dagport_lineage.scope import Scope

CLOUD = "airflow.providers.google.cloud.transfers"
AMAZON = "airflow.providers.amazon.aws.transfers"
GOOGLE = "airflow.providers.google"
MARKETING = f"{GOOGLE}.marketing_platform.operators"


def copied_objects(task: Task, scope: Scope) -> tuple[Named, ...]:
    """What ``GCSToGCSOperator`` copies: one object, or a list of them, each a pattern or a prefix, too."""
    if task.arguments.get("source_objects") == []:
        return at(gcs_folder, "source_bucket", "source_object?")(task, scope)
    name = "source_objects" if task.arguments.get("source_objects") is not None else "source_object"
    return at(gcs_folder, "source_bucket", name)(task, scope)


def copies(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``GCSToGCSOperator`` copies to: the same names, unless another one is given; the same bucket likewise."""
    bucket = argument(task, scope, "destination_bucket") or needed(task, scope, "source_bucket")
    target = argument(task, scope, "destination_object")
    if target is not None:
        return (map_named(gcs_folder, bucket, target),)
    sources = copied_objects(task, scope)
    return tuple(name if isinstance(name, Unresolved) else map_named(gcs_object, bucket, name.name) for name in sources)


def copied(task: Task, scope: Scope) -> Found:
    """``GCSToGCSOperator``: each object to its own name elsewhere, or all to one place."""
    one_place = task.arguments.get("destination_object") is not None
    return (transfer if one_place else paired)(copied_objects, copies)(task, scope)


def copied_from_s3(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``S3ToGCSOperator`` copies to: the names of the objects are put behind a prefix, or replace one by it."""
    keep = not task.arguments.get("apply_gcs_prefix")
    prefix = argument(task, scope, "prefix", "") if keep else ""
    return (map_named(_behind, needed(task, scope, "dest_gcs"), prefix),)


def _behind(url: str, prefix: str) -> Named:
    parts = split_gcs_url(url)
    return parts if isinstance(parts, Unresolved) else gcs_folder(parts[0], parts[1] + prefix)


def uploaded(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``LocalFilesystemToGCSOperator`` writes: an object, or a folder where the path ends in a slash."""
    return at(_object_or_folder, "bucket", "dst")(task, scope)


def _object_or_folder(bucket: str, name: str) -> Named:
    return gcs_object(bucket, name) if basename(name) else gcs_folder(bucket, name)


def uploaded_from(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The local files of ``LocalFilesystemToGCSOperator``: paths in a list, or one path that may be a pattern."""
    value = task.arguments.get("src")
    return at(local_file if items(value) is value else local_files, "src")(task, scope)


def sftp_files(server: Connection, path: str) -> Named:
    """The file of an SFTP server, or the folder of those that fit a pattern."""
    fixed = path.split(WILDCARD, 1)[0]
    name = directory_of(fixed)
    return sftp_file(server, f"/{name}" if fixed.startswith("/") and name != storage.ROOT else name)


def from_sftp(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``SFTPToGCSOperator`` writes: the path that is given, or the file's own name."""
    source, target = needed(task, scope, "source_path"), argument(task, scope, "destination_path")
    bucket = needed(task, scope, "destination_bucket")
    if target or isinstance(source, Unresolved) or WILDCARD in source:
        path = source if isinstance(source, Unresolved) else target or ""
        return (map_named(gcs_folder, bucket, path),)
    return (map_named(gcs_object, bucket, source.rsplit("/", 1)[-1]),)


def rows_file(bucket: str, name: str) -> Named:
    """Files with rows, numbered where the name has ``{}``."""
    return gcs_folder(bucket, name.split("{}", maxsplit=1)[0])


def calendar_file(bucket: str, path: Text, calendar: str | None) -> Named:
    """The file with the entries of a calendar."""
    name = f"{calendar or 'primary'}.json".replace(" ", "_")
    return gcs_object(bucket, f"{path.strip('/')}/{name}" if isinstance(path, str) and path else name)


def report_file(bucket: str, name: str | None, compressed: bool) -> Named:
    """The file of a downloaded report; without a name it gets that of the report."""
    if name is None:
        return Unresolved("runtime", "`report_name` isn't set, so the file is named after the report")
    name = name if name.endswith(".csv") else f"{name}.csv"
    return gcs_object(bucket, f"{name}.gz" if compressed else name)


def report(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where an operator writes that downloads a report: compressed unless it is told not to."""
    value = task.arguments.get("gzip", True)
    if not isinstance(value, bool):
        return (Unresolved("opaque", "whether the file is compressed, and so named `.gz`, isn't known"),)
    return at(partial(report_file, compressed=value), "bucket_name", "report_name?")(task, scope)


def facebook_report(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The file of ``FacebookAdsReportToGcsOperator``, or its folder where each account gets a file."""
    if not task.arguments.get("upload_as_account"):
        return at(gcs_object, "bucket_name", "object_name")(task, scope)
    return at(lambda bucket, name: gcs_object(bucket, dirname(name)), "bucket_name", "object_name")(task, scope)


def rows_of(reach: Reach) -> Rule:
    """A rule for ``BaseSQLToGCSOperator``: files with the columns of a query, but for those that are left out."""
    every, some = exported("sql", reach, ROWS, by_name=True), exported("sql", reach, ROWS)

    def rule(task: Task, scope: Scope) -> Found:
        return (some if task.arguments.get("exclude_columns") else every)(task, scope)

    return rule


ROWS = at(rows_file, "bucket", "filename")
QUERIES = {
    "postgres_to_gcs.PostgresToGCSOperator": Reach(
        conn_id="postgres_conn_id", default="postgres_default", type="postgres", dialect="postgres"
    ),
    "mysql_to_gcs.MySQLToGCSOperator": Reach(
        conn_id="mysql_conn_id", default="mysql_default", type="mysql", dialect="mysql"
    ),
    "mssql_to_gcs.MSSQLToGCSOperator": Reach(
        conn_id="mssql_conn_id", default="mssql_default", type="mssql", dialect="tsql"
    ),
    "oracle_to_gcs.OracleToGCSOperator": Reach(
        conn_id="oracle_conn_id", default="oracle_default", type="oracle", dialect="oracle"
    ),
    "trino_to_gcs.TrinoToGCSOperator": Reach(
        conn_id="trino_conn_id", default="trino_default", type="trino", dialect="trino"
    ),
    "presto_to_gcs.PrestoToGCSOperator": Reach(
        conn_id="presto_conn_id", default="presto_default", type="presto", dialect="presto"
    ),
}

FAMILY = {
    **{f"{CLOUD}.{name}": rows_of(reach) for name, reach in QUERIES.items()},
    f"{CLOUD}.gcs_to_gcs.GCSToGCSOperator": moving(copied, "source_object", "source_objects"),
    f"{CLOUD}.s3_to_gcs.S3ToGCSOperator": transfer(at(s3_object, "bucket", "prefix?"), copied_from_s3),
    f"{CLOUD}.local_to_gcs.LocalFilesystemToGCSOperator": transfer(uploaded_from, uploaded),
    f"{CLOUD}.sftp_to_gcs.SFTPToGCSOperator": moving(
        transfer(served(sftp_files, "sftp_conn_id", "ssh_default", "source_path"), from_sftp), "source_path"
    ),
    f"{CLOUD}.azure_blob_to_gcs.AzureBlobStorageToGCSOperator": transfer(
        served(blob, "wasb_conn_id", "wasb_default", "container_name", "blob_name"),
        at(gcs_object, "bucket_name", "object_name"),
    ),
    f"{CLOUD}.adls_to_gcs.ADLSToGCSOperator": transfer(
        served(lake_file, "azure_data_lake_conn_id", None, "file_system_name", "src_adls"), at(gcs_url, "dest_gcs")
    ),
    f"{CLOUD}.azure_fileshare_to_gcs.AzureFileShareToGCSOperator": transfer(
        unnamed("the Azure file share", "share_name"), at(gcs_url, "dest_gcs")
    ),
    f"{CLOUD}.cassandra_to_gcs.CassandraToGCSOperator": transfer(unnamed("what the CQL query reads"), ROWS),
    f"{CLOUD}.mongo_to_gcs.MongoToGCSOperator": transfer(unnamed("the MongoDB collection", "mongo_collection"), ROWS),
    f"{CLOUD}.calendar_to_gcs.GoogleCalendarToGCSOperator": transfer(
        unnamed("the Google calendar"), at(calendar_file, "destination_bucket", "destination_path?", "calendar_id?")
    ),
    f"{CLOUD}.facebook_ads_to_gcs.FacebookAdsReportToGcsOperator": transfer(
        unnamed("the Facebook Ads report"), facebook_report
    ),
    f"{CLOUD}.gdrive_to_gcs.GoogleDriveToGCSOperator": transfer(
        unnamed("the Google Drive file", "file_name"), at(gcs_object, "bucket_name", "object_name")
    ),
    f"{CLOUD}.http_to_gcs.HttpToGCSOperator": transfer(
        unnamed("the answer of an HTTP API"), at(gcs_object, "bucket_name", "object_name")
    ),
    f"{CLOUD}.salesforce_to_gcs.SalesforceToGcsOperator": transfer(
        unnamed("what the Salesforce query reads"), at(gcs_object, "bucket_name", "object_name")
    ),
    f"{CLOUD}.sheets_to_gcs.GoogleSheetsToGCSOperator": transfer(
        unnamed("the Google spreadsheet", "spreadsheet_id"),
        at(gcs_directory, "destination_bucket", "destination_path?"),
    ),
    f"{AMAZON}.glacier_to_gcs.GlacierToGCSOperator": transfer(
        unnamed("the inventory of the Glacier vault", "vault_name"), at(gcs_object, "bucket_name", "object_name")
    ),
    f"{GOOGLE}.ads.transfers.ads_to_gcs.GoogleAdsToGcsOperator": transfer(
        unnamed("what the Google Ads query reads"), at(gcs_object, "bucket", "obj")
    ),
    f"{GOOGLE}.ads.operators.ads.GoogleAdsListAccountsOperator": transfer(
        unnamed("the accounts of Google Ads"), at(gcs_object, "bucket", "object_name")
    ),
    f"{MARKETING}.bid_manager.GoogleBidManagerDownloadReportOperator": transfer(
        unnamed("the report", "report_id"), report
    ),
    f"{MARKETING}.campaign_manager.GoogleCampaignManagerDownloadReportOperator": transfer(
        unnamed("the report", "report_id"), report
    ),
    f"{MARKETING}.display_video.GoogleDisplayVideo360SDFtoGCSOperator": transfer(
        unnamed("the Display & Video 360 download", "operation_name"), at(gcs_object, "bucket_name", "object_name")
    ),
}
