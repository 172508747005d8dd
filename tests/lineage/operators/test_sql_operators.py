"""SQL operators and warehouses: what each reads and writes, by the rows of ``cases/*.txt``."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.workspace import Workspace
from dagport_lineage.model import Column
from tests.lineage.operators.sql_cases import DEPLOYMENT, Case, cases, check, lineage_of
from tests.lineage.support import lineage, tasks

B = "{'projectId': 'proj', 'datasetId': 'd', 'tableId': 'b'}"


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/load.sql").write_text("insert into b\nselect x from a")
    (tmp_path / "dags/rendered.sql").write_text("select 1 from {{ params.table }}")
    return Workspace(tmp_path)


@pytest.mark.parametrize("case", cases("sql", "bigquery", "warehouses", "mapped"), ids=str)
def test_what_an_operator_reads_and_writes(case: Case, project: Workspace) -> None:
    check(lineage_of(case.call, project), case)


def test_the_rows_of_a_query_keep_their_columns() -> None:
    query = f"'query': 'select x as y from d.a', 'destinationTable': {B}, 'writeDisposition': 'WRITE_TRUNCATE'"
    (write,) = lineage_of(f"BigQueryInsertJobOperator(configuration={{'query': {{{query}}}}})").writes
    assert write.lifecycle == "OVERWRITE"
    assert {name: [source.column for source in sources] for name, sources in write.columns.items()} == {"y": ["x"]}


def test_a_load_has_the_schema_that_it_is_given() -> None:
    schema = "'schema': {'fields': [{'name': 'x', 'type': 'STRING'}]}"
    load = f"'sourceUris': ['gs://raw/a.csv'], 'destinationTable': {B}, {schema}"
    (write,) = lineage_of(f"BigQueryInsertJobOperator(configuration={{'load': {{{load}}}}})").writes
    assert write.schema == (Column(name="x", type="STRING"),)
    assert [str(source) for source in write.sources or ()] == ["gs://raw/a.csv"]


@pytest.mark.parametrize(
    ("call", "lifecycle"),
    [
        ("BigQueryCreateTableOperator(dataset_id='d', table_id='b', table_resource={})", "CREATE"),
        ("BigQueryUpdateTableSchemaOperator(dataset_id='d', table_id='b', schema_fields_updates=[])", "ALTER"),
        ("BigQueryDeleteTableOperator(deletion_dataset_table='d.b')", "DROP"),
        ("BigQueryUpsertTableOperator(dataset_id='d', table_resource={'tableReference': {'tableId': 'b'}})", None),
    ],
)
def test_what_becomes_of_a_table(call: str, lifecycle: str | None) -> None:
    assert [write.lifecycle for write in lineage_of(call).writes] == [lifecycle]


@pytest.mark.parametrize(
    ("call", "sources"),
    [
        ("SQLInsertRowsOperator(conn_id='pg', table_name='b', rows=[[1]])", ()),
        ("SQLInsertRowsOperator(conn_id='pg', table_name='b', rows=make())", None),
        ("GenericTransfer(sql=unknown(), source_conn_id='pg', destination_conn_id='pg', destination_table='b')", None),
    ],
)
def test_what_a_table_is_made_of_is_told_only_where_all_of_it_is_known(call: str, sources: tuple[()] | None) -> None:
    assert [write.sources for write in lineage_of(call).writes] == [sources]


def test_the_query_of_a_check_is_ours_and_not_shown() -> None:
    assert lineage_of("SQLTableCheckOperator(conn_id='pg', table='a', checks={})").sql == ()
    assert lineage_of("SQLCheckOperator(conn_id='pg', sql='select 1')").sql


def test_sql_of_a_file_is_placed_there(project: Workspace) -> None:
    (read,) = lineage_of("SQLCheckOperator(conn_id='pg', sql='rendered.sql', params={'table': 'a'})", project).reads
    assert read.place is not None
    assert read.place.path == "dags/rendered.sql"


DECORATED = """
from airflow.sdk import DAG, task
with DAG("shop") as dag:
    @task.sql(conn_id="pg")
    def t():
        {body}
    t()
"""


@pytest.mark.parametrize(
    ("body", "case"),
    [
        ("return 'insert into b select x from a'", Case(call="", reads="pg:shop.public.a", writes="pg:shop.public.b")),
        ("'''What it does.'''; return ['delete from b', 'delete from c']",
         Case(call="", writes="pg:shop.public.b pg:shop.public.c")),
        ("return 'delete from {{ dag.dag_id }}'", Case(call="", writes="pg:shop.public.shop")),
        ("return f'delete from {1}'", Case(call="", gaps="both callable, both runtime")),
        ("return ['delete from b', str(1)]", Case(call="", gaps="both callable, both runtime")),
        ("x = 'delete from b'; return x", Case(call="", gaps="both callable, both runtime")),
        ("return ('delete from b' if dag else '')", Case(call="", gaps="both callable, both runtime")),
    ],
)  # fmt: skip
def test_the_sql_that_a_function_returns_is_read_where_it_is_a_plain_text(body: str, case: Case) -> None:
    check(tasks(lineage(DECORATED.format(body=body), DEPLOYMENT))["t"], case)


@pytest.mark.parametrize(
    ("call", "query"),
    [
        ("sql='select {{ params.x }}', params={'x': 1}", "select {{ params.x }}"),
        ("sql=['select 1;', 'select 2 -- two', 'select 3']", "select 1;\nselect 2 -- two\n;\nselect 3"),
        ("sql='rendered.sql', params={'table': 'a'}", "select 1 from {{ params.table }}"),
    ],
)
def test_sql_is_kept_as_the_source_writes_it(call: str, query: str, project: Workspace) -> None:
    found = lineage_of(f"SQLExecuteQueryOperator(conn_id='pg', {call})", project)
    assert [(sql.query, sql.dialect) for sql in found.sql] == [(query, "postgres")]


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("select x, y + 1 as z from s.a", {"X": {"X"}, "Z": {"Y"}}),
        ("select x from s.a;", {"X": {"X"}}),
        ("with q as (select x from s.a) select x as w from q", {"W": {"X"}}),
        ("select * from s.a", {}),
        ("select x from s.a; select y from s.a", {}),
        ('select x as "two words" from s.a', {}),
        ("select x from s.a, s.c", {}),
        ("delete from s.a", {}),
    ],
)
def test_rows_that_are_moved_by_name_keep_their_columns(query: str, columns: dict[str, set[str]]) -> None:
    more = (
        "oracle_source_conn_id='oracle_default', oracle_destination_conn_id='oracle_default', destination_table='s.b'"
    )
    writes = lineage_of(f"OracleToOracleOperator(source_sql={query!r}, {more})").writes
    (write,) = [write for write in writes if write.dataset.name == "ORCL.S.B"]
    assert {name: {source.column for source in sources} for name, sources in write.columns.items()} == columns
    assert "dagport_rows" not in repr(writes).lower()


@pytest.mark.parametrize(
    ("call", "columns"),
    [
        ("PostgresToGCSOperator(sql='select x as y from a', bucket='b', filename='f.csv')", {"y": ["x"]}),
        ("SqlToS3Operator(query='select X from a', s3_bucket='b', s3_key='k.csv', sql_conn_id='pg')", {"x": ["x"]}),
        ("SqlToS3Operator(query='select X from m.s.a', s3_bucket='b', s3_key='k', sql_conn_id='databricks_default')",
         {}),
        ("BigQueryInsertJobOperator(configuration={'query': {'query': 'select x from `proj.d.a`; select 1', "
         "'destinationTable': {'projectId': 'proj', 'datasetId': 'd', 'tableId': 'b'}}})", {}),
        ("TrinoToMySqlOperator(sql='select x from a', mysql_table='b')", {}),  # by position
        ("DatabricksSqlOperator(sql='select x from a', catalog='main', output_path='gs://b/f.csv')", {}),
    ],
)  # fmt: skip
def test_files_have_the_columns_of_the_query(call: str, columns: dict[str, list[str]]) -> None:
    (write,) = lineage_of(call).writes
    assert {name: [source.column for source in sources] for name, sources in write.columns.items()} == columns


@pytest.mark.parametrize(
    "call",
    [
        "DuckDBExecuteQueryOperator(sql='select 1 from a', database='md:shop?motherduck_token=hunter2')",
        "BigQueryInsertJobOperator(configuration='postgres://user:hunter2@host/db')",
        "BigQueryDeleteTableOperator(deletion_dataset_table='postgres://user:hunter2@host/db')",
        "S3ToTeradataOperator(s3_source_key='s3://key:hunter2@bucket/x', teradata_table='b')",
        "SQLBulkLoadOperator(conn_id='pg', table='postgres://user:hunter2@host/db', tmp_file='x')",
    ],
)
def test_no_secret_of_an_argument_is_told(call: str) -> None:
    assert "hunter2" not in repr(lineage_of(call))
