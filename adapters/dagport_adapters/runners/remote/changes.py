"""The runs of a live Airflow that have ended since somebody looked last, in pages with a cursor that always advances.

Both versions of the API can order and filter runs by their end, and neither tells when a run was last changed. A
run's end is set before its transaction is committed, so runs may appear a little late and out of order: the cursor
goes back ``OVERLAP`` from the last end that was seen, and remembers what it has given of that time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dagport_adapters.runners.remote.api import PAGE, Api
from dagport_adapters.runners.remote.model import Cursor, LiveRun, Page

OVERLAP = timedelta(minutes=5)
UNDER_WAY = 1000  # runs, at most
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class _Place:
    """What a cursor holds: the last end that was given, and which runs were given of the time before it."""

    end: datetime
    given: frozenset[str]


def cursor_at(moment: datetime) -> Cursor:
    """The cursor of somebody who has seen all that ended before a moment, and nothing after it."""
    return _written(_Place(_aware(moment) + OVERLAP, frozenset()))


def runs_changed(api: Api, since: Cursor | None, dag_ids: Sequence[str] | None, limit: int) -> Page:
    """The next ``limit`` runs by their end. Raises ``ValueError`` for a cursor that isn't one."""
    place = _Place(_BEGINNING, frozenset()) if since is None else _read(since)
    if dag_ids is not None and not dag_ids:
        return Page(runs=(), cursor=_written(place), more=False)
    chosen = {"dag_ids": sorted(set(dag_ids))} if dag_ids is not None else {}
    new, more = _new(api, place, chosen, limit)
    end = max([place.end, *(_end(run) for run in new)])
    given = place.given | {_mark(run) for run in new}
    return Page(
        runs=tuple(new),
        cursor=_written(_Place(end, frozenset(mark for mark in given if _mark_end(mark) >= end - OVERLAP))),
        more=more,
        under_way=tuple(_under_way(api, chosen)),
    )


def _new(api: Api, place: _Place, chosen: Mapping[str, Any], limit: int) -> tuple[list[LiveRun], bool]:
    """Runs that weren't given, by end; and whether there are more.

    The next page begins at the last end that was seen, not at an offset, so that a run which leaves the list
    meanwhile (cleared, deleted) can't hide another; an offset is used only within runs of the very same end.
    """
    body = {**chosen, "states": ["success", "failed"], "order_by": "end_date", "page_limit": PAGE}
    found: dict[str, LiveRun] = {}
    since, offset = max(_BEGINNING, place.end - OVERLAP), 0
    while True:
        runs, total = api.runs_page({**body, "end_date_gte": since.isoformat(), "page_offset": offset})
        found.update((_mark(run), run) for run in runs if _mark(run) not in place.given)
        if not runs or offset + len(runs) >= total:
            return _cut(found.values(), limit, more=False)
        last = _end(runs[-1])
        if len(found) > limit and last > sorted(map(_end, found.values()))[limit - 1]:
            return _cut(found.values(), limit, more=True)
        since, offset = (last, 0) if last > since else (since, offset + len(runs))


def _cut(found: Iterable[LiveRun], limit: int, *, more: bool) -> tuple[list[LiveRun], bool]:
    runs = sorted(found, key=lambda run: (_end(run), run.dag_id, run.run_id))
    return runs[:limit], more or len(runs) > limit


def _under_way(api: Api, chosen: Mapping[str, Any]) -> list[LiveRun]:
    body = {**chosen, "states": ["queued", "running"], "order_by": "id"}
    runs: dict[tuple[str, str], LiveRun] = {}
    offset = 0
    while offset < UNDER_WAY:
        page, total = api.runs_page({**body, "page_offset": offset, "page_limit": PAGE})
        runs.update(((run.dag_id, run.run_id), run) for run in page)
        offset += len(page)
        if not page or offset >= total:
            break
    return list(runs.values())


def _end(run: LiveRun) -> datetime:
    return run.end or _BEGINNING


def _mark(run: LiveRun) -> str:
    """A run and its end, short: one that was cleared and has ended again is another one."""
    name = hashlib.sha256(json.dumps([run.dag_id, run.run_id]).encode()).hexdigest()[:16]
    return f"{_end(run).astimezone(UTC).isoformat()} {name}"


def _mark_end(mark: str) -> datetime:
    return datetime.fromisoformat(mark.partition(" ")[0])


def _written(place: _Place) -> Cursor:
    return Cursor(json.dumps({"v": _FORMAT, "end": place.end.isoformat(), "given": sorted(place.given)}))


def _read(cursor: Cursor) -> _Place:
    try:
        values = json.loads(cursor)
        if values["v"] != _FORMAT:
            raise ValueError
        return _Place(_aware(datetime.fromisoformat(values["end"])), frozenset(map(str, values["given"])))
    except (ValueError, KeyError, TypeError):
        raise ValueError("This is no cursor of runs_changed. Begin with None, or with cursor_at(a moment)") from None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
