"""Why an event isn't delivered, in words that carry no credentials."""

from __future__ import annotations

from dagport_lineage.secrets import redact

MAX_REASON = 500  # characters


class DeliveryError(Exception):
    """An event that wasn't delivered; the message may be shown."""


class UnavailableError(DeliveryError):
    """The catalogue can't take any event now: what waits goes on waiting."""


class RefusedError(DeliveryError):
    """The catalogue never takes this event; it may take the next one."""


class ConfigurationError(DeliveryError):
    """OpenLineage's configuration names no target, or one that can't be used."""


class UnconfiguredError(ConfigurationError):
    """OpenLineage's configuration names no target at all."""


def reason(error: BaseException) -> str:
    """What an error says, in one line of bounded length and without what looks like a credential."""
    text = " ".join(str(error).split()) or type(error).__name__
    shown = redact(text)
    return shown if len(shown) <= MAX_REASON else shown[: MAX_REASON - 3] + "..."
