"""Handing events on: at once and strictly for an export, by way of a spool on disk for what runs.

``deliver`` sends the events of an export and says what failed. ``open_courier`` gives what an emitter needs: it never
raises and never waits. The folder of the spool, OpenLineage's configuration, and what is promised are described in the
modules.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagport_lineage.delivery.configuration import Configuration, load_configuration
from dagport_lineage.delivery.errors import ConfigurationError, RefusedError, UnavailableError, UnconfiguredError
from dagport_lineage.delivery.folders import VARIABLE, spool_folder
from dagport_lineage.events import json_line
from dagport_lineage.facets import Event

if TYPE_CHECKING:
    from dagport_lineage.delivery.courier import Courier
    from dagport_lineage.delivery.targets import Target

log = logging.getLogger("dagport_lineage.delivery")

TRIES = 4
PAUSE = 0.5  # seconds before the second try, doubled before each further one
ATTEMPT = 10.0  # seconds


@dataclass(slots=True)
class Delivery:
    """How an export went."""

    delivered: int = 0
    filtered: int = 0  # that OpenLineage's configuration excludes
    refused: list[tuple[str, str]] = field(default_factory=list)  # names of jobs or datasets, and why


def configured(environment: Mapping[str, str] | None = None) -> Configuration:
    """Where events go. Raises ``ConfigurationError``."""
    return load_configuration(os.environ if environment is None else environment)


def deliver(events: Iterable[Event], configuration: Configuration, *, delivery: Delivery | None = None) -> Delivery:
    """Send events in their order, none of them by way of the spool, and say how it went.

    An event that is refused doesn't keep the others. Raises ``UnavailableError`` once the catalogue takes none after
    several tries: ``delivery``, if given, says then how far it came. Sending the same events again does no harm.
    Raises ``ConfigurationError``.
    """
    from dagport_lineage.delivery.targets import open_target  # start-up

    delivery = Delivery() if delivery is None else delivery
    target = open_target(configuration)
    try:
        for event in events:
            if configuration.excludes(event):
                delivery.filtered += 1
                continue
            try:
                _send(target, event)
                delivery.delivered += 1
            except RefusedError as error:
                named = event.get("job") or event["dataset"]
                delivery.refused.append((named["name"], str(error)))
    finally:
        target.close()
    return delivery


def _send(target: Target, event: Event) -> None:
    line = json_line(event)
    for number in range(TRIES):
        try:
            return target.send(event, line, ATTEMPT)
        except UnavailableError:
            if number == TRIES - 1:
                raise
            time.sleep(PAUSE * 2**number)
    return None


def open_courier() -> Courier | None:
    """What takes the events of this process, as its environment says; ``None`` where lineage is off.

    It is off where OpenLineage is turned off, and where there is neither a configuration of OpenLineage nor a
    ``DAGPORT_SPOOL_DIR``. With the latter alone, or with a configuration that can't be read, events wait for
    ``dagport lineage flush``.
    """
    folder = spool_folder(os.environ)
    configuration: Configuration | None = None
    try:
        configuration = load_configuration(os.environ)
    except UnconfiguredError:
        if not os.environ.get(VARIABLE):
            return None
    except ConfigurationError as error:
        log.warning("lineage: events are spooled and not delivered: %s", error)
    if folder is None or (configuration and configuration.is_off):
        return None
    from dagport_lineage.delivery.apart import Apart  # start-up
    from dagport_lineage.delivery.courier import Courier
    from dagport_lineage.delivery.spool import Spool

    return Courier(Spool(folder), configuration, apart=Apart(folder) if configuration else None)
