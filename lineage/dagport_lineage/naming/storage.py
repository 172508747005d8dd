"""Names of objects and files: buckets, containers, file systems, topics.

Source: the Naming page of the OpenLineage specification. Keys and paths are taken as they are written, no pattern is
expanded, nothing is decoded; but what means the same has one name: a folder with a slash at its end and without, a host
in capitals, a port that is left out.
"""

from __future__ import annotations

import re
from typing import Literal

from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.secrets import redact

ROOT = "/"  # the name of a whole bucket or server
DRIVE = re.compile(r"[A-Za-z]:[\\/]")
PARENT = re.compile(r"(^|[/\\])\.\.([/\\]|$)")
PORT = re.compile(r":\d+$")
AZURE_SUFFIXES = (".dfs.core.windows.net", ".blob.core.windows.net")


def s3(bucket: str, key: str = "") -> DatasetName:
    """An object, or all that is below a prefix, in S3 or a store that speaks its protocol."""
    return _object("s3", bucket, key)


def gcs(bucket: str, key: str = "") -> DatasetName:
    """An object, or all that is below a prefix, in Google Cloud Storage."""
    return _object("gs", bucket, key)


def azure(container: str, account: str, path: str = "", *, scheme: Literal["wasbs", "abfss"] = "wasbs") -> DatasetName:
    """A blob of a storage account, given by its name or by its host: ``wasbs``, or ``abfss`` for Data Lake Gen2."""
    service = (account.partition("://")[2] or account).lower()
    for suffix in AZURE_SUFFIXES:
        service = service.rstrip("/").removesuffix(suffix)
    return _object(scheme, f"{container}@{service}{AZURE_SUFFIXES[0]}", path)


def _object(scheme: str, store: str, key: str) -> DatasetName:
    return DatasetName(f"{scheme}://{store}", key.strip("/") or ROOT)


def file(path: str) -> DatasetName | Unresolved:
    """A file of the machine that the task runs on. What a relative path means depends on the folder it runs in."""
    if path.startswith(("//", "\\\\")) and path.strip("/"):
        return Unresolved("name", f"`{redact(path)}` is on another machine, in a form that has no name")
    if DRIVE.match(path):
        path = "/" + path.replace("\\", "/")  # as in a URI
    if not path.startswith("/"):
        return Unresolved("name", f"the path `{redact(path)}` is relative: the folder that it starts from isn't known")
    if PARENT.search(path):
        return Unresolved("name", f"where `{redact(path)}` leads isn't known: a link may be on the way")
    return DatasetName("file", _path(path))


def _path(path: str) -> str:
    """A path without what makes no difference: slashes that are doubled or stand at its end, and ``/./``."""
    return re.sub(r"/(\.?/)*(\.?$)?", "/", path).rstrip("/") or ROOT


def remote_file(host: str, path: str, port: int | None = None) -> DatasetName:
    """A file of another machine."""
    return DatasetName(f"file://{authority(host, port)}", _path(path))


def sftp(host: str, port: int | None, path: str) -> DatasetName:
    """A file of an SFTP or SSH server, as ``SFTPOperator`` names it: port 22 unless another is given."""
    return remote_file(host, path, port or 22)


def ftp(host: str, port: int | None, path: str) -> DatasetName:
    """A file of an FTP server: port 21 unless another is given."""
    return remote_file(host, path, port or 21)


def hdfs(host: str, port: int | None, path: str) -> DatasetName:
    """A path of HDFS: port 8020 unless another is given."""
    return DatasetName(f"hdfs://{authority(host, port or 8020)}", _path(path))


def dbfs(workspace: str, path: str) -> DatasetName:
    """A path of the file system of a Databricks workspace, by the workspace's host."""
    return DatasetName(f"dbfs://{workspace.lower()}", _path(path))


def kafka(servers: str, topic: str) -> DatasetName:
    """A topic. Of several bootstrap servers, separated by commas, the first counts; its port is 9092 by default."""
    host = servers.partition(",")[0].strip().lower()
    return DatasetName(f"kafka://{host if PORT.search(host) else f'{host}:9092'}", topic)


def pubsub(kind: Literal["topic", "subscription"], project: str, resource: str) -> DatasetName:
    """A topic or a subscription of Google Pub/Sub."""
    return DatasetName("pubsub", f"{kind}:{project}:{resource}")


def glue(region: str, account: str, database: str, table: str) -> DatasetName:
    """A table of the data catalog AWS Glue."""
    return DatasetName(f"arn:aws:glue:{region}:{account}", f"table/{database}/{table}")


def authority(host: str, port: int | None) -> str:
    """``host:port`` in small letters, an IPv6 address in brackets."""
    host = host.lower()
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return shown if port is None else f"{shown}:{port}"
