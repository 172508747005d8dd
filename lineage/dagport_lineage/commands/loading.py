"""What a PATH stands for: source files, or an export of events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dagport.cli.console import clean
from dagport.cli.run import Run
from dagport.diagnostics import Diagnostic
from dagport.project.errors import ProjectError
from dagport_lineage.commands.sources import chosen, network_of, read_files
from dagport_lineage.estate.source import Settings
from dagport_lineage.facets import Event
from dagport_lineage.network import Network

MAX_LINE = 64 * 1024 * 1024  # bytes of one event


def is_export(path: str) -> bool:
    """Whether a path is a file of events, each a JSON object on a line: its first line says so."""
    file = Path(path)
    if path == "-" or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            if opened.read(1) != b"{":
                return False
            opened.seek(0)
            first = json.loads(opened.readline(MAX_LINE))
    except (OSError, ValueError, RecursionError):
        return False
    return "eventTime" in first


def read_export(path: str) -> Iterator[tuple[int, Event]]:
    """The events of an export with the numbers of their lines. Raises ``ProjectError`` for another file."""
    try:
        with Path(path).open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE):
                number += 1
                if line.strip():
                    yield number, _event(path, number, line)
    except OSError as error:
        raise ProjectError(f"can't read {path}: {error.strerror}") from None


def _event(path: str, number: int, line: bytes) -> Event:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        raise ProjectError(f"{path}:{number}: not a line of JSON") from None
    if not isinstance(event, dict):
        raise ProjectError(f"{path}:{number}: not an event")
    return event


def export_network(path: str) -> Network:
    """The network of an export. Raises ``ProjectError``."""
    network = Network()
    for number, event in read_export(path):
        try:
            network.add(event)
        except ValueError as error:
            raise ProjectError(f"{path}:{number}: {error}") from None
    return network


def load_network(
    run: Run, paths: Sequence[str], namespace: str | None, *, xcom: bool, diagnostics: list[Diagnostic]
) -> Network:
    """The network of what the paths stand for: either exports, or sources. Raises ``ProjectError`` for both."""
    exports = [path for path in paths if is_export(path)]
    if exports and len(exports) < len(paths):
        raise ProjectError(f"{exports[0]} is an export; sources can't be taken together with it")
    if len(exports) > 1:
        raise ProjectError("one export at a time")
    if exports:
        return export_network(exports[0])
    options = chosen(run, namespace, xcom=xcom)
    network = network_of(read_files(run, paths, Settings(lineage=options), diagnostics), options)
    for name in sorted(network.twice):
        if network.jobs[name].is_pipeline:
            run.console.message(clean(f"more than one file declares {name}: its tasks are shown as those of one"))
    return network


def elsewhere(run: Run, root: Path) -> Run:
    """The same run for another project folder, of which nothing is kept."""
    search = replace(run.search, root=root, root_given=True)
    return replace(run, search=search, cache_folder=None, crashes=run.crashes, formats=run.formats)
