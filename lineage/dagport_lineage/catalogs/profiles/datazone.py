"""Amazon DataZone and SageMaker's catalogue."""

from __future__ import annotations

from dagport_lineage.catalogs.profiles.rules import Profile, largest, run_events_only

MAX_BYTES = 300_000

PROFILE = Profile(
    name="datazone",
    title="Amazon DataZone",
    takes="run events",
    source="the API reference of PostLineageEvent",
    rules=(run_events_only("DataZone"), largest("DataZone", MAX_BYTES)),
)
