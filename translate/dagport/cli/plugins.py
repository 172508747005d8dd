"""Commands of other packages: entry points of the group ``dagport.commands``, each ``name = module:command``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

GROUP = "dagport.commands"


@cache
def plugin_commands() -> dict[str, str]:
    """Name to ``module:attribute``.

    ``importlib.metadata`` takes longer to import than a help text may take, so it is asked only if some
    installed package names the group at all.
    """
    if not any(GROUP in text for text in _entry_point_files()):
        return {}
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=GROUP)}


def _entry_point_files() -> Iterator[str]:
    for folder in dict.fromkeys(sys.path):
        for pattern in ("*.dist-info/entry_points.txt", "*.egg-info/entry_points.txt"):
            for file in Path(folder or ".").glob(pattern):
                try:
                    yield file.read_text("utf-8", "replace")
                except OSError:
                    continue
