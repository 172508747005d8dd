"""Commands of other packages: entry points of the group ``dagport.commands``, each ``name = module:command``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

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
        try:
            names = sorted(os.listdir(folder or "."))  # noqa: PTH208 - pathlib takes as long to import as the rest
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                with suppress(OSError), open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:  # noqa: PTH118, PTH123
                    yield file.read().decode("utf-8", "replace")
