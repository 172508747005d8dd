"""The files that a generated project carries along: from ``support/`` as they are, but for where they import from."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files

from dagport.writers.common import supporting as common
from dagport.writers.prefect.module import SUPPORT

OURS = re.compile(r"^from dagport\.writers\.(?:common|prefect)\.support\.(\w+) import", re.MULTILINE)
FOLDERS = ("dagport.writers.prefect.support", "dagport.writers.common.support")


def files_of(support: Collection[str]) -> list[str]:
    """The files that some names of ``SUPPORT`` are imported from, and those that these import from."""
    found: dict[str, None] = {}
    left = [_file(name) for name in sorted(support)]
    for file in left:
        if file not in found:
            found[file] = None
            left += [f"{module}.py" for module in OURS.findall(_text(file))]
    return sorted(found)


def file_of(name: str, package: str) -> str:
    """The text of a file in a project."""
    return OURS.sub(lambda match: f"from {package}.{match[1]} import", _text(name))


def _file(name: str) -> str:
    known = common.SUPPORT.get(name)
    return known.file if known is not None else f"{SUPPORT[name].split()[1].rpartition('.')[2]}.py"


@cache
def _text(name: str) -> str:
    for folder in FOLDERS:
        file = files(folder).joinpath(name)
        if file.is_file():
            return file.read_text("utf-8")
    raise FileNotFoundError(name)
