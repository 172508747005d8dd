"""Others that see a run's events on their way to the host, such as the one that tells of its lineage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from dagport_adapters.runners.protocol import Event

Observer: TypeAlias = Callable[[Event], None]
_LOG = logging.getLogger(__name__)


def observed(events: Iterable[Event], observers: Iterable[Observer]) -> Iterator[Event]:
    """The events, each shown to every observer first. One that raises is logged and sees no more: the run goes on.

    An observer with a method ``close(error)`` is told when no more events come: ``error`` is what ended the run before
    its last event (``GeneratorExit`` when the host left it), or ``None``.
    """
    left = list(observers)
    try:
        for event in events:
            for observer in tuple(left):
                if not _is_shown(observer, event):
                    left.remove(observer)
            yield event
    except BaseException as error:
        _close(left, error)
        raise
    _close(left, None)


def _is_shown(observer: Observer, event: Event) -> bool:
    try:
        observer(event)
    except Exception:  # noqa: BLE001 - whatever an observer does wrong, the run isn't to blame
        _LOG.exception("An observer of the run failed and sees no more of it")
        return False
    return True


def _close(observers: Iterable[Observer], error: BaseException | None) -> None:
    for observer in observers:
        close = getattr(observer, "close", None)
        try:
            if close is not None:
                close(error)
        except Exception:  # noqa: BLE001 - as above
            _LOG.exception("An observer of the run failed at its end")
