"""``shutil`` and ``tempfile``: what is written isn't followed, and what it overwrites isn't known any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, SourceFile
from dagport.evaluate.files import as_text, note_written
from dagport.evaluate.library.support import clock, opaque

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CHANGES = "copy copy2 copyfile copyfileobj copytree move rmtree make_archive unpack_archive chown copymode copystat"
NAMES = "mkdtemp mkstemp mktemp NamedTemporaryFile SpooledTemporaryFile TemporaryDirectory TemporaryFile"


def _change(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    for value in (*args, *kwargs.values()):
        if isinstance(as_text(value), SourceFile):
            note_written(machine, value, site)
    return machine.unknown("nothing is written while a file is read", site)


FUNCTIONS: dict[str, Native] = {
    **{f"shutil.{name}": _change for name in CHANGES.split()},
    "shutil.which": opaque("it is known only in the deployment"),
    "shutil.disk_usage": opaque("it is known only in the deployment"),
    "shutil.get_terminal_size": opaque("it is known only in the deployment"),
    **{f"tempfile.{name}": clock("each run gets another name") for name in NAMES.split()},
}
