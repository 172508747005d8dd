"""Names of objects and files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming import storage

CASES: list[tuple[Callable[..., Any], tuple[Any, ...], tuple[str, str]]] = [
    (storage.s3, ("b", "k/x"), ("s3://b", "k/x")),
    (storage.s3, ("b", "/k"), ("s3://b", "k")),
    (storage.s3, ("b",), ("s3://b", "/")),
    (storage.gcs, ("b", "k"), ("gs://b", "k")),
    (storage.azure, ("c", "acct", "x"), ("wasbs://c@acct.dfs.core.windows.net", "x")),
    (storage.azure, ("c", "acct.blob.core.windows.net", "/x"), ("wasbs://c@acct.dfs.core.windows.net", "x")),
    (storage.azure, ("c", "https://acct.blob.core.windows.net/"), ("wasbs://c@acct.dfs.core.windows.net", "/")),
    (storage.file, ("/data/x",), ("file", "/data/x")),
    (storage.file, ("C:\\data\\x",), ("file", "/C:/data/x")),
    (storage.file, ("/data//x/./y/",), ("file", "/data/x/y")),
    (storage.file, ("/",), ("file", "/")),
    (storage.s3, ("b", "dir/"), ("s3://b", "dir")),
    (storage.s3, ("Bucket", "a//B/"), ("s3://Bucket", "a//B")),
    (storage.gcs, ("b", "dir/"), ("gs://b", "dir")),
    (storage.azure, ("c", "Acct", "dir/"), ("wasbs://c@acct.dfs.core.windows.net", "dir")),
    (storage.sftp, ("H.Example", None, "/x/"), ("file://h.example:22", "/x")),
    (storage.kafka, ("A.Example", "T"), ("kafka://a.example:9092", "T")),
    (storage.remote_file, ("h", "/x"), ("file://h", "/x")),
    (storage.sftp, ("h", None, "/x"), ("file://h:22", "/x")),
    (storage.sftp, ("h", 2222, "x"), ("file://h:2222", "x")),
    (storage.ftp, ("::1", None, "/x"), ("file://[::1]:21", "/x")),
    (storage.hdfs, ("nn", None, "/x"), ("hdfs://nn:8020", "/x")),
    (storage.dbfs, ("adb-1.net", "/mnt/x"), ("dbfs://adb-1.net", "/mnt/x")),
    (storage.kafka, ("a:9092, b:9092", "t"), ("kafka://a:9092", "t")),
    (storage.pubsub, ("topic", "p", "t"), ("pubsub", "topic:p:t")),
    (storage.glue, ("eu-west-1", "1", "d", "t"), ("arn:aws:glue:eu-west-1:1", "table/d/t")),
]


@pytest.mark.parametrize(("function", "arguments", "wanted"), CASES)
def test_names(function: Callable[..., Any], arguments: tuple[Any, ...], wanted: tuple[str, str]) -> None:
    assert function(*arguments) == DatasetName(*wanted)


def test_azure_data_lake() -> None:
    wanted = DatasetName("abfss://c@acct.dfs.core.windows.net", "x")
    assert storage.azure("c", "acct", "x", scheme="abfss") == wanted


@pytest.mark.parametrize(
    "path", ["x.csv", "./x.csv", "~/x.csv", "", "//server/share/x", "\\\\server\\share", "C:x", "/data/../x", ".."]
)
def test_files_without_a_name(path: str) -> None:
    assert isinstance(storage.file(path), Unresolved)
