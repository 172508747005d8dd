"""Transfers to S3, and from it to other stores of files. Names: ``airflow.providers.amazon.aws.transfers``."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import dirname

from dagport.graph import Task
from dagport_lineage.extract.arguments import (
    Named,
    argument,
    found,
    items,
    map_named,
    missing,
    rendered,
    text_at,
    texts,
    union,
)
from dagport_lineage.extract.endpoints import (
    Endpoint,
    at,
    gcs_object,
    local_file,
    needed,
    paired,
    s3_object,
    s3_url,
    transfer,
    unnamed,
)
from dagport_lineage.extract.queries import Reach, into, queries, reached, table
from dagport_lineage.extract.remote import blob, exported, ftp_file, served, sftp_file
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming.connections import Connection, connection
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

AMAZON = "airflow.providers.amazon.aws.transfers"

SUFFIXES = (".json.gz", ".csv.gz", ".json", ".csv", ".parquet")
FORMATS = {"csv": ".csv", "json": ".json", "parquet": ".parquet"}


# Files of a server, and their keys


def listed(make: Callable[[Task, Scope], Callable[[str], Named]], path: str, names: str, others: str = "") -> Endpoint:
    """Files at a path, or those that a list names below it; by ``names``, and where that isn't set by ``others``.

    One text in place of a list is the beginning of names, or a pattern: which files fit it, only a run knows.
    """

    def files(task: Task, scope: Scope) -> tuple[Named, ...]:
        base = needed(task, scope, path)
        if isinstance(base, Unresolved):
            return (base,)
        named = make(task, scope)
        chosen = names if task.arguments.get(names) or not others else others
        value = task.arguments.get(chosen)
        if not value:
            return (named(base),)
        if items(value) is not value:
            text = rendered(value, task, scope, chosen)
            fits = Unresolved("runtime", f"which files of `{redact(base)}` fit `{text}`")
            return (text if isinstance(text, Unresolved) else fits,)
        return tuple(map_named(lambda name: named(base + name), name) for name in texts(task, scope, chosen))

    return files


def on_server(
    make: Callable[[Connection, str], Named], conn_id: str, default: str
) -> Callable[[Task, Scope], Callable[[str], Named]]:
    """Names of files of the server that a connection leads to."""

    def bound(task: Task, scope: Scope) -> Callable[[str], Named]:
        reached_by = argument(task, scope, conn_id, default)
        server = connection(reached_by, scope) if isinstance(reached_by, str) else reached_by or missing(conn_id)
        if task.arguments.get("sftp_remote_host"):
            server = Unresolved("connection", "`sftp_remote_host` replaces the host of the connection")
        return lambda path: server if isinstance(server, Unresolved) else make(server, path)

    return bound


def in_bucket(task: Task, scope: Scope) -> Callable[[str], Named]:
    """Names of objects in the bucket ``s3_bucket``."""
    bucket = needed(task, scope, "s3_bucket")
    return lambda key: map_named(s3_object, bucket, key)


# Rows


def rows_key(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The object of ``SqlToS3Operator``: its key gets the ending of the format; the folder where there are several."""
    several = any(task.arguments.get(name) for name in ("max_rows_per_file", "groupby_kwargs"))
    compression = _compression(task, scope)

    def named(bucket: str, key: str, ending: str, compression: str | None) -> Named:
        if several:
            return s3_object(bucket, dirname(key))
        ending = FORMATS.get(ending.lower(), f".{ending}")
        compressed = compression == "gzip" and ending != ".parquet"
        return s3_object(bucket, _bare(key) + ending + (".gz" if compressed else ""))

    bucket, key = needed(task, scope, "s3_bucket"), needed(task, scope, "s3_key")
    return (map_named(named, bucket, key, argument(task, scope, "file_format", "csv"), compression),)


def _compression(task: Task, scope: Scope) -> str | Unresolved | None:
    name = "df_kwargs" if task.arguments.get("df_kwargs") is not None else "pd_kwargs"
    return text_at(task, scope, name, "compression")


def _bare(key: str) -> str:
    return next((key[: -len(suffix)] for suffix in SUFFIXES if key.endswith(suffix)), key)


def from_exasol(task: Task, scope: Scope) -> Found:
    """``ExasolToS3Operator``: a query, or a table where the text is one word."""
    place, where = scope.place(task), reached(task, scope, EXASOL)
    text = needed(task, scope, "query_or_table")
    if isinstance(text, str) and len(text.split()) == 1:
        rows = found(place, reads=(table(text, where, place, "query_or_table"),))
    else:
        rows = queries(task, scope, "query_or_table", where, default_side="inputs")
    return union(into(rows, name, place) for name in at(s3_object, "bucket_name?", "key")(task, scope))


def query_rows(task: Task, scope: Scope) -> Found:
    """``SqlToS3Operator``: the columns of a query, unless pandas is told how to write them."""
    told = any(task.arguments.get(name) for name in ("df_kwargs", "pd_kwargs"))
    reach = Reach(conn_id="sql_conn_id", hook_params="sql_hook_params")
    return exported("query", reach, rows_key, by_name=not told)(task, scope)


EXASOL = Reach(conn_id="exasol_conn_id", default="exasol_default", type="exasol")
KEY = at(s3_object, "s3_bucket", "s3_key")
SFTP = on_server(sftp_file, "sftp_conn_id", "ssh_default")
FTP = on_server(ftp_file, "ftp_conn_id", "ftp_default")

FAMILY = {
    f"{AMAZON}.azure_blob_to_s3.AzureBlobStorageToS3Operator": transfer(
        served(blob, "wasb_conn_id", "wasb_default", "container_name", "prefix?"), at(s3_url, "dest_s3_key")
    ),
    f"{AMAZON}.dynamodb_to_s3.DynamoDBToS3Operator": transfer(
        unnamed("the DynamoDB table", "dynamodb_table_name"), at(s3_object, "s3_bucket_name", "s3_key_prefix?")
    ),
    f"{AMAZON}.exasol_to_s3.ExasolToS3Operator": from_exasol,
    f"{AMAZON}.ftp_to_s3.FTPToS3Operator": paired(
        listed(FTP, "ftp_path", "ftp_filenames"), listed(in_bucket, "s3_key", "s3_filenames", "ftp_filenames")
    ),
    f"{AMAZON}.gcs_to_s3.GCSToS3Operator": transfer(at(gcs_object, "gcs_bucket", "prefix?"), at(s3_url, "dest_s3_key")),
    f"{AMAZON}.google_api_to_s3.GoogleApiToS3Operator": transfer(
        unnamed("the answer of the Google API", "google_api_service_name"), at(s3_url, "s3_destination_key")
    ),
    f"{AMAZON}.http_to_s3.HttpToS3Operator": transfer(
        unnamed("the answer of an HTTP API"), at(s3_object, "s3_bucket?", "s3_key")
    ),
    f"{AMAZON}.imap_attachment_to_s3.ImapAttachmentToS3Operator": transfer(
        unnamed("the attachment", "imap_attachment_name"), KEY
    ),
    f"{AMAZON}.local_to_s3.LocalFilesystemToS3Operator": transfer(
        at(local_file, "filename"), at(s3_object, "dest_bucket?", "dest_key")
    ),
    f"{AMAZON}.mongo_to_s3.MongoToS3Operator": transfer(unnamed("the MongoDB collection", "mongo_collection"), KEY),
    f"{AMAZON}.s3_to_dynamodb.S3ToDynamoDBOperator": transfer(
        KEY, unnamed("the DynamoDB table", "dynamodb_table_name")
    ),
    f"{AMAZON}.s3_to_ftp.S3ToFTPOperator": paired(
        listed(in_bucket, "s3_key", "s3_filenames"), listed(FTP, "ftp_path", "ftp_filenames", "s3_filenames")
    ),
    f"{AMAZON}.s3_to_sftp.S3ToSFTPOperator": paired(
        listed(in_bucket, "s3_key", "s3_filenames"), listed(SFTP, "sftp_path", "sftp_filenames", "s3_filenames")
    ),
    f"{AMAZON}.salesforce_to_s3.SalesforceToS3Operator": transfer(
        unnamed("what the Salesforce query reads"), at(s3_object, "s3_bucket_name", "s3_key")
    ),
    f"{AMAZON}.sftp_to_s3.SFTPToS3Operator": paired(
        listed(SFTP, "sftp_path", "sftp_filenames"), listed(in_bucket, "s3_key", "s3_filenames", "sftp_filenames")
    ),
    f"{AMAZON}.sql_to_s3.SqlToS3Operator": query_rows,
}
