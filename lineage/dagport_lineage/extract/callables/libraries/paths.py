"""Paths as values: how they are put together and taken apart, without a look at any file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dagport_lineage.extract.callables.domain import (
    LOST,
    Data,
    Handle,
    Items,
    Known,
    Lost,
    Value,
    data_of,
    origins_of,
)
from dagport_lineage.extract.callables.site import Rule, Site
from dagport_lineage.model import Unresolved

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

PATH, PATHS, SCRATCH = "files.path", "files.paths", "files.scratch"


def path_of(value: Value) -> Value:
    """``Path(value)``."""
    if isinstance(value, Known) and isinstance(value.value, str):
        return Handle(PATH, posixpath.normpath(value.value) if _is_simple(value.value) else value.value)
    if isinstance(value, Handle) and value.kind in (PATH, SCRATCH):
        return value
    if isinstance(value, Lost):
        return LOST
    why = value.why if isinstance(value, Data) else None
    return Handle(PATH, why or Unresolved("opaque", "the path isn't known"), origins_of(value))


def _is_simple(text: str) -> bool:
    return bool(text) and "://" not in text and not text.startswith("//") and ".." not in text.split("/")


def new_path(site: Site) -> Value:
    """``Path(...)``."""
    if site.is_open:
        return path_of(Data(None, None))
    made = _joined_paths(site.args) if site.args else Handle(PATH, ".")
    is_uri = isinstance(made, Handle) and isinstance(made.data, str) and "://" in made.data
    return Handle(PATH, Unresolved("name", "an address isn't a path of `pathlib`")) if is_uri else made


def _joined_paths(parts: list[Value]) -> Value:
    result = path_of(parts[0])
    for part in parts[1:]:
        result = divided(result, part) or path_of(Data(None, None))
    return result


def divided(left: Value, right: Value) -> Value | None:
    """``left / right`` where one of them is a path; ``None`` where none is."""
    if isinstance(left, Handle) and left.kind == SCRATCH:
        text = right.value if isinstance(right, Known) else None
        is_inside = isinstance(text, str) and not text.startswith("/") and ".." not in text
        return left if is_inside else path_of(Data(None, None))
    if not (isinstance(left, Handle) and left.kind == PATH):
        return path_of(data_of([left, right])) if isinstance(right, Handle) and right.kind == PATH else None
    begin, end = left.data, text_of(right)
    if isinstance(begin, str) and end is not None:
        return path_of(Known(posixpath.join(begin, end)))
    known = end is not None and end.startswith("/")
    return path_of(Known(end)) if known else path_of(data_of([Data(why_unknown(left), left.origins), right]))


def why_unknown(path: Handle) -> Unresolved | None:
    """Why a path isn't known, where that was said."""
    return path.data if isinstance(path.data, Unresolved) else None


def text_of(value: Value) -> str | None:
    """The text of a path that is known."""
    if isinstance(value, Known) and isinstance(value.value, str):
        return value.value
    return value.data if isinstance(value, Handle) and value.kind == PATH and isinstance(value.data, str) else None


def join_texts(site: Site) -> Value:
    """``os.path.join``: gives a text."""
    if site.is_open or not site.args:
        return Data(None, None)
    if any(isinstance(arg, Handle) and arg.kind == SCRATCH for arg in site.args):
        result: Value = site.args[0]
        for part in site.args[1:]:
            result = divided(result, part) or Data(None, None)
        return result
    texts = [text_of(arg) for arg in site.args]
    known = [text for text in texts if text is not None]
    return Known(posixpath.join(*known)) if len(known) == len(texts) else data_of(site.args)


def of_text(change: str) -> Rule:
    """A function of ``os.path`` that looks at the text alone."""

    def rule(site: Site) -> Value:
        text = text_of(site.arg(0))
        if text is None:
            first = site.arg(0)
            return first if isinstance(first, Handle) and first.kind == SCRATCH else site.data()
        found = getattr(posixpath, change)(text)
        return Known(found) if isinstance(found, str) else Items("tuple", [Known(part) for part in found])

    return rule


def as_text(site: Site) -> Value:
    """``str(path)``."""
    value = site.arg(0)
    if isinstance(value, Handle) and value.kind == PATH:
        return Known(value.data) if isinstance(value.data, str) else Data(why_unknown(value), value.origins)
    if isinstance(value, Handle) and value.kind == SCRATCH:
        return value
    if isinstance(value, Known) and isinstance(value.value, str | int) and not site.is_open:
        return Known(str(value.value))
    return value if isinstance(value, Data) else site.data()


def path_part(name: str) -> Rule:
    """An attribute of a path that is a part of it."""

    def rule(walker: Walker, path: Handle) -> Value:
        if not isinstance(path.data, str):
            return path if path.kind == SCRATCH else Data(why_unknown(path), path.origins)
        head, tail = posixpath.split(path.data)
        stem, suffix = posixpath.splitext(tail)
        return {
            "parent": path_of(Known(head or ".")),
            "name": Known(tail),
            "stem": Known(stem),
            "suffix": Known(suffix),
        }[name]

    return rule  # type: ignore[return-value]


def with_name(site: Site) -> Value:
    """``path.with_name(name)``."""
    parent = path_part("parent")(site.walker, site.handle)  # type: ignore[call-arg,arg-type]
    return divided(parent, site.arg(0, "name")) or path_of(Data(None, None))


def with_suffix(site: Site) -> Value:
    """``path.with_suffix(suffix)``."""
    text, suffix = text_of(site.handle), site.text_arg(0, "suffix")
    if text is None or suffix is None:
        return path_of(Data(None, None))
    return path_of(Known(posixpath.splitext(text)[0] + suffix))


def join_path(site: Site) -> Value:
    """``path.joinpath(...)``."""
    return path_of(Data(None, None)) if site.is_open else _joined_paths([site.handle, *site.args])


def expanded(site: Site) -> Value:
    """A path that the deployment may lead elsewhere."""
    text = text_of(site.arg(0))
    if text is not None and "~" not in text and "$" not in text and text.startswith("/"):
        return Known(text)
    first = site.arg(0)
    return first if isinstance(first, Handle) and first.kind == SCRATCH else Data(UNCERTAIN, None)


UNCERTAIN = Unresolved("runtime", "where the path leads is decided in a run")
