"""fsspec, its file systems for S3 and GCS, smart_open and universal_pathlib."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Known, Value, origins_of
from dagport_lineage.extract.callables.libraries.files import open_file, opened, removed
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing

SYSTEM = "fsspec.system"
PROTOCOLS = {"s3": "s3://", "s3a": "s3://", "gs": "gs://", "gcs": "gs://", "file": "", "local": ""}


def _open(mode: str) -> Rule:
    def rule(site: Site) -> Value:
        return open_file(site, default=mode)

    return rule


def _system(protocol: str | None = None) -> Rule:
    def rule(site: Site) -> Value:
        name = protocol or site.text_arg(0, "protocol")
        return Handle(SYSTEM, PROTOCOLS[name]) if name in PROTOCOLS else site.unknown()

    return rule


def _address(site: Site, value: Value) -> Value:
    """A path of a file system as an address; it may have its scheme already."""
    value = as_data(value)
    if isinstance(value, Known) and isinstance(value.value, str):
        text: str = value.value
        return (
            value if "://" in text else Known(site.handle.data + (text if not site.handle.data else text.lstrip("/")))
        )
    return value


def _open_in(site: Site) -> Value:
    return opened(site, _address(site, site.arg(0, "path")), site.arg(1, "mode", Known("rb")))


def _read(site: Site) -> Value:
    return Data(None, locations.read(site, _address(site, site.arg(0, "path"))))


def _write(site: Site) -> Value:
    locations.write(site, _address(site, site.arg(0, "path")), origins_of(site.arg(1, "value")))
    return NONE


def _put(site: Site) -> Value:
    locations.write(site, _address(site, site.arg(1, "rpath")), locations.read(site, site.arg(0, "lpath")))
    return NONE


def _get(site: Site) -> Value:
    locations.write(site, site.arg(1, "lpath"), locations.read(site, _address(site, site.arg(0, "rpath"))))
    return NONE


def _remove(site: Site) -> Value:
    removed(site, _address(site, site.arg(0, "path")))
    return NONE


FUNCTIONS: dict[str, Rule] = {
    "smart_open.open": _open("r"),
    "fsspec.open": _open("rb"),
    "fsspec.filesystem": _system(),
    "s3fs.S3FileSystem": _system("s3"),
    "gcsfs.GCSFileSystem": _system("gcs"),
}

KINDS = {
    SYSTEM: Kind(
        methods={
            "open": _open_in,
            "cat": _read,
            "cat_file": _read,
            "read_text": _read,
            "read_bytes": _read,
            "write_text": _write,
            "write_bytes": _write,
            "pipe_file": _write,
            "put": _put,
            "put_file": _put,
            "upload": _put,
            "get": _get,
            "get_file": _get,
            "download": _get,
            "rm_file": _remove,
            "makedirs": nothing,
            "mkdir": nothing,
        },
        pure=frozenset({"exists", "ls", "glob", "find", "isfile", "isdir", "info", "size", "invalidate_cache"}),
    ),
}
