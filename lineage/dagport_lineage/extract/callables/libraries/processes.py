"""Programs that are started, whose doings can't be told; threads; logging, whose messages are no data."""

from __future__ import annotations

from dagport_lineage.extract.callables.domain import Data, Handle, Value
from dagport_lineage.extract.callables.libraries.files import start_program
from dagport_lineage.extract.callables.site import Kind, Rule, Site, opener, pure
from dagport_lineage.extract.callables.special import mapped, submitted

DONE, POOL, LOGGER = "processes.done", "processes.pool", "processes.logger"


def _start(site: Site) -> Value:
    start_program(site)
    return Handle(DONE, None, None)


def _configured(site: Site) -> Value:
    if site.is_open or site.has(None, "filename") or site.has(None, "handlers"):
        return site.unknown("outputs")
    return Data()


PROGRAMS = ("run", "call", "check_call", "check_output", "Popen", "getoutput")
LEVELS = ("debug", "info", "warning", "warn", "error", "exception", "critical", "log")
FUNCTIONS: dict[str, Rule] = {
    **{f"subprocess.{name}": _start for name in PROGRAMS},
    "concurrent.futures.ThreadPoolExecutor": opener(POOL),
    "concurrent.futures.ProcessPoolExecutor": opener(POOL),
    "concurrent.futures.as_completed": lambda site: site.unknown() if site.is_open else site.arg(0, "fs"),
    "concurrent.futures.wait": pure,
    **{f"logging.{name}": pure for name in LEVELS},
    **{f"logging.{name}": pure for name in ("getLevelName", "Formatter", "disable", "StreamHandler")},
    "logging.basicConfig": _configured,
    **{f"{name}": opener(LOGGER) for name in ("logging.getLogger", "structlog.get_logger", "structlog.getLogger")},
    "loguru.logger.info": pure,
    "loguru.logger.warning": pure,
    "loguru.logger.error": pure,
    "loguru.logger.debug": pure,
}
KINDS = {
    DONE: Kind(is_pure=True, has_fields=True),
    "processes.future": Kind(
        methods={"result": lambda site: site.handle.data[0]}, pure=frozenset({"done", "exception", "cancel", "running"})
    ),
    POOL: Kind(methods={"submit": submitted, "map": mapped}, pure=frozenset({"shutdown"})),
    LOGGER: Kind(is_pure=True, has_fields=True, assignable=True),
}
