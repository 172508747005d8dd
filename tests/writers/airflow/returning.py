"""Round trips: what is written for Airflow is read again, and has to be the same pipelines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dagport import codec, formats
from dagport.graph import FileGraph, Pipeline
from dagport.options import AirflowVersion, ReadOptions
from dagport.source import Source
from dagport.workspace import Workspace

SECOND = re.compile(r"_\d+$")  # a function whose name another one has, too, gets a number
PLACES = ("span", "assumptions", "engine_version")
"""What another file, or another version, says in another way."""


def read_files(
    files: Mapping[str, str], workspace: Workspace | None = None, version: AirflowVersion = "3"
) -> list[FileGraph]:
    """The graphs of written files; with a workspace they are seen in its folders."""
    options = ReadOptions(airflow_version=version, workspace=workspace)
    found = []
    for path, text in sorted(files.items()):
        if workspace is not None:
            workspace.put(path, text.encode())
        found.append(formats.reader("airflow")(Source(path, text, path if workspace else None), options))
    return found


def differences(before: Iterable[FileGraph], after: Iterable[FileGraph]) -> list[str]:
    """Everything in which pipelines of the same id aren't the same; those of one side only aren't told."""
    old = {item.id: item for graph in before for item in graph.pipelines}
    return [
        f"{item.id}: {difference}"
        for graph in after
        for item in graph.pipelines
        for difference in _differences(_plain(old[item.id]), _plain(item))
    ]


def _plain(pipeline: Pipeline) -> dict[str, Any]:
    record: dict[str, Any] = {k: v for k, v in codec.to_json(pipeline).items() if k not in PLACES}
    record["tasks"] = {task["id"]: _task(task) for task in record["tasks"]}
    record["groups"] = {group["id"]: group for group in record["groups"]}
    record["data_flows"] = sorted(record["data_flows"], key=str)
    return record


def _task(task: dict[str, Any]) -> dict[str, Any]:
    function = task["callable"]
    arguments = {name: value for name, value in task["arguments"].items() if name != "doc_md"}  # it is in `doc`
    name = function and SECOND.sub("", function["name"])
    operator = task["operator"].replace("airflow.decorators.", "airflow.sdk.")
    return {**task, "span": None, "callable": name, "arguments": arguments, "operator": operator}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if isinstance(one, dict) and isinstance(other, dict) and name in ("tasks", *old.get("tasks", ())):
            yield from (f"{name}.{found}" for found in _differences(one, other))
        elif one != other:
            yield f"{name}: {other!r}, not {one!r}"
