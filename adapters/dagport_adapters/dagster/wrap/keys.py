"""Asset keys and names: each made from one thing alone, so that two things never get the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote

Key: TypeAlias = tuple[str, ...]

DISALLOWED = re.compile(r"[^A-Za-z0-9_]")
SCHEME = "://"
KEPT = "-._~"  # besides letters and digits
DIGEST = 12  # characters
EMPTY = "%"  # stands for an empty part: no quoted text is a lone percent sign
RESERVED = frozenset(
    {
        "context", "conf", "config", "meta", "arg_dict", "dict", "input_arg_dict", "output_arg_dict", "int", "str",
        "float", "bool", "input", "output", "type",
    }
)  # fmt: skip
"""Names of ops that Dagster refuses (``DISALLOWED_NAMES``); it refuses Python's keywords, too."""


def uri_key(uri: str) -> Key:
    """The key of an asset, from its whole URI: ``s3://a/x/part.csv`` is ``s3/a/x/part.csv``.

    Injective: what Dagster's pages and selections can't hold is percent-encoded, a percent sign too. A text without a
    scheme (a name, a path) is one part, and all others are two or more.
    """
    scheme, found, rest = uri.partition(SCHEME)
    return (_part(scheme), *map(_part, rest.split("/"))) if found else (_part(uri),)


def task_key(dag_id: str, task_id: str, prefix: Sequence[str] = ()) -> Key:
    """The key of a task: the prefix, the DAG's id, and the task's with its groups as parts of their own."""
    return (*prefix, _part(dag_id), *map(_part, task_id.split(".")))


def _part(text: str) -> str:
    return quote(text, safe=KEPT) or EMPTY


def names(ids: Iterable[str]) -> Mapping[str, str]:
    """A name for each DAG id that Dagster takes for ops, jobs and groups.

    The id itself where Dagster takes it; else with ``_`` in place of what isn't allowed, and with a digest of the id
    where that is another's name already (``a-b`` and ``a_b``).
    """
    wanted = sorted(set(ids), key=lambda one: (_clean(one) != one, one))
    found: dict[str, str] = {}
    taken: set[str] = set()
    for one in wanted:
        name, digest = _clean(one), hashlib.sha256(one.encode()).hexdigest()
        if name in taken:
            name = next(full for size in range(8, 65) if (full := f"{name}_{digest[:size]}") not in taken)
        taken.add(name)
        found[one] = name
    return found


def shortened(name: str, longest: int) -> str:
    """A name of at most so many characters, with a digest in place of what is cut off: long ones may begin alike."""
    if len(name) <= longest:
        return name
    return name[: longest - DIGEST] + hashlib.sha256(name.encode()).hexdigest()[:DIGEST]


def _clean(text: str) -> str:
    import keyword

    name = DISALLOWED.sub("_", text)
    return f"{name}_dag" if name in RESERVED or keyword.iskeyword(name) else name
