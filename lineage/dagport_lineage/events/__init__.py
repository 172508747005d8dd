"""Lineage as OpenLineage events: plain JSON objects, made by pure functions."""

from __future__ import annotations

import json

from dagport_lineage.facets import Event

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def json_line(event: Event) -> str:
    """An event as one line of ASCII JSON, without the line's end: the same event, the same text."""
    return _ENCODER.encode(event)
