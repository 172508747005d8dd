"""What a person sees of a run: a table that is drawn again on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import Protocol

from dagport.cli.console import Stream, clean
from dagport_adapters.runners.encoding import as_json
from dagport_adapters.runners.protocol import FINISHED_STATES, Event, RunFinished, RunStarted, TaskEvent

COLORS = {
    "success": "green", "failed": "red", "upstream_failed": "red", "skipped": "magenta", "running": "cyan",
    "up_for_retry": "yellow", "up_for_reschedule": "yellow", "deferred": "yellow", "queued": "white",
}  # fmt: skip
NAME_WIDTH = 60


class View(Protocol):
    """Shows events."""

    def show(self, event: Event) -> None:
        """Show one more."""


def view(form: str, out: Stream) -> View:
    """The view for ``--format`` and this process's output."""
    if form == "jsonl":
        return Jsonl(out)
    return Table(out) if sys.stdout.isatty() else Lines(out)


class Jsonl:
    """A JSON object for each event."""

    def __init__(self, out: Stream) -> None:
        self._out = out

    def show(self, event: Event) -> None:
        """Show one more."""
        self._out.line(as_json(event))
        sys.stdout.flush()


class Lines:
    """A line for each event."""

    def __init__(self, out: Stream) -> None:
        self._out = out

    def show(self, event: Event) -> None:
        """Show one more."""
        self._out.line(line(event, self._out))
        sys.stdout.flush()


class Table:
    """A line for each task instance, drawn again at each event; as many as the terminal has room for."""

    def __init__(self, out: Stream) -> None:
        self._out = out
        self._drawn = 0
        self._tasks: dict[tuple[str, int], TaskEvent] = {}

    def show(self, event: Event) -> None:
        """Show one more."""
        if isinstance(event, TaskEvent):
            self._tasks[event.task_id, event.map_index] = event
            self._draw(whole=False)
            return
        if isinstance(event, RunFinished):
            self._draw(whole=True)
        self._out.line(line(event, self._out))
        sys.stdout.flush()

    def _draw(self, *, whole: bool) -> None:
        columns, rows = shutil.get_terminal_size()
        shown = list(self._tasks.values())
        if not whole and len(shown) > rows - 3:  # what goes on is worth more than what is over
            going = [event for event in shown if event.state not in FINISHED_STATES]
            over = [event for event in shown if event.state in FINISHED_STATES]
            shown = [*over[len(over) - max(0, rows - 3 - len(going)) :], *going][-(rows - 3) :]
        counts = Counter(event.state for event in self._tasks.values())
        summary = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
        lines = [*(row(event, self._out, columns) for event in shown), summary[: columns - 1]]
        back = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        self._out.write(back + "".join(f"{text}\n" for text in lines))
        self._drawn = 0 if whole else len(lines)
        sys.stdout.flush()


def name(event: TaskEvent) -> str:
    """The task, with the index of a mapped one."""
    return clean(event.task_id if event.map_index < 0 else f"{event.task_id}[{event.map_index}]")


def row(event: TaskEvent, out: Stream, columns: int) -> str:
    """A task instance in a table, no longer than the terminal is wide."""
    left = f"{name(event)[:NAME_WIDTH]:<30} "
    right = f" {_took(event)}{_try(event)}"
    return left[: max(0, columns - 30)] + out.style(f"{event.state:<17}", fg=COLORS.get(event.state)) + right[:12]


def line(event: Event, out: Stream) -> str:
    """An event in a line."""
    if isinstance(event, RunStarted):
        date = f", logical date {event.logical_date.isoformat()}" if event.logical_date else ""
        return clean(f"{event.dag_id}: run {event.run_id}{' (resumed)' if event.resumed else ''}{date}")
    if isinstance(event, RunFinished):
        how = " (cancelled)" if event.cancelled else ""
        return f"{clean(event.dag_id)}: {out.style(event.state, fg=COLORS[event.state], bold=True)}{how}"
    log = f"  {clean(str(event.log))}" if event.log and event.state in ("failed", "up_for_retry") else ""
    text = (
        f"{name(event):<30} {out.style(f'{event.state:<17}', fg=COLORS.get(event.state))} {_took(event)}{_try(event)}"
    )
    return f"{text}{log}".rstrip()


def _took(event: TaskEvent) -> str:
    return f"{event.duration:.1f} s" if event.duration is not None else ""


def _try(event: TaskEvent) -> str:
    return f" try {event.try_number}" if event.try_number > 1 else ""
