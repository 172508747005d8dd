"""A text that a template makes different: what all its ways agree on is known, the rest is a gap."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

from dagport.graph import Place
from dagport_lineage.extract.sql.masking import Masked
from dagport_lineage.model import DatasetName, Found, Gap, Read, Side, Write


def agreed(results: Sequence[Found], ways: Sequence[Masked], place: Place | None) -> Found:
    """One result for several ways of the same text."""
    why = " and ".join(f"`{text}`" for text in dict.fromkeys(text for way in ways for text in way.choices))
    gaps = dict.fromkeys(gap for result in results for gap in result.gaps)
    reads = [{read.dataset: read for read in result.reads} for result in results]
    writes = [{write.dataset: write for write in result.writes} for result in results]
    for name in _sometimes([set(found) for found in reads]):
        gaps[_gap("inputs", f"whether `{name.name}` is read depends on {why}", place)] = None
    for name in _sometimes([set(found) for found in writes]):
        gaps[_gap("outputs", f"whether `{name.name}` is written depends on {why}", place)] = None
    return Found(
        reads=tuple(_read([found[name] for found in reads]) for name in sorted(set(reads[0]).intersection(*reads))),
        writes=tuple(
            _write([found[name] for found in writes]) for name in sorted(set(writes[0]).intersection(*writes))
        ),
        gaps=tuple(gaps),
    )


def _gap(side: Side, message: str, place: Place | None) -> Gap:
    return Gap(side=side, reason="template", message=message, place=place)


def _sometimes(found: Sequence[set[DatasetName]]) -> list[DatasetName]:
    return sorted(set().union(*found) - found[0].intersection(*found))


def _read(reads: Sequence[Read]) -> Read:
    columns = set(reads[0].columns).intersection(*(read.columns for read in reads))
    return replace(reads[0], columns=tuple(sorted(columns)))


def _write(writes: Sequence[Write]) -> Write:
    """What is the same in all ways; the rest isn't known."""
    first = writes[0]
    columns = {
        name: sources
        for name, sources in first.columns.items()
        if all(write.columns.get(name) == sources for write in writes)
    }
    influences = set(first.influences).intersection(*(write.influences for write in writes))
    return replace(
        first,
        sources=first.sources if _one(write.sources for write in writes) else None,
        columns=columns,
        influences=tuple(sorted(influences)),
        schema=first.schema if _one(write.schema for write in writes) else (),
        lifecycle=first.lifecycle if _one(write.lifecycle for write in writes) else None,
        previous=first.previous if _one(write.previous for write in writes) else None,
    )


def _one(values: Iterable[Hashable]) -> bool:
    return len(set(values)) == 1
