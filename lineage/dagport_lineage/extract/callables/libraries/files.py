"""Files of the machine that the task runs on: ``open``, ``pathlib``, ``os``, ``shutil``, ``tempfile``.

What ``tempfile`` makes is gone when the task ends, and is no dataset. Looking whether a file exists, or at the names in
a folder, reads no dataset; removing a file is a write, of the lifecycle DROP.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.domain import (
    NONE,
    Data,
    Handle,
    Items,
    Known,
    Value,
    origins_of,
)
from dagport_lineage.extract.callables.libraries.paths import (
    PATH,
    PATHS,
    SCRATCH,
    UNCERTAIN,
    as_text,
    expanded,
    join_path,
    join_texts,
    new_path,
    of_text,
    path_of,
    path_part,
    text_of,
    with_name,
    with_suffix,
)
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing, opener, pure
from dagport_lineage.model import Unresolved

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

FILE, BUFFER = "files.file", "files.buffer"

# Opening


def open_file(site: Site, *, path: Value | None = None, mode_at: int = 1, default: str = "r") -> Value:
    """``open(path, mode)``: the mode says whether the file is read, written, or both."""
    target = site.arg(0, "file") if path is None else path
    mode = site.arg(mode_at, "mode", Known(default))
    return opened(site, target, mode)


def opened(site: Site, target: Value, mode: Value) -> Value:
    """Note what opening a file in a mode says."""
    if isinstance(target, Handle) and target.kind in locations.BUFFERS:
        return Handle(FILE, None, target.origins)
    if not isinstance(mode, Known) or not isinstance(mode.value, str):
        site.gap("both", "opaque", f"in which mode `{site.text}` opens a file isn't known")
        return Handle(FILE, None, None)
    letters = mode.value
    origins = origins_of(NONE)
    if "r" in letters or ("+" in letters and "w" not in letters):
        origins = locations.read(site, target)
    if any(letter in letters for letter in "wax+"):
        locations.write(site, target, None)
        origins = None
    return Handle(FILE, None, origins)


# Paths


def _open_path(site: Site) -> Value:
    return open_file(site, path=site.handle, mode_at=0)


def _read_path(site: Site) -> Value:
    return Data(None, locations.read(site, site.handle))


def _write_path(site: Site) -> Value:
    locations.write(site, site.handle, origins_of(site.arg(0, "data")))
    return Data()


def _remove_path(site: Site) -> Value:
    removed(site, site.handle)
    return NONE


def _move_path(site: Site) -> Value:
    moved(site, site.handle, site.arg(0, "target"))
    return path_of(site.arg(0, "target"))


# Moving and removing


def removed(site: Site, target: Value) -> None:
    """A file is removed."""
    found = locations.dataset_of(site, target, f"what `{site.text}` removes")
    if found is not None:
        site.write(found, frozenset(), "DROP")


def copied(site: Site, source: Value, target: Value) -> None:
    """A file is copied."""
    locations.write(site, target, locations.read(site, source))


def moved(site: Site, source: Value, target: Value) -> None:
    """A file gets another name."""
    old = locations.dataset_of(site, source, f"what `{site.text}` moves")
    if old is None:
        locations.write(site, target, origins_of(source))
        return
    if isinstance(old, Unresolved):
        site.gap("both", old.reason, old.message)
        locations.write(site, target, None)
        return
    new = locations.dataset_of(site, target, f"where `{site.text}` moves a file")
    site.read(old)
    site.write(old, frozenset(), "DROP")
    if new is not None:
        site.write(new, frozenset((old,)), "RENAME", old)


def local(value: Value) -> Value:
    """A path of a function that takes no addresses."""
    if isinstance(value, Known) and isinstance(value.value, str) and "://" in value.value:
        return Data(Unresolved("name", "an address isn't a path of this machine"), None)
    return value


def _copy(site: Site) -> Value:
    """Into a folder the file goes by its own name: a target that may be one isn't claimed."""
    copied(site, local(site.arg(0, "src")), _not_a_folder(site.arg(1, "dst")))
    return site.arg(1, "dst")


def _not_a_folder(value: Value) -> Value:
    text = text_of(value)
    if text is not None and not posixpath.splitext(text)[1]:
        return Data(Unresolved("name", "whether the target is a folder isn't known"), None)
    return local(value)


def _copy_file(site: Site) -> Value:
    copied(site, local(site.arg(0, "src")), local(site.arg(1, "dst")))
    return site.arg(1, "dst")


def _move(site: Site) -> Value:
    moved(site, local(site.arg(0, "src")), _not_a_folder(site.arg(1, "dst")))
    return site.arg(1, "dst")


def _rename(site: Site) -> Value:
    moved(site, local(site.arg(0, "src")), local(site.arg(1, "dst")))
    return NONE


def _remove(site: Site) -> Value:
    removed(site, local(site.arg(0, "path")))
    return NONE


def _folder(side: str, site: Site) -> Value:
    if all(isinstance(arg, Handle) and arg.kind == SCRATCH for arg in site.args[:1]) and site.args:
        return NONE
    return site.gap(
        "outputs" if side == "outputs" else "both", "name", f"`{site.text}` is about a folder: its files aren't known"
    )


def _open_in(mode_at: int, default: str) -> Rule:
    def rule(site: Site) -> Value:
        return open_file(site, path=local(site.arg(0, "file")), mode_at=mode_at, default=default)

    return rule


def _temporary(site: Site) -> Value:
    """Gone when the task ends."""
    return Handle(SCRATCH)


def _mkstemp(site: Site) -> Value:
    return Items("tuple", [Data(), Handle(SCRATCH)])


def _environment_get(site: Site) -> Value:
    from dagport_lineage.extract.callables.special import environment

    return environment(site.walker, site.arg(0, "key"), site.arg(1, "default"))


def _environment_item(walker: Walker, base: Handle, key: Value) -> Value:
    from dagport_lineage.extract.callables.special import environment

    return environment(walker, key)


def _scratch(walker: Walker, handle: Handle) -> Value:
    return Handle(SCRATCH)


def start_program(site: Site) -> Value:
    """What another program does can't be told."""
    site.gap("both", "command", f"`{site.text}` runs a program")
    return Data(None, None)


FUNCTIONS: dict[str, Rule] = {
    **{f"os.{name}": start_program for name in ("system", "popen", "execv", "spawnv")},
    "builtins.open": _open_in(1, "r"),
    "io.open": _open_in(1, "r"),
    "codecs.open": _open_in(1, "r"),
    "gzip.open": _open_in(1, "rb"),
    "bz2.open": _open_in(1, "rb"),
    "lzma.open": _open_in(1, "rb"),
    "builtins.str": as_text,
    "os.fspath": as_text,
    "os.path.join": join_texts,
    "os.path.basename": of_text("basename"),
    "os.path.dirname": of_text("dirname"),
    "os.path.splitext": of_text("splitext"),
    "os.path.normpath": expanded,
    "os.path.abspath": expanded,
    "os.path.expanduser": expanded,
    "os.path.expandvars": expanded,
    "os.path.realpath": lambda site: Data(UNCERTAIN, None),
    "os.remove": _remove,
    "os.unlink": _remove,
    "os.rename": _rename,
    "os.replace": _rename,
    "os.rmdir": partial(_folder, "outputs"),
    "shutil.rmtree": partial(_folder, "outputs"),
    "shutil.copytree": partial(_folder, "both"),
    "shutil.make_archive": partial(_folder, "both"),
    "shutil.unpack_archive": partial(_folder, "both"),
    "shutil.copy": _copy,
    "shutil.copy2": _copy,
    "shutil.copyfile": _copy_file,
    "shutil.move": _move,
    "shutil.copyfileobj": nothing,
    "shutil.which": pure,
    "shutil.disk_usage": pure,
    "pathlib.Path": new_path,
    "pathlib.PurePath": new_path,
    "pathlib.PosixPath": new_path,
    "pathlib.PurePosixPath": new_path,
    "tempfile.NamedTemporaryFile": _temporary,
    "tempfile.TemporaryFile": _temporary,
    "tempfile.SpooledTemporaryFile": _temporary,
    "tempfile.TemporaryDirectory": _temporary,
    "tempfile.mkdtemp": _temporary,
    "tempfile.mkstemp": _mkstemp,
    "io.StringIO": opener(BUFFER),
    "io.BytesIO": opener(BUFFER),
    "io.TextIOWrapper": lambda site: Handle(BUFFER, None, site.origins),
    "io.BufferedReader": lambda site: Handle(BUFFER, None, site.origins),
}

KINDS = {
    PATH: Kind(
        methods={
            "open": _open_path,
            "read_text": _read_path,
            "read_bytes": _read_path,
            "write_text": _write_path,
            "write_bytes": _write_path,
            "unlink": _remove_path,
            "rename": _move_path,
            "replace": _move_path,
            "joinpath": join_path,
            "with_name": with_name,
            "with_suffix": with_suffix,
            "as_posix": lambda site: as_text(replace(site, args=[site.handle])),
            **dict.fromkeys(("iterdir", "glob", "rglob"), opener(PATHS)),
            "resolve": lambda site: path_of(Data(UNCERTAIN, None)),
            "absolute": lambda site: path_of(Data(UNCERTAIN, None)),
            "expanduser": lambda site: path_of(Data(UNCERTAIN, None)),
        },
        attributes={name: path_part(name) for name in ("parent", "name", "stem", "suffix")},  # type: ignore[misc]
        pure=frozenset({
            "exists", "is_file", "is_dir", "mkdir", "stat", "is_absolute", "is_symlink", "match", "relative_to",
            "chmod",
            "samefile", "owner", "lstat", "is_relative_to",
        }),
    ),
    PATHS: Kind(iterated=lambda handle: Handle(PATH, UNCERTAIN)),
    SCRATCH: Kind(
        is_pure=True,
        attributes=dict.fromkeys(("name", "parent", "file"), _scratch),
        same=frozenset({"joinpath", "with_suffix", "with_name", "open", "absolute", "resolve"}),
    ),
    FILE: Kind(is_pure=True, has_fields=False, iterated=lambda handle: Data(None, handle.origins)),
    BUFFER: Kind(is_pure=True, iterated=lambda handle: Data(None, handle.origins)),
    "files.environ": Kind(
        methods={"get": _environment_get},
        item=_environment_item,
        pure=frozenset({"copy", "items", "keys", "values", "setdefault", "update", "pop"}),
        assignable=True,
    ),
}  # fmt: skip
