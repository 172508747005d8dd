"""Clients of Google Cloud Storage and BigQuery."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.databases import bigquery_database, execute
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Known, Value, origins_of
from dagport_lineage.extract.callables.libraries.object_hooks import gcs_object, known_text
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing, opener, pure
from dagport_lineage.model import DatasetName, Unresolved

STORAGE, BUCKET, BLOB = "google.storage", "google.bucket", "google.blob"
BIGQUERY, JOB = "google.bigquery", "google.job"


def _bucket(site: Site) -> Value:
    return Handle(BUCKET, known_text(site.arg(0, "bucket_name"), "the bucket"))


def _blob(site: Site) -> Value:
    bucket = site.handle.data
    return Handle(
        BLOB, bucket if isinstance(bucket, Unresolved) else gcs_object(Known(bucket), site.arg(0, "blob_name"))
    )


def _upload(site: Site) -> Value:
    site.write(site.handle.data, locations.read(site, site.arg(0, "filename")))
    return NONE


def _upload_text(site: Site) -> Value:
    site.write(site.handle.data, origins_of(site.arg(0, "data")))
    return NONE


def _download(site: Site) -> Value:
    locations.write(site, site.arg(0, "filename"), site.read(site.handle.data))
    return NONE


def _download_text(site: Site) -> Value:
    return Data(None, site.read(site.handle.data))


def _open(site: Site) -> Value:
    from dagport_lineage.extract.callables.libraries.files import open_file

    return open_file(site, path=site.handle, mode_at=0)


def _delete(site: Site) -> Value:
    site.write(site.handle.data, frozenset(), "DROP")
    return NONE


# BigQuery


def _client(site: Site) -> Value:
    """A client without a project has the one of its credentials."""
    project = as_data(site.arg(0, "project"))
    return Handle(BIGQUERY, project.value if isinstance(project, Known) and isinstance(project.value, str) else None)


def _query(site: Site) -> Value:
    if site.has(1, "job_config"):
        site.gap("both", "callable", f"what the configuration of `{site.text}` says isn't followed")
    return Handle(JOB, None, execute(site, site.arg(0, "query"), bigquery_database(site.handle.data)))


def _table(site: Site, value: Value) -> DatasetName | Unresolved:
    """A table given by its id, ``dataset.table`` or ``project.dataset.table``."""
    name = known_text(value, "the table")
    if isinstance(name, Unresolved):
        return name
    parts = name.split(".")
    if len(parts) not in (2, 3) or not all(parts) or "$" in name or "*" in name:
        return Unresolved("name", "the table isn't `project.dataset.table`")
    return bigquery_database(site.handle.data).dataset(parts)


def _load_frame(site: Site) -> Value:
    site.write(_table(site, site.arg(1, "destination")), origins_of(site.arg(0, "dataframe")))
    return Handle(JOB, None, None)


def _load_uri(site: Site) -> Value:
    origins = locations.read(site, site.arg(0, "source_uris"))
    site.write(_table(site, site.arg(1, "destination")), origins)
    return Handle(JOB, None, None)


def _extract(site: Site) -> Value:
    origins = site.read(_table(site, site.arg(0, "source")))
    locations.write(site, site.arg(1, "destination_uris"), origins)
    return Handle(JOB, None, None)


def _insert(site: Site) -> Value:
    site.write(_table(site, site.arg(0, "table")), origins_of(site.arg(1, "json_rows")))
    return Data()


def _delete_table(site: Site) -> Value:
    site.write(_table(site, site.arg(0, "table")), frozenset(), "DROP")
    return NONE


def _frame(site: Site) -> Value:
    return Handle("pandas.frame", None, site.handle.origins)


FUNCTIONS: dict[str, Rule] = {
    "google.cloud.storage.Client": opener(STORAGE),
    "google.cloud.bigquery.Client": _client,
    **{
        f"google.cloud.bigquery.{name}": pure
        for name in ("SchemaField", "LoadJobConfig", "WriteDisposition", "SourceFormat")
    },
}

KINDS = {
    STORAGE: Kind(
        methods={"bucket": _bucket, "get_bucket": _bucket}, pure=frozenset({"list_blobs", "list_buckets", "close"})
    ),
    BUCKET: Kind(methods={"blob": _blob, "get_blob": _blob}, pure=frozenset({"exists", "list_blobs"})),
    BLOB: Kind(
        methods={
            "upload_from_filename": _upload,
            "upload_from_string": _upload_text,
            "upload_from_file": _upload_text,
            "download_to_filename": _download,
            "download_as_text": _download_text,
            "download_as_bytes": _download_text,
            "download_as_string": _download_text,
            "open": _open,
            "delete": _delete,
            "reload": nothing,
        },
        pure=frozenset({"exists"}),
        assignable=True,
    ),
    BIGQUERY: Kind(
        methods={
            "query": _query,
            "query_and_wait": _query,
            "load_table_from_dataframe": _load_frame,
            "load_table_from_uri": _load_uri,
            "extract_table": _extract,
            "insert_rows_json": _insert,
            "delete_table": _delete_table,
            "close": nothing,
        },
        pure=frozenset({"get_table", "list_tables", "list_datasets", "get_dataset"}),
    ),
    JOB: Kind(
        methods={"to_dataframe": _frame},
        same=frozenset({"result"}),
        pure=frozenset({"done", "exists", "reload"}),
        has_fields=True,
        iterated=lambda handle: Data(None, handle.origins),
    ),
}
