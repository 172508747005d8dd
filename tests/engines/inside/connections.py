"""Read connections by Airflow and by a generated project's file: ``connections.py FILE``, their texts on stdin.

The answer: those that differ, with both. What either refuses is ``None``.
"""

import importlib.util
import json
import os
import sys
from typing import Any

from airflow.exceptions import AirflowException

try:
    from airflow.sdk import Connection
except ImportError:
    from airflow.models.connection import Connection

PARTS = ("conn_id", "conn_type", "host", "login", "password", "schema", "port", "extra", "extra_dejson")


def of_airflow(text: str) -> Any:
    """As Airflow reads a variable of the environment."""
    if text.lstrip().startswith("{"):
        return Connection.from_json(text, conn_id="x")
    return Connection.from_uri(text, conn_id="x") if hasattr(Connection, "from_uri") else Connection("x", uri=text)


def main() -> None:
    """Answer the texts."""
    spec = importlib.util.spec_from_file_location("connections_of_project", sys.argv[1])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)

    def parts(read: Any, given: str) -> dict[str, Any] | None:
        try:
            found = read(given)
            return {part: getattr(found, part) for part in PARTS}
        except (AirflowException, KeyError, TypeError, ValueError):
            return None

    answers = []
    for text in json.load(sys.stdin):
        os.environ["AIRFLOW_CONN_X"] = text
        both = parts(of_airflow, text), parts(module.get_connection, "x")
        if both[0] != both[1]:
            answers.append([text, *both])
    sys.stdout.write("\n" + json.dumps(answers))  # after what Airflow logs


if __name__ == "__main__":
    main()
