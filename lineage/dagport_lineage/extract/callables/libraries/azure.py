"""Clients of Azure Blob Storage. A connection string isn't looked at: it holds a key."""

from __future__ import annotations

from urllib.parse import urlsplit

from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Known, Value, origins_of
from dagport_lineage.extract.callables.libraries.object_hooks import known_text
from dagport_lineage.extract.callables.site import Kind, Rule, Site, pure
from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming import storage

SERVICE, CONTAINER, BLOB = "azure.service", "azure.container", "azure.blob"
HOST = ".blob.core.windows.net"
UNKNOWN = Unresolved("connection", "the storage account isn't known")


def _account(value: Value) -> str | Unresolved:
    """The account of ``https://account.blob.core.windows.net``."""
    value = as_data(value)
    if not isinstance(value, Known) or not isinstance(value.value, str):
        return value.why if isinstance(value, Data) and value.why is not None else UNKNOWN
    try:
        host = urlsplit(value.value).hostname or ""
    except ValueError:
        return UNKNOWN
    return host.removesuffix(HOST) if host.endswith(HOST) else UNKNOWN


def _service(site: Site) -> Value:
    return Handle(SERVICE, _account(site.arg(0, "account_url")))


def _from_text(kind: str) -> Rule:
    return lambda site: Handle(kind, UNKNOWN)


def _container(site: Site) -> Value:
    account, name = site.handle.data, known_text(site.arg(0, "container"), "the container")
    bad = next((item for item in (account, name) if isinstance(item, Unresolved)), None)
    return Handle(CONTAINER, bad or (account, name))


def _blob(site: Site) -> Value:
    if site.handle.kind == SERVICE:
        account, container = site.handle.data, known_text(site.arg(0, "container"), "the container")
        path = known_text(site.arg(1, "blob"), "the blob")
    else:
        known = site.handle.data
        account, container = known if isinstance(known, tuple) else (known, "")
        path = known_text(site.arg(0, "blob"), "the blob")
    return Handle(BLOB, _named(account, container, path))


def _named(account: str | Unresolved, container: str | Unresolved, path: str | Unresolved) -> DatasetName | Unresolved:
    if isinstance(account, Unresolved):
        return account
    if isinstance(container, Unresolved):
        return container
    return path if isinstance(path, Unresolved) else storage.azure(container, account, path)


def _upload(site: Site) -> Value:
    site.write(site.handle.data, origins_of(site.arg(0, "data")))
    return Data()


def _upload_named(site: Site) -> Value:
    known = site.handle.data
    account, container = known if isinstance(known, tuple) else (known, "")
    site.write(_named(account, container, known_text(site.arg(0, "name"), "the blob")), origins_of(site.arg(1, "data")))
    return Data()


def _download(site: Site) -> Value:
    return Handle("http.response", None, site.read(site.handle.data))


def _delete(site: Site) -> Value:
    site.write(site.handle.data, frozenset(), "DROP")
    return NONE


PACKAGE = "azure.storage.blob"
FUNCTIONS: dict[str, Rule] = {
    f"{PACKAGE}.BlobServiceClient": _service,
    f"{PACKAGE}.BlobServiceClient.from_connection_string": _from_text(SERVICE),
    f"{PACKAGE}.ContainerClient.from_connection_string": _from_text(CONTAINER),
    f"{PACKAGE}.BlobClient.from_connection_string": _from_text(BLOB),
    "azure.identity.DefaultAzureCredential": pure,
}
KINDS = {
    SERVICE: Kind(methods={"get_blob_client": _blob, "get_container_client": _container}),
    CONTAINER: Kind(
        methods={"get_blob_client": _blob, "upload_blob": _upload_named},
        pure=frozenset({"list_blobs", "exists", "close"}),
    ),
    BLOB: Kind(
        methods={"upload_blob": _upload, "download_blob": _download, "delete_blob": _delete},
        pure=frozenset({"exists", "get_blob_properties", "close"}),
    ),
}
