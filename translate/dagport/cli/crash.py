"""What a user sees of a bug in dagport."""

from __future__ import annotations

from collections.abc import Iterator

from dagport import __version__
from dagport.project.read import Crash


def crash_lines(crash: Crash, *, verbose: bool) -> Iterator[str]:
    """One line that says what to report; with ``verbose`` the traceback before it."""
    if verbose:
        yield crash.traceback.rstrip("\n")
    where = f" on {crash.path}" if crash.path else ""
    more = "" if verbose else "; --verbose shows where"
    yield (
        f"dagport {__version__} failed{where}: {crash.error}. This is a bug in dagport, not in your code: "
        f"please report it{' with that file' if crash.path else ''}{more}."
    )
