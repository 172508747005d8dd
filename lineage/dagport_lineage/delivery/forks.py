"""What a fork of the process must not take over: threads that it doesn't have, and locks that nobody gives back."""

from __future__ import annotations

import os
import weakref


class ForkAware:
    """An object that starts over in a forked process."""

    def __init__(self) -> None:
        _ALL.add(self)
        self._start_over()

    def _start_over(self) -> None:
        """Set what belongs to this process only."""


_ALL: weakref.WeakSet[ForkAware] = weakref.WeakSet()


def _start_over() -> None:
    for one in list(_ALL):
        one._start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)
