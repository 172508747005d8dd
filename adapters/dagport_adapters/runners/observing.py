"""Others that see a run's events on their way to the host, such as the one that tells of its lineage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from dagport_adapters.runners.protocol import Event

Observer: TypeAlias = Callable[[Event], None]
_LOG = logging.getLogger(__name__)


def observed(events: Iterable[Event], observers: Iterable[Observer]) -> Iterator[Event]:
    """The events, each shown to every observer first. One that raises is logged and sees no more: the run goes on."""
    left = list(observers)
    for event in events:
        for observer in tuple(left):
            try:
                observer(event)
            except Exception:  # noqa: BLE001 - whatever an observer does wrong, the run isn't to blame
                _LOG.exception("An observer of the run failed and sees no more of it")
                left.remove(observer)
        yield event
