"""``packaging.version``: versions by PEP 440, which files compare that are for several releases of a library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, PyRaise
from dagport.evaluate.library.support import bound, lost

if TYPE_CHECKING:
    from packaging.version import Version

    from dagport.evaluate.machine import Machine

FIELDS = frozenset({
    "base_version", "dev", "epoch", "is_devrelease", "is_postrelease", "is_prerelease", "local", "major", "micro",
    "minor", "post", "pre", "public", "release",
})  # fmt: skip
LONGEST = 200  # characters: no one writes such a version


class VersionValue(Model):
    """A version. It never changes."""

    __slots__ = ("version",)
    type_name = "packaging.version.Version"

    def __init__(self, version: Version) -> None:
        self.version = version

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A part of the version, and its text."""
        if name in FIELDS:
            return getattr(self.version, name)
        if name == "__str__":
            return NativeFunction(name, lambda machine, args, kwargs, site: str(self.version))
        if name == "__repr__":
            return NativeFunction(name, lambda machine, args, kwargs, site: repr(self.version))
        return NotImplemented

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Comparison with another version."""
        from dagport.evaluate.comparison import ORDER

        if operator not in ORDER or not isinstance(other, VersionValue):
            return NotImplemented
        return ORDER[operator][0](self.version, other.version)


def _version(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from packaging.version import InvalidVersion, Version  # start-up

    (text,) = bound(args, kwargs, "version")
    if not isinstance(text, str) or len(text) > LONGEST:
        return lost(machine, [text], site)
    try:
        return VersionValue(Version(str.__str__(text)))
    except InvalidVersion as error:
        raise PyRaise("InvalidVersion", str(error), arguments=error.args) from None


FUNCTIONS: Mapping[str, Native] = {
    "packaging.version.Version": _version,
    "packaging.version.parse": _version,
}
CONSTANTS: Mapping[str, Any] = {}
