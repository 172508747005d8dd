"""Storage, transfers, messages, and jobs elsewhere: what each reads and writes, by the rows of ``cases/*.txt``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_lineage.extract.endpoints import directory_of
from dagport_lineage.model import Column, TaskLineage
from tests.lineage.operators.sql_cases import Case, cases, check, lineage_of

LOAD = "GCSToBigQueryOperator(bucket='raw', source_objects=['a.json'], destination_project_dataset_table='d.t', "
FIELDS = "schema_fields=[{'name': 'x', 'type': 'STRING', 'mode': 'REQUIRED'}, {'name': 'y', 'type': 'INT64'}]"
BOTH = (Column(name="x", type="STRING"), Column(name="y", type="INT64"))


@pytest.mark.parametrize("case", cases("storage", "transfers", "jobs", "former"), ids=str)
def test_what_an_operator_reads_and_writes(case: Case) -> None:
    check(lineage_of(case.call), case)


def sources(found: TaskLineage) -> dict[str, list[str] | None]:
    """What each dataset is made of."""
    return {
        str(write.dataset): None if write.sources is None else [str(source) for source in write.sources]
        for write in found.writes
    }


@pytest.mark.parametrize(
    ("call", "made_of"),
    [
        ("GCSToGCSOperator(source_bucket='raw', source_objects=['a.csv', 'b.csv'], destination_bucket='clean')",
         {"gs://clean/a.csv": ["gs://raw/a.csv"], "gs://clean/b.csv": ["gs://raw/b.csv"]}),
        ("GCSToGCSOperator(source_bucket='r', source_objects=['a.csv', 'b.csv'], destination_object='o/')",
         {"gs://r/o": ["gs://r/a.csv", "gs://r/b.csv"]}),
        ("SFTPOperator(ssh_conn_id='ssh_default', local_filepath=['/a', '/b'], remote_filepath=['/c', '/d'])",
         {"file://ssh.example:2222//c": ["file//a"], "file://ssh.example:2222//d": ["file//b"]}),
        ("FTPToS3Operator(ftp_path='/', ftp_filenames=['a', 'b'], s3_bucket='s', s3_key='o/')",
         {"s3://s/o/a": ["file://ftp.example:21//a"], "s3://s/o/b": ["file://ftp.example:21//b"]}),
        ("S3CopyObjectOperator(source_bucket_key='s3://raw/a', dest_bucket_key='s3://clean/a')",
         {"s3://clean/a": ["s3://raw/a"]}),
        ("S3CopyObjectOperator(source_bucket_key='{{ ds }}', dest_bucket_key='s3://clean/a')", {"s3://clean/a": None}),
        ("HttpToS3Operator(endpoint='x', s3_key='s3://clean/a')", {"s3://clean/a": None}),
        ("S3CreateObjectOperator(s3_key='s3://raw/a', data='x')", {"s3://raw/a": []}),
        ("S3CreateObjectOperator(s3_key='s3://raw/a', data=make())", {"s3://raw/a": None}),
        ("SqlToS3Operator(query='select x from a', s3_bucket='s', s3_key='b', sql_conn_id='pg')",
         {"s3://s/b.csv": ["postgres://db.example:5432/shop.public.a"]}),
        ("S3CopyObjectOperator.partial(dest_bucket_key='s3://c/all').expand(source_bucket_key=['s3://r/a', 's3://r/b'])",
         {"s3://c/all": ["s3://r/a", "s3://r/b"]}),
    ],
)  # fmt: skip
def test_what_a_dataset_is_made_of(call: str, made_of: dict[str, list[str] | None]) -> None:
    assert sources(lineage_of(call)) == made_of


@pytest.mark.parametrize(
    ("call", "lifecycle"),
    [
        ("S3DeleteObjectsOperator(bucket='raw', keys='a')", "DROP"),
        ("GCSDeleteObjectsOperator(bucket_name='raw', objects=['a'])", "DROP"),
        ("SFTPOperator(ssh_conn_id='ssh_default', remote_filepath='/a', operation='delete')", "DROP"),
        ("WasbDeleteBlobOperator(container_name='c', blob_name='a')", "DROP"),
        (f"{LOAD}write_disposition='WRITE_TRUNCATE')", "OVERWRITE"),
        (f"{LOAD}write_disposition='WRITE_APPEND')", None),
        ("S3ToRedshiftOperator(table='t', s3_bucket='raw', s3_key='a', method='REPLACE')", "OVERWRITE"),
        ("S3ToRedshiftOperator(table='t', s3_bucket='raw', s3_key='a')", None),
        ("MySqlToHiveOperator(sql='select x from a', hive_table='t')", "OVERWRITE"),
        ("MySqlToHiveOperator(sql='select x from a', hive_table='t', partition={'d': '1'})", None),
        ("S3CreateObjectOperator(s3_key='s3://raw/a', data='x')", None),
    ],
)
def test_what_becomes_of_a_dataset(call: str, lifecycle: str | None) -> None:
    assert [write.lifecycle for write in lineage_of(call).writes] == [lifecycle]


@pytest.mark.parametrize(
    ("arguments", "schema", "columns"),
    [
        (FIELDS, BOTH, {}),
        (f"{FIELDS}, source_format='NEWLINE_DELIMITED_JSON'", BOTH, {"x": ["x"], "y": ["y"]}),
        (f"{FIELDS}, source_format='PARQUET', write_disposition='WRITE_TRUNCATE'", BOTH, {"x": ["x"], "y": ["y"]}),
        (f"{FIELDS}, source_format='AVRO', write_disposition='WRITE_APPEND'", (), {}),
        (f"{FIELDS}, source_format='AVRO', write_disposition=unknown()", (), {}),
        ("schema_fields=unknown(), source_format='AVRO'", (), {}),
        ("schema_fields=[{'name': unknown()}]", (), {}),
        ("autodetect=True", (), {}),
    ],
)
def test_columns_of_a_load_are_told_where_all_of_them_are_known(
    arguments: str, schema: tuple[Column, ...], columns: dict[str, list[str]]
) -> None:
    (write,) = lineage_of(f"{LOAD}{arguments})").writes
    assert write.schema == schema
    assert {name: [source.column for source in found] for name, found in write.columns.items()} == columns


@pytest.mark.parametrize(
    ("call", "columns"),
    [
        ("PostgresToGCSOperator(sql='select x as y from a', bucket='b', filename='f.json')", ["y"]),
        ("PostgresToGCSOperator(sql='select x, z from a', bucket='b', filename='f', exclude_columns={'x'})", []),
        ("SqlToS3Operator(query='select x as y from a', s3_bucket='b', s3_key='k', sql_conn_id='pg')", ["y"]),
        (
            "SqlToS3Operator(query='select x from a', s3_bucket='b', s3_key='k', sql_conn_id='pg', "
            "df_kwargs={'header': ['q']})",
            [],
        ),
    ],
)
def test_columns_of_a_query_keep_their_names_unless_the_operator_is_told_otherwise(
    call: str, columns: list[str]
) -> None:
    (write,) = lineage_of(call).writes
    assert list(write.columns) == columns


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "KubernetesPodOperator(image='etl:1')",
            "what the image `etl:1` reads and writes can't be told from the DAG file",
        ),
        ("EmrAddStepsOperator(steps=[{'Name': 'count'}])", "the EMR step"),
        ("DynamoDBToS3Operator(dynamodb_table_name='t', s3_bucket_name='b')", "the DynamoDB table `t` has no form"),
        ("HttpOperator(endpoint='x')", "the HTTP API of the connection `http_default` has no form"),
        ("LocalFilesystemToS3Operator(filename='a.csv', dest_key='s3://b/a')", "`a.csv` is relative"),
        ("S3DeleteObjectsOperator(bucket='raw', prefix='old')", "which objects of `raw` begin with `old`"),
        ("S3ReadObjectOperator(s3_key='a.csv')", "`a.csv` isn't the URL of an S3 object"),
        ("S3ReadObjectOperator(s3_bucket='raw')", "`s3_key` isn't set"),
        (
            "SFTPToS3Operator(sftp_path='/a', s3_bucket='b', s3_key='c', sftp_conn_id='nowhere')",
            "`nowhere` isn't given",
        ),
    ],
)
def test_a_gap_says_what_is_missing(call: str, message: str) -> None:
    assert any(message in gap.message for gap in lineage_of(call).gaps)


@pytest.mark.parametrize(
    "call",
    [
        "S3ReadObjectOperator(s3_key='https://me:hunter2@example.com/a')",
        "GoogleApiToS3Operator(google_api_service_name='x', s3_destination_key='ftp://me:hunter2@example.com/a')",
        "S3FileTransformOperator(source_s3_key='s3://key:hunter2@raw/a', dest_s3_key='s3://clean/a')",
        "BigQueryToGCSOperator(source_project_dataset_table='d.t', destination_cloud_storage_uris=['gs://u:hunter2@b/a'])",
        "FTPToS3Operator(ftp_path='ftp://u:hunter2@h/', ftp_filenames='*', s3_bucket='b', s3_key='s3://u:hunter2@b/')",
        "DynamoDBToS3Operator(dynamodb_table_name='https://u:hunter2@h/t', s3_bucket_name='b')",
        "FileTransferOperator(src='sftp://me:hunter2@example.com/a', dst='s3://key:hunter2@bucket/a')",
        "SSHOperator(ssh_conn_id='ssh_default', command='mysql -phunter2 shop')",
        "BashOperator(bash_command='TOKEN=hunter2 load')",
        "SparkSubmitOperator(application='https://me:hunter2@example.com/etl.py')",
    ],
)
def test_a_secret_is_shown_nowhere(call: str) -> None:
    found = lineage_of(call)
    assert found.gaps or found.reads
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("path", "name"),
    # Those of Airflow's own documentation of the rule, and some more.
    [
        ("/dir/file.*", "dir"), ("/dir/pre_", "dir"), ("/dir/file.txt", "dir/file.txt"), ("/dir/file.", "dir"),
        ("/dir/", "dir"), ("", "/"), ("/", "/"), (".", "/"), ("a", "/"), ("a.csv", "a.csv"), ("a/b/*.csv", "a/b"),
        ("a.b/c", "a.b"), ("*", "/"), ("a/*/b.csv", "a"), ("a/b*c/d.csv", "a"),
    ],
)  # fmt: skip
def test_objects_of_a_pattern_are_named_by_their_folder(path: str, name: str) -> None:
    assert directory_of(path) == name


@given(st.text(alphabet="ab/.*", max_size=12))
def test_a_folder_is_named_by_itself(path: str) -> None:
    name = directory_of(path)
    assert "*" not in name
    assert name == "/" or not (name.startswith("/") or name.endswith("/"))
    assert directory_of(f"{name}/") == name


@pytest.mark.parametrize(
    ("arguments", "lifecycle"),
    [
        ("source_object='a.csv', move_object=True", {"gs://raw/a.csv": "DROP"}),
        ("source_object='in/*.csv', move_object=True", {"gs://raw/in": None}),
        ("source_objects=['a.csv', 'in/'], move_object=True", {"gs://raw/a.csv": "DROP", "gs://raw/in": None}),
        ("source_object='prefix', move_object=True", {"gs://raw//": None}),
        ("source_object='a.csv', move_object=False", {}),
        ("source_object='a.csv'", {}),
    ],
)
def test_what_is_moved_is_gone(arguments: str, lifecycle: dict[str, str | None]) -> None:
    found = lineage_of(f"GCSToGCSOperator(source_bucket='raw', destination_bucket='clean', {arguments})")
    assert found.state("outputs") == "resolved"
    assert {str(one.dataset): one.lifecycle for one in found.writes if one.dataset.namespace == "gs://raw"} == lifecycle
