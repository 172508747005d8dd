"""Make ``readers/airflow/removed.json``: modules and names of Airflow 2 that no longer import in Airflow 3.

    python -m tests.engines.removed_names > translate/dagport/readers/airflow/removed.json

Both Airflows import all that their version 2 offers to DAG files, each in its own environment; nothing is read from
their documentation, which lists names that are gone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from tests.engines.environments import clean_variables, environment

OFFERED = """
import importlib, json, pkgutil, sys, types, warnings
warnings.simplefilter("ignore")
import airflow
PARTS = ("datasets decorators exceptions configuration hooks io lineage macros models notifications operators "
         "plugins_manager secrets sensors settings template timetables triggers utils listeners policies stats").split()
IGNORED = ("airflow.utils.db", "airflow.utils.cli", "airflow.utils.log", "airflow.models.abstractoperator")

def offered(module):
    listed = set(getattr(module, "__all__", ()))
    return sorted(listed | {
        name for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "TYPE_CHECKING"
        and str(getattr(value, "__module__", module.__name__)).startswith("airflow")
    })

def walk(path, prefix, found):
    for item in pkgutil.iter_modules(path, prefix):
        if item.name.split(".")[1] not in PARTS or item.name.startswith(IGNORED):
            continue
        try:
            module = importlib.import_module(item.name)
        except Exception:  # it needs a package that isn't installed
            continue
        found[item.name] = offered(module)
        if item.ispkg:
            walk(module.__path__, item.name + ".", found)
    return found

print("RESULT" + json.dumps(walk(airflow.__path__, "airflow.", {})))
"""
MISSING = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")

def has(module, name):
    try:
        getattr(module, name)
    except AttributeError:
        return False
    except Exception:
        return False
    return True

modules, names = [], {}
for home, offered in sorted(json.load(sys.stdin).items()):
    try:
        module = importlib.import_module(home)
    except ImportError:
        modules.append(home)
        continue
    gone = [name for name in offered if not has(module, name)]
    if gone:
        names[home] = gone
print("RESULT" + json.dumps({"modules": modules, "names": names}))
"""


def run(engine: str, program: str, given: str = "") -> str:
    """What a program prints as its result in an engine's environment."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [environment(engine).python, "-c", program],
            input=given,
            env={**clean_variables(), "AIRFLOW_HOME": home},
            capture_output=True,
            text=True,
            check=True,
        )
    return next(line.removeprefix("RESULT") for line in done.stdout.splitlines() if line.startswith("RESULT"))


def removed() -> dict[str, object]:
    """The modules, and the names of modules that are still there."""
    result: dict[str, object] = json.loads(run("airflow3", MISSING, run("airflow2", OFFERED)))
    return result


if __name__ == "__main__":
    json.dump(removed(), sys.stdout, indent=None, separators=(",", ":"), sort_keys=True)
    sys.stdout.write("\n")
