"""Render templates by Airflow, and evaluate the Python that stands for them: ``templates.py IMPORTS``, cases on stdin.

Airflow gets a date of pendulum's, the Python a plain one. A case is a template and the Python; the answer both texts.
"""

import json
import sys
from datetime import datetime

import pendulum

try:
    from airflow.sdk.definitions._internal.templater import SandboxedEnvironment
except ImportError:
    from airflow.templates import SandboxedEnvironment
try:
    from airflow.sdk.execution_time import macros
except ImportError:
    from airflow import macros
import jinja2

MOMENT = datetime.fromisoformat("2024-02-29T22:58:07.123456+00:00")
PARAMS = {"name": "<a> & 'b'", "n": "7", "none": None, "list": [3, "x", None], "map": {"b": 1, "a": [True]}}


def main() -> None:
    """Answer the cases."""
    names: dict[str, object] = {"logical_date": MOMENT, "params": PARAMS, "ds": "2024-02-29"}
    exec(sys.argv[1], names)
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"], cache_size=0)
    context = {
        "logical_date": pendulum.instance(MOMENT),
        "params": PARAMS,
        "ds": "2024-02-29",
        "macros": macros,
    }
    answers = []
    for template, source in json.load(sys.stdin):
        answers.append([environment.from_string(template).render(context), str(eval(source, names))])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
