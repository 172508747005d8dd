"""Archives, and formats of data whose functions take files that were opened elsewhere."""

from __future__ import annotations

from dagport_lineage.extract.callables.domain import Data, Foreign, Handle, Known, Value
from dagport_lineage.extract.callables.libraries.files import opened
from dagport_lineage.extract.callables.site import Kind, Rule, Site, pure

ARCHIVE, ROWS = "data.archive", "data.rows"


def _archive(site: Site) -> Value:
    opened(site, site.arg(0), site.arg(1, "mode", Known("r")))
    return Handle(ARCHIVE, None, None)


def _unpacked(site: Site) -> Value:
    site.gap("outputs", "name", f"`{site.text}` unpacks files whose names aren't known")
    return Data(None, None)


def _packed(site: Site) -> Value:
    from dagport_lineage.extract.callables import locations

    locations.read(site, site.arg(0, "filename"))
    return Data(None, None)


def _object(site: Site) -> Value:
    """YAML may make objects of any class."""
    return Foreign(f"`{site.text}()`")


def _table(site: Site) -> Value:
    """Rows of a file that is open."""
    return site.unknown() if isinstance(site.arg(0), Foreign) else Handle(ROWS, None, site.origins)


FUNCTIONS: dict[str, Rule] = {
    "zipfile.ZipFile": _archive,
    "tarfile.open": _archive,
    **dict.fromkeys(("csv.reader", "csv.DictReader", "csv.writer", "csv.DictWriter"), _table),
    "yaml.safe_load": pure,
    "yaml.safe_dump": pure,
    "yaml.dump": pure,
    "yaml.load": _object,
    "tomllib.load": pure,
    "tomllib.loads": pure,
    "toml.loads": pure,
    "toml.dumps": pure,
}
KINDS = {
    ROWS: Kind(is_pure=True, has_fields=True, iterated=lambda handle: Data(None, handle.origins)),
    ARCHIVE: Kind(
        methods={"extractall": _unpacked, "extract": _unpacked, "write": _packed, "add": _packed},
        pure=frozenset(
            {"namelist", "getnames", "close", "open", "read", "writestr", "infolist", "testzip", "getmembers"}
        ),
    ),
}
