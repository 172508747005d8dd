"""Datasets of paths and addresses that functions of libraries take."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.domain import (
    Data,
    Entries,
    Handle,
    Items,
    Known,
    Lost,
    Origins,
    Value,
    origins_of,
    union,
)
from dagport_lineage.extract.callables.site import Site
from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming import storage, uris

BUFFERS = frozenset({
    "files.buffer", "files.file", "files.scratch", "http.response", "boto3.body", "boto3.response", "data.archive",
    "pyarrow.filesystem", "models.object", "numpy.array", "pandas.frame", "polars.frame", "pyarrow.table",
})  # fmt: skip
"""Handles that stand for data which was taken from elsewhere: reading them reads no other dataset."""

PATTERN = re.compile(r"[*?\[{]")
ENDPOINT = re.compile(r"endpoint|client_kwargs|config_kwargs|url|fs", re.IGNORECASE)
PLAIN = re.compile(r"[\w./ -]*")
OBJECT_STORES = {"s3": storage.s3, "s3a": storage.s3, "s3n": storage.s3, "gs": storage.gcs, "gcs": storage.gcs}
DEVICES = "/dev/"  # what lies there isn't kept


def located(text: str) -> DatasetName | Unresolved:
    """The dataset of a path or URI as pandas, ``open`` or fsspec take it."""
    if PATTERN.search(text):
        return Unresolved("name", f"{shown(text)} is a pattern: which files it stands for is decided in a run")
    if "::" in text:
        return Unresolved("name", f"{shown(text)} is a chain of addresses")
    scheme, mark, rest = text.partition("://")
    if not mark:
        return file(text)
    store = OBJECT_STORES.get(scheme.lower())
    if store is not None:
        bucket, _, key = rest.partition("/")
        if not bucket or "@" in bucket or "?" in rest or "#" in rest:
            return Unresolved("name", f"{shown(text)} isn't `{scheme}://bucket/key`")
        return store(bucket, key)
    if scheme.lower() in ("http", "https", "ftp"):
        return Unresolved("name", f"an address of the web, {_host(text)}, has no name as a dataset")
    if scheme.lower() == "file":
        return file(rest) if rest.startswith("/") else uris.uri_dataset(text)
    return uris.uri_dataset(text)


def is_elsewhere(site: Site) -> bool:
    """Whether an address may mean a store of somebody else's: the call names its own endpoint, or may.

    A bucket of the same name there is another one (MinIO and others speak S3, too).
    """
    endpoint, options = site.kwargs.get("endpoint_url"), site.kwargs.get("storage_options")
    if endpoint is not None and not _is_none(endpoint):
        return True
    if options is None or _is_none(options):
        return False
    known = as_data(options)
    entries = known.entries if isinstance(known, Entries) else None
    return entries is None or any(ENDPOINT.search(name) for name in entries)


def _unless_elsewhere(site: Site, found: DatasetName | Unresolved | None) -> DatasetName | Unresolved | None:
    if not isinstance(found, DatasetName) or found.namespace == "file" or not is_elsewhere(site):
        return found
    return Unresolved(
        "name", f"`{site.text}` names an endpoint or options of its own, so where `{found}` lies isn't known"
    )


def _is_none(value: Value) -> bool:
    return isinstance(value, Known) and value.value is None


def file(text: str) -> DatasetName | Unresolved:
    """A path on the machine that the task runs on."""
    if text.startswith("~") or re.search(r"(^|/)\.\.(/|$)", text):
        return Unresolved("name", f"where {shown(text)} leads isn't known")
    if not text.startswith("/") and not storage.DRIVE.match(text):
        return Unresolved("name", f"{shown(text)} is relative: the folder that it starts from isn't known")
    return storage.file(text)


def shown(text: str) -> str:
    """A path in a message, where it holds no more than a path."""
    return f"`{text}`" if PLAIN.fullmatch(text) and len(text) < 200 else "a path"


def _host(text: str) -> str:
    try:
        return f"`{urlsplit(text).hostname or ''}`"
    except ValueError:
        return "that isn't one"


def dataset_of(site: Site, value: Value, what: str) -> DatasetName | Unresolved | None:
    """The dataset that an argument says; ``None`` where it isn't one: a buffer, or what is gone when the task ends."""
    value = as_data(value)
    if isinstance(value, Known):
        if isinstance(value.value, str):
            return None if value.value.startswith(DEVICES) else located(value.value)
        return None if value.value is None else Unresolved("opaque", f"{what} isn't a text")
    if isinstance(value, Handle):
        return _of_handle(value, what)
    if isinstance(value, Data) and value.why is not None:
        return Unresolved(value.why.reason, f"{what}: {value.why.message}")
    return Unresolved("opaque", f"{what} isn't known")


def _of_handle(value: Handle, what: str) -> DatasetName | Unresolved | None:
    if value.kind in BUFFERS:
        return None
    if value.kind == "files.path" and isinstance(value.data, str):
        return located(value.data)
    if isinstance(value.data, Unresolved):
        return Unresolved(value.data.reason, f"{what}: {value.data.message}")
    if isinstance(value.data, DatasetName):
        return value.data
    return Unresolved("opaque", f"{what} isn't known")


def read(site: Site, value: Value, what: str | None = None) -> Origins:
    """Note that an argument's data is read; what the result is made of."""
    value = as_data(value)
    what = what or f"what `{site.text}` reads"
    if isinstance(value, Items) and value.items is not None:
        return union([read(site, item, what) for item in value.items])
    if isinstance(value, Lost):
        return None
    found = _unless_elsewhere(site, dataset_of(site, value, what))
    return origins_of(value) if found is None else site.read(found)


def write(site: Site, value: Value, origins: Origins, what: str | None = None) -> None:
    """Note that an argument's place is written."""
    value = as_data(value)
    if isinstance(value, Lost):
        return
    found = _unless_elsewhere(site, dataset_of(site, value, what or f"what `{site.text}` writes"))
    if found is not None:
        site.write(found, origins)
