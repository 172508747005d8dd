"""Where events are sent: the official client's transports, made so that success means success.

What they do by themselves, and what is done about it here: HTTP retries for up to 9 seconds and more, here an attempt
is one attempt (the courier repeats it); HTTP follows redirects with a GET, which delivers nothing, and takes an answer
that breaks off for success; the asynchronous transport doesn't say whether an event arrived, so the synchronous one
takes its settings; Kafka waits for ever and only logs a failure; a composite transport forgets those of its parts that
failed; the console one writes to a log that may be off. Their ``emit`` takes an event as plain JSON objects; the keys
of Kafka's messages are made here, because the client makes them of its own classes only.
"""

from __future__ import annotations

import importlib.util
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from dagport_lineage.delivery.configuration import Configuration, Settings
from dagport_lineage.delivery.errors import (
    ConfigurationError,
    DeliveryError,
    RefusedError,
    UnavailableError,
    reason,
)
from dagport_lineage.facets import Event

REFUSING = frozenset({400, 413, 422})
"""HTTP statuses that say that the event is wrong; all others may be the server's, or the configuration's."""
ONE_ATTEMPT = {"total": 0, "connect": 0, "read": 0, "status_forcelist": []}
HTTP_1_1, NO_CONTENT = 11, 204
CONSOLE_LOG = "openlineage.client.transport.console"


class Target(ABC):
    """Where events are sent."""

    @abstractmethod
    def send(self, event: Event, line: str, timeout: float) -> None:
        """Deliver one event, ``line`` is its text. Raises ``RefusedError`` and ``UnavailableError``."""

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Let go of connections."""


def open_target(configuration: Configuration) -> Target:
    """The target that is configured. Raises ``ConfigurationError``."""
    return _target(configuration.transport)


def _target(settings: Settings) -> Target:
    kind = str(settings.get("type"))
    if kind == "noop":
        raise ConfigurationError("OpenLineage is turned off: its transport is noop, or OPENLINEAGE_DISABLED is true")
    if kind not in KINDS:
        raise ConfigurationError(f"the transport {kind!r} isn't supported, only {', '.join(KINDS)}")
    try:
        return KINDS[kind](settings)
    except DeliveryError:
        raise
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the transport {kind} needs the module {error.name}, which isn't installed") from None
    except Exception as error:  # noqa: BLE001 - a transport may raise anything for its settings
        raise ConfigurationError(f"the transport {kind} can't be used: {reason(error)}") from None


def _transport(settings: Settings) -> Any:
    """The client's transport."""
    from openlineage.client.transport import get_default_factory  # start-up: 0.7 s

    return get_default_factory().create(dict(settings))  # it takes entries out


class _Plain(Target):
    """A transport whose ``emit`` raises when it fails."""

    def __init__(self, settings: Settings) -> None:
        self.transport = _transport(settings)

    def send(self, event: Event, line: str, timeout: float) -> None:
        try:
            answer = self._emit(event, timeout)
        except Exception as error:  # noqa: BLE001 - a transport may raise anything
            raise _failure(error) from None
        _check_answer(answer)

    def _emit(self, event: Event, timeout: float) -> object:
        return self.transport.emit(event)

    def close(self) -> None:
        self.transport.close(0)


class _Http(_Plain):
    """Over HTTP, one attempt at a time."""

    def __init__(self, settings: Settings) -> None:
        super().__init__({**settings, "type": "http", "retry": ONE_ATTEMPT})
        self.timeout = float(self.transport.timeout)

    def _emit(self, event: Event, timeout: float) -> object:
        self.transport.timeout = max(0.001, min(self.timeout, timeout))
        return self.transport.emit(event)


class _Console(_Plain):
    """To the log."""

    def _emit(self, event: Event, timeout: float) -> object:
        log = logging.getLogger(CONSOLE_LOG)
        if not (log.isEnabledFor(logging.INFO) and log.hasHandlers()):
            raise UnavailableError(f"the console transport writes to the log {CONSOLE_LOG}, which shows no INFO")
        return self.transport.emit(event)


class _Kafka(Target):
    """To a topic, each event confirmed by the broker."""

    def __init__(self, settings: Settings) -> None:
        if importlib.util.find_spec("confluent_kafka") is None:
            raise ConfigurationError(
                "the transport kafka needs confluent-kafka, which isn't installed: openlineage-python[kafka] has it"
            )
        self.transport = _transport(settings)

    def send(self, event: Event, line: str, timeout: float) -> None:
        producer = self.transport.producer
        outcome: list[Any] = []
        try:
            producer.produce(
                topic=self.transport.topic,
                key=self.transport.message_key or message_key(event),
                value=line.encode(),
                on_delivery=lambda error, _: outcome.append(error),
            )
            producer.flush(timeout)
            if not outcome:
                producer.purge()  # or it would be sent later, after the attempts that come
                producer.flush(0)
                raise UnavailableError("the broker confirmed nothing in time")
        except Exception as error:  # noqa: BLE001 - KafkaException, and what its configuration calls
            raise _failure(error) from None
        if outcome[0] is not None:
            raise _kafka_failure(outcome[0])

    def close(self) -> None:
        self.transport.producer.flush(0)


class _Composite(Target):
    """Several targets. An event is delivered when all have it, or the first where the configuration says so.

    Unlike the client's, one that is down isn't forgotten: the event waits, and those that have it don't get it again
    from this process.
    """

    def __init__(self, settings: Settings) -> None:
        inner = settings.get("transports") or {}
        parts = list(inner.values() if isinstance(inner, dict) else inner)
        if settings.get("sort_transports"):
            parts.sort(key=lambda part: -int(part.get("priority", 0)))
        self.parts = [_target(part) for part in parts if part]
        if not self.parts:
            raise ConfigurationError("the transport composite has no parts")
        self.one_is_enough = not settings.get("continue_on_success", True)
        self.goes_on = bool(settings.get("continue_on_failure", True))
        self.line = ""
        self.refusals: dict[int, RefusedError | None] = {}  # what the parts said to that event; None: delivered

    def send(self, event: Event, line: str, timeout: float) -> None:
        if line != self.line:
            self.line, self.refusals = line, {}
        unavailable: UnavailableError | None = None
        for number, part in enumerate(self.parts):
            if number not in self.refusals:
                try:
                    part.send(event, line, timeout)
                    self.refusals[number] = None
                except RefusedError as error:
                    self.refusals[number] = error
                except UnavailableError as error:
                    unavailable = unavailable or error
            delivered = number in self.refusals and self.refusals[number] is None
            if (delivered and self.one_is_enough) or not (delivered or self.goes_on):
                break
        self._raise(unavailable)

    def _raise(self, unavailable: UnavailableError | None) -> None:
        if self.one_is_enough and None in self.refusals.values():
            return
        if unavailable:
            raise unavailable
        for error in self.refusals.values():
            if error is not None:
                raise error

    def close(self) -> None:
        for part in self.parts:
            part.close()


KINDS: Mapping[str, Callable[[Settings], Target]] = {
    "http": _Http,
    "async_http": _Http,
    "kafka": _Kafka,
    "msk-iam": _Kafka,
    "file": _Plain,
    "console": _Console,
    "composite": _Composite,
    "amazon_datazone_api": _Plain,
    "datadog": _Plain,
}


def _failure(error: Exception) -> DeliveryError:
    """What an error of a transport says about the event."""
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, RecursionError):
        return RefusedError("the event is nested too deeply")
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status is None:
        cause = error.args[0] if error.args else None
        return _kafka_failure(cause) if hasattr(cause, "name") else UnavailableError(reason(_innermost(error)))
    kind = RefusedError if status in REFUSING else UnavailableError
    said = reason(Exception(f"HTTP status {status}: {getattr(response, 'text', '')}".rstrip(": ")))
    return kind(said)


def _innermost(error: BaseException) -> BaseException:
    """What requests and urllib3 wrap, with the address and its credentials, in several errors."""
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return _innermost(inner) if isinstance(inner, BaseException) else error


def _check_answer(answer: Any) -> None:
    """Raises ``UnavailableError`` for an answer over HTTP that looks like success and isn't."""
    method = getattr(getattr(answer, "request", None), "method", "POST")
    if getattr(answer, "history", None) and method != "POST":  # a redirected POST becomes a GET
        raise UnavailableError("the server redirects; the configuration must name the final address")
    if _is_cut(answer):
        raise UnavailableError("the server's answer ends half-way")


def _is_cut(answer: Any) -> bool:
    """Whether the headers of an answer stop before their end: no answer of HTTP/1.1 leaves its length open (RFC 9112).

    An answer that is shorter than it says is found by the client.
    """
    if getattr(getattr(answer, "raw", None), "version", None) != HTTP_1_1 or answer.status_code == NO_CONTENT:
        return False
    headers = answer.headers
    ends = "Content-Length" in headers or "Transfer-Encoding" in headers
    return not ends and "close" not in headers.get("Connection", "").lower()


def _kafka_failure(error: Any) -> DeliveryError:
    """What an error of librdkafka says about the event."""
    too_large = "MSG_SIZE_TOO_LARGE" in str(error.name())
    return (RefusedError if too_large else UnavailableError)(reason(Exception(str(error))))


def message_key(event: Event) -> str:
    """The key of an event's message, as the client's Kafka transport makes it.

    It decides over the partition, and so keeps the events of a job, and of what its runs start, in their order.
    """
    if "job" not in event:
        return "dataset:{namespace}/{name}".format_map(event["dataset"])
    if "run" not in event:
        return "job:{namespace}/{name}".format_map(event["job"])
    parent = event["run"].get("facets", {}).get("parent", {})
    root = parent.get("root", {}).get("job") or parent.get("job") or event["job"]
    return "run:{namespace}/{name}".format_map(root)
