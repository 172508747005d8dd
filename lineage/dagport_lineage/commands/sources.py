"""What the commands that read source files share: their options, and the events of the files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import click

from dagport.cli.run import Run
from dagport.diagnostics import Diagnostic
from dagport_lineage.estate.source import FileEvents, Settings, extra, file_results
from dagport_lineage.network import JobName, Network
from dagport_lineage.scope import LineageOptions

F = TypeVar("F", bound=Callable[..., Any])
NAMESPACE_VARIABLES = ("AIRFLOW__OPENLINEAGE__NAMESPACE", "OPENLINEAGE_NAMESPACE")
"""What Airflow's provider asks, in its order: a section of Airflow's configuration, then the client's variable."""
LINEAGE_OPTIONS = (
    click.option("--namespace", help="Namespace of the jobs. [default: that of the deployment's --env-file, "
                 "as Airflow's provider finds it, else 'default']"),
    click.option("--xcom", is_flag=True, help="Results that tasks hand over are datasets, too."),
)  # fmt: skip


def lineage_options(function: F) -> F:
    """Add the options that decide over what is found."""
    for option in reversed(LINEAGE_OPTIONS):
        function = option(function)
    return function


def chosen(run: Run, namespace: str | None, *, xcom: bool, **more: bool) -> LineageOptions:
    """The options as the extraction takes them."""
    found = namespace or _namespace(run.request.options.deployment.environment)
    return LineageOptions(namespace=found or "default", xcom=xcom, **more)


def _namespace(environment: Mapping[str, str]) -> str | None:
    return next((environment[name] for name in NAMESPACE_VARIABLES if environment.get(name)), None)


def read_files(
    run: Run,
    paths: Sequence[str],
    settings: Settings,
    diagnostics: list[Diagnostic],
    *,
    streams: bool = False,
    keeps: bool = False,
) -> Iterator[FileEvents]:
    """The events of each file, in path order; what is wrong with files is added to ``diagnostics``.

    ``keeps``: each says what its analysis looked at.
    """
    settings = replace(settings, root=os.path.realpath(run.search.root))
    run.request = replace(run.request, extra=extra(settings), keeps=keeps)
    for result in run.results(paths, streams=streams):
        if result.has_errors:
            diagnostics += [item for graph in result.graphs for item in graph.diagnostics if item.severity == "error"]
        yield from file_results(result)


def print_errors(run: Run, diagnostics: Sequence[Diagnostic]) -> None:
    """What keeps files from being read."""
    if diagnostics:
        from dagport.cli.reports.text import one_line

        for item in diagnostics:
            run.console.err.line(one_line(item, run.console.err))


def network_of(files: Iterator[FileEvents], options: LineageOptions) -> Network:
    """The network that the events of all files make, with the places of its jobs."""
    network = Network()
    for file in files:
        for line in file.events:
            network.add(json.loads(line))
        for name, place in file.places.items():
            network.jobs[JobName(options.namespace, name)].place = place
    return network
