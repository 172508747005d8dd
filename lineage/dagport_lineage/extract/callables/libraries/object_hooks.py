"""Hooks of Airflow's providers for object stores, and ``ObjectStoragePath``."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Items, Known, Origins, Value, origins_of
from dagport_lineage.extract.callables.libraries import paths
from dagport_lineage.extract.callables.site import Kind, Rule, Site, opener
from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming import storage

S3, GCS = "airflow.s3", "airflow.gcs"


def known_text(value: Value, what: str) -> str | Unresolved:
    """The text of an argument."""
    value = as_data(value)
    if isinstance(value, Known) and isinstance(value.value, str) and value.value:
        return value.value
    if isinstance(value, Data) and value.why is not None:
        return Unresolved(value.why.reason, f"{what}: {value.why.message}")
    return Unresolved("opaque", f"{what} isn't known")


def s3_object(bucket: Value, key: Value) -> DatasetName | Unresolved:
    """An object by its bucket and key; a key that is a whole ``s3://`` address says both."""
    name = known_text(key, "the key")
    if isinstance(name, str) and name.startswith("s3://"):
        return locations.located(name)
    place = known_text(bucket, "the bucket")
    if isinstance(place, Unresolved) or isinstance(name, Unresolved):
        return place if isinstance(place, Unresolved) else name  # type: ignore[return-value]
    return storage.s3(place, name)


def gcs_object(bucket: Value, name: Value) -> DatasetName | Unresolved:
    """An object by its bucket and name."""
    place, key = known_text(bucket, "the bucket"), known_text(name, "the name of the object")
    if isinstance(place, Unresolved):
        return place
    return key if isinstance(key, Unresolved) else storage.gcs(place, key)


# S3


def _s3_read(key: int, bucket: int) -> Rule:
    def rule(site: Site) -> Value:
        origins = site.read(s3_object(site.arg(bucket, "bucket_name"), site.arg(key, "key")))
        return Data(None, origins)

    return rule


def _s3_get(site: Site) -> Value:
    site.read(s3_object(site.arg(1, "bucket_name"), site.arg(0, "key")))
    return Handle("boto3.response")


def _s3_write(data: str, key: int = 1, bucket: int = 2) -> Rule:
    def rule(site: Site) -> Value:
        payload = site.arg(0, data)
        origins: Origins = origins_of(payload)
        if data == "filename":
            origins = locations.read(site, payload)
        site.write(s3_object(site.arg(bucket, "bucket_name"), site.arg(key, "key")), origins)
        return NONE

    return rule


def _s3_copy(site: Site) -> Value:
    source = s3_object(site.arg(2, "source_bucket_name"), site.arg(0, "source_bucket_key"))
    target = s3_object(site.arg(3, "dest_bucket_name"), site.arg(1, "dest_bucket_key"))
    site.write(target, site.read(source))
    return NONE


def _s3_delete(site: Site) -> Value:
    keys = as_data(site.arg(1, "keys"))
    for key in keys.items if isinstance(keys, Items) and keys.items is not None else [keys]:
        site.write(s3_object(site.arg(0, "bucket"), key), frozenset(), "DROP")
    return NONE


def _s3_download(site: Site) -> Value:
    """The file lies in a folder of its own making."""
    site.read(s3_object(site.arg(1, "bucket_name"), site.arg(0, "key")))
    if site.has(2, "local_path"):
        site.gap("outputs", "name", f"`{site.text}` makes up the name of the file")
    return Handle(paths.SCRATCH)


# GCS


def _gcs_download(site: Site) -> Value:
    origins = site.read(gcs_object(site.arg(0, "bucket_name"), site.arg(1, "object_name")))
    target = site.arg(2, "filename")
    if not (isinstance(target, Known) and target.value is None):
        locations.write(site, target, origins)
    return Data(None, origins)


def _gcs_upload(site: Site) -> Value:
    path, data = site.arg(2, "filename"), site.arg(3, "data")
    origins = origins_of(data)
    if not (isinstance(path, Known) and path.value is None):
        origins = locations.read(site, path)
    site.write(gcs_object(site.arg(0, "bucket_name"), site.arg(1, "object_name")), origins)
    return NONE


def _gcs_copy() -> Rule:
    def rule(site: Site) -> Value:
        source = gcs_object(site.arg(0, "source_bucket"), site.arg(1, "source_object"))
        bucket, name = site.arg(2, "destination_bucket"), site.arg(3, "destination_object")
        if isinstance(bucket, Known) and bucket.value is None:
            bucket = site.arg(0, "source_bucket")
        if isinstance(name, Known) and name.value is None:
            name = site.arg(1, "source_object")
        site.write(gcs_object(bucket, name), site.read(source))
        return NONE

    return rule


def _gcs_delete(site: Site) -> Value:
    site.write(gcs_object(site.arg(0, "bucket_name"), site.arg(1, "object_name")), frozenset(), "DROP")
    return NONE


# Object storage paths


def _object_path(site: Site) -> Value:
    value = as_data(site.arg(0))
    if len(site.args) != 1 or site.is_open or not isinstance(value, Known) or not isinstance(value.value, str):
        return Handle(paths.PATH, Unresolved("opaque", "the path isn't known"))
    scheme, mark, rest = value.value.partition("://")
    if mark:  # the connection may stand before the bucket
        place, slash, key = rest.partition("/")
        return Handle(paths.PATH, f"{scheme}://{place.rpartition('@')[2]}{slash}{key}")
    return paths.path_of(value)


FUNCTIONS: dict[str, Rule] = {
    "airflow:S3Hook": opener(S3),
    "airflow:GCSHook": opener(GCS),
    "airflow:ObjectStoragePath": _object_path,
}

KINDS = {
    S3: Kind(
        methods={
            "read_key": _s3_read(0, 1),
            "get_key": _s3_get,
            "load_file": _s3_write("filename"),
            "load_string": _s3_write("string_data"),
            "load_bytes": _s3_write("bytes_data"),
            "load_file_obj": _s3_write("file_obj"),
            "copy_object": _s3_copy,
            "delete_objects": _s3_delete,
            "download_file": _s3_download,
            "get_conn": opener("boto3.s3"),
            "get_client_type": opener("boto3.s3"),
        },
        pure=frozenset(
            {"check_for_key", "check_for_bucket", "list_keys", "list_prefixes", "check_for_prefix", "head_object"}
        ),
    ),
    GCS: Kind(
        methods={
            "download": _gcs_download,
            "upload": _gcs_upload,
            "copy": _gcs_copy(),
            "rewrite": _gcs_copy(),
            "delete": _gcs_delete,
            "get_conn": opener("google.storage"),
        },
        pure=frozenset({"exists", "list", "get_size", "get_crc32c", "get_md5hash", "is_updated_after"}),
    ),
}
