"""Files: of the worker, of servers behind SSH, FTP and HDFS, and of any store by its URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from posixpath import basename, join

from dagport.graph import Task
from dagport.values import Call
from dagport_lineage.extract.arguments import Named, argument, found, gap, map_named, missing, rendered, texts, union
from dagport_lineage.extract.endpoints import (
    WILDCARD,
    Text,
    at,
    directory_of,
    gcs_folder,
    gcs_object,
    local_file,
    moving,
    reading,
    transfer,
    unnamed,
)
from dagport_lineage.extract.operators.empty import nothing
from dagport_lineage.extract.remote import ftp_file, served, sftp_file
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming import storage
from dagport_lineage.naming.connections import Connection, connection
from dagport_lineage.naming.uris import uri_dataset
from dagport_lineage.scope import Scope

HOME = "airflow.providers"
CLOUD = f"{HOME}.google.cloud.transfers"

Served = Callable[[Connection, str | None], Named]


# By URL


def by_url(task: Task, scope: Scope, name: str, conn_id: str) -> Named:
    """The file of ``FileTransferOperator``: a URL, or an ``ObjectStoragePath`` of one; a path is a local file."""
    value = task.arguments.get(name)
    if isinstance(value, Call) and value.name.endswith(".ObjectStoragePath") and len(value.args) == 1:
        value = value.args[0]
    text = missing(name) if value is None else rendered(value, task, scope, name)
    return map_named(file_at, text)


def file_at(url: str) -> Named:
    """A file by a URL, or a local one by its path."""
    return uri_dataset(url) if "://" in url else local_file(url)


def file_transfer(task: Task, scope: Scope) -> Found:
    """``FileTransferOperator``: one file to another place."""
    source, target = by_url(task, scope, "src", "source_conn_id"), by_url(task, scope, "dst", "dest_conn_id")
    return found(scope.place(task), reads=(source,), writes=(target,))


# By connection


def exchange(make: Served, conn_id: str, default: str | None) -> Callable[[Task, Scope], Found]:
    """A rule that puts local files on a server, gets them from there, or deletes them: each is made of its twin."""

    def rule(task: Task, scope: Scope) -> Found:
        place = scope.place(task)
        server = _server(task, scope, conn_id, default)
        remote = [_on(server, make, path) for path in texts(task, scope, "remote_filepath")] or [
            missing("remote_filepath")
        ]
        local = [map_named(local_file, path) for path in texts(task, scope, "local_filepath")]
        operation = argument(task, scope, "operation", "put") or "put"
        if isinstance(operation, Unresolved):
            return Found(gaps=(gap("both", operation, place),))
        pairs = zip_longest(remote, local, fillvalue=missing("local_filepath"))
        if operation.lower() == "put":
            return union(found(place, reads=(here,), writes=(there,)) for there, here in pairs)
        if operation.lower() == "get":
            return union(found(place, reads=(there,), writes=(here,)) for there, here in pairs)
        if operation.lower() == "delete":
            done = found(place, writes=remote)
            return replace(done, writes=tuple(replace(write, lifecycle="DROP") for write in done.writes))
        return Found(gaps=(gap("both", Unresolved("opaque", f"there is no operation `{operation}`"), place),))

    return rule


def _on(server: Connection | Unresolved, make: Served, path: Text) -> Named:
    return server if isinstance(server, Unresolved) else map_named(lambda text: make(server, text), path)


def _server(task: Task, scope: Scope, conn_id: str, default: str | None) -> Connection | Unresolved:
    """The server behind a connection; ``remote_host`` replaces its host, a hook that is given isn't looked into."""
    if any(task.arguments.get(name) is not None for name in ("sftp_hook", "ssh_hook")):
        return Unresolved("opaque", "the hook that it is given isn't looked into")
    reached_by = argument(task, scope, conn_id, default)
    server = connection(reached_by, scope) if isinstance(reached_by, str) else reached_by or missing(conn_id)
    host = argument(task, scope, "remote_host")
    if isinstance(server, Unresolved) or not host:
        return server
    return host if isinstance(host, Unresolved) else replace(server, host=host)


# Google Cloud Storage to files


def to_sftp(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``GCSToSFTPOperator`` writes: below a path, with the folders of the object's name or without."""
    keep = task.arguments.get("keep_directory_structure", True)
    source = argument(task, scope, "source_object") or missing("source_object")

    def named(server: Connection, path: str) -> Named:
        if isinstance(source, Unresolved):
            return source
        name = directory_of(source)
        if keep:
            path = join(path, "" if name == storage.ROOT else name)
        elif WILDCARD not in source:
            path = join(path, basename(source))
        return sftp_file(server, path.rstrip("/") or storage.ROOT)

    if not isinstance(keep, bool):
        return (Unresolved("opaque", "whether `keep_directory_structure` is set isn't known"),)
    return served(named, "sftp_conn_id", "ssh_default", "destination_path")(task, scope)


def to_local(task: Task, scope: Scope) -> tuple[Named, ...]:
    """Where ``GCSToLocalFilesystemOperator`` writes: a file, unless the content becomes its result."""
    return at(local_file, "filename")(task, scope) if task.arguments.get("filename") is not None else ()


def attached(name: str) -> Callable[[Task, Scope], Found]:
    """A rule that sends local files, where an argument names some."""

    def rule(task: Task, scope: Scope) -> Found:
        return (reading(at(local_file, name)) if task.arguments.get(name) not in (None, []) else nothing)(task, scope)

    return rule


FAMILY = {
    f"{HOME}.common.io.operators.file_transfer.FileTransferOperator": file_transfer,
    f"{HOME}.sftp.operators.sftp.SFTPOperator": exchange(sftp_file, "ssh_conn_id", None),
    f"{HOME}.ftp.operators.ftp.FTPFileTransmitOperator": exchange(ftp_file, "ftp_conn_id", "ftp_default"),
    f"{HOME}.ftp.operators.ftp.FTPSFileTransmitOperator": exchange(ftp_file, "ftp_conn_id", "ftp_default"),
    f"{CLOUD}.gcs_to_sftp.GCSToSFTPOperator": moving(
        transfer(at(gcs_folder, "source_bucket", "source_object"), to_sftp), "source_object"
    ),
    f"{CLOUD}.gcs_to_local.GCSToLocalFilesystemOperator": transfer(at(gcs_object, "bucket", "object_name"), to_local),
    f"{CLOUD}.gdrive_to_local.GoogleDriveToLocalOperator": transfer(
        unnamed("the Google Drive file", "file_name"), at(local_file, "output_file")
    ),
    f"{HOME}.google.suite.transfers.gcs_to_gdrive.GCSToGoogleDriveOperator": moving(
        transfer(
            at(gcs_folder, "source_bucket", "source_object"), unnamed("the Google Drive file", "destination_object")
        ),
        "source_object",
    ),
    f"{HOME}.google.suite.transfers.gcs_to_sheets.GCSToGoogleSheetsOperator": transfer(
        at(gcs_object, "bucket_name", "object_name"), unnamed("the Google spreadsheet", "spreadsheet_id")
    ),
    f"{HOME}.google.suite.transfers.local_to_drive.LocalFilesystemToGoogleDriveOperator": transfer(
        at(local_file, "local_paths"), unnamed("the Google Drive folder", "drive_folder")
    ),
    f"{HOME}.google.cloud.operators.gen_ai.GenAIGeminiUploadFileOperator": transfer(
        at(local_file, "file_path"), unnamed("the file of the Gemini API")
    ),
    f"{HOME}.slack.operators.slack.SlackAPIFileOperator": attached("filename"),
    f"{HOME}.telegram.operators.telegram.TelegramFileOperator": attached("file"),
    f"{HOME}.smtp.operators.smtp.EmailOperator": attached("files"),
    f"{HOME}.amazon.aws.operators.ses.SesEmailOperator": attached("files"),
    "airflow.operators.email.EmailOperator": attached("files"),
}
