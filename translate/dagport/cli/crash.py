"""What a user sees of a bug in dagport."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagport import __version__
from dagport.project.outcome import Crash


def crash_lines(crashes: Sequence[Crash], *, verbose: bool) -> Iterator[str]:
    """One line a bug that says what to report; with ``verbose`` the traceback before it.

    Files with the same error show the same bug: the first one is named, the others are counted.
    """
    by_error: dict[str, list[Crash]] = {}
    for crash in crashes:
        by_error.setdefault(crash.error, []).append(crash)
    for same in by_error.values():
        if verbose:
            yield same[0].traceback.rstrip("\n")
        yield _line(same[0], len(same) - 1, verbose=verbose)


def _line(crash: Crash, others: int, *, verbose: bool) -> str:
    where = f" on {crash.path}" if crash.path else ""
    where += f" and {others} more file{'' if others == 1 else 's'}" if others else ""
    more = "" if verbose else "; --verbose shows where"
    return (
        f"dagport {__version__} failed{where}: {crash.error}. This is a bug in dagport, not in your code: "
        f"please report it{' with that file' if crash.path else ''}{more}."
    )
