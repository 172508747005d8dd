"""``logging``: it concerns no pipeline."""

from __future__ import annotations

from dagport.evaluate.domain import Anything, Model, Native
from dagport.evaluate.library.support import Harmless, constant, made, opaque

LEVELS = {
    "CRITICAL": 50, "DEBUG": 10, "ERROR": 40, "FATAL": 50, "INFO": 20, "NOTSET": 0, "WARN": 30, "WARNING": 30,
}  # fmt: skip
SILENT = (
    "debug info warning warn error exception critical fatal log setLevel addHandler removeHandler addFilter "
    "removeFilter handle callHandlers setFormatter flush close acquire release emit setStream"
)
ASKING = "isEnabledFor getEffectiveLevel hasHandlers getChild findCaller makeRecord filter format"
SETTINGS = (
    "basicConfig disable addLevelName captureWarnings setLoggerClass shutdown setLogRecordFactory "
    "config.dictConfig config.fileConfig"
)
OBJECTS = (
    "Handler StreamHandler FileHandler NullHandler Formatter Filter LoggerAdapter Logger "
    "handlers.RotatingFileHandler handlers.TimedRotatingFileHandler handlers.SysLogHandler handlers.QueueHandler"
)
CALLS = "debug info warning warn error exception critical fatal log"


def _object(name: str) -> Native:
    return made(lambda: Harmless(f"logging.{name}", SILENT, ASKING))


def logger() -> Model:
    """A logger."""
    return Harmless("logging.Logger", SILENT, ASKING)


FUNCTIONS: dict[str, Native] = {
    "logging.getLogger": made(logger),
    "logging.getLevelName": opaque("names of levels can be changed"),
    **{f"logging.{name}": constant(None) for name in f"{SETTINGS} {CALLS}".split()},
    **{f"logging.{name}": _object(name) for name in OBJECTS.split()},
}
CONSTANTS: dict[str, Anything] = {f"logging.{name}": level for name, level in LEVELS.items()}
