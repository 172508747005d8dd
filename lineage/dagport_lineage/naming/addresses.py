"""URIs in their parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dagport_lineage.model import DatasetName, Unresolved


@dataclass(frozen=True, slots=True)
class Address:
    """A URI in its parts; credentials are left out."""

    scheme: str
    user: str  # the container, where a storage account's URI has it here; never a login that has a password
    host: str  # an IPv6 address in brackets; it keeps its case
    port: int | None
    path: str
    query: str  # sorted, without what is a secret by its name

    @property
    def authority(self) -> str:
        """``host:port``, or the host alone."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def is_server(self) -> bool:
        """Whether there is a host, and its port, if any, is a number."""
        return bool(self.host) and (self.host.startswith("[") or ":" not in self.host)

    @property
    def segments(self) -> list[str]:
        """The parts of the path, the last slash aside."""
        return self.path.rstrip("/").removeprefix("/").split("/")


Rule: TypeAlias = Callable[[Address], "DatasetName | Unresolved"]


def wrong(wanted: str) -> Unresolved:
    """A URI that isn't of the form that its scheme has."""
    return Unresolved("name", f"its form is {wanted}")
