"""The datasets that the operators of Airflow's providers name themselves, without a server that answers.

Reads lines of JSON ``{"module": ..., "call": ..., "connections": {...}}`` from a file; ``call`` makes the operator, but
for its ``task_id``. Prints a line for each: ``{"inputs": [[namespace, name]], "outputs": [...]}`` or ``{"none": why}``.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

METHODS = ("get_openlineage_facets_on_complete", "get_openlineage_facets_on_start")
PREPARED = {
    "S3DeleteObjectsOperator": lambda it: {"_keys": it.keys},
    "GCSToGCSOperator": lambda it: {
        "source_objects": it.source_objects or [it.source_object],
        "destination_bucket": it.destination_bucket or it.source_bucket,
    },
    "GCSTimeSpanFileTransformOperator": lambda it: {
        "_source_prefix_interp": it.source_prefix,
        "_destination_prefix_interp": it.destination_prefix,
    },
    "SageMakerProcessingOperator": lambda it: {"serialized_job": it.config},
    "SageMakerTransformOperator": lambda it: {
        "serialized_model": {"PrimaryContainer": {}},
        "serialized_transform": it.config.get("Transform", it.config),
    },
}
"""What ``execute`` of a class would have set."""


def refused(*_: Any, **__: Any) -> Any:
    """No connection is made, and at once."""
    raise OSError("there is no network here")


def answer(module: str, call: str) -> dict[str, Any]:
    """What one operator says of its datasets."""
    name, _, rest = call.partition("(")
    operator = eval(f"{name}(task_id='t', {rest}", {name: getattr(importlib.import_module(module), name)})
    method = next((getattr(operator, method) for method in METHODS if hasattr(operator, method)), None)
    if method is None:
        return {"none": "no method"}
    for field, value in PREPARED.get(name, lambda _: {})(operator).items():
        setattr(operator, field, value)
    found = method(SimpleNamespace()) if method.__name__ == METHODS[0] else method()
    if found is None:
        return {"none": "nothing"}
    return {side: [[one.namespace, one.name] for one in getattr(found, side)] for side in ("inputs", "outputs")}


def main() -> None:
    """Answer all questions."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    for name in ("getaddrinfo", "gethostbyname"):
        setattr(socket, name, refused)
    for conn_id, fields in rows[0]["connections"].items():
        os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"] = fields
    answers = []
    for row in rows:
        try:
            answers.append(answer(row["module"], row["call"]))
        except Exception as error:  # noqa: BLE001 - whatever a class raises where it needs a server
            answers.append({"none": type(error).__name__})
    sys.stdout.write("\n" + "\n".join(map(json.dumps, answers)) + "\n")


if __name__ == "__main__":
    main()
