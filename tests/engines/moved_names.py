"""Make ``writers/airflow/upgrade/moved.json``: where Airflow 3 has the names that Airflow 1 and 2 had elsewhere.

    python -m tests.engines.moved_names > translate/dagport/writers/airflow/upgrade/moved.json

Both Airflows say so themselves: Airflow 2 in the tables that its old modules refer to, Airflow 3 in the warnings of
those that it still has. What both have dropped is looked for by its name where Airflow 3 keeps what DAG files use.
Names of
providers are taken as Airflow 2 tells them. Each target that lies in the environment is imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from tests.engines.environments import clean_variables, environment
from tests.engines.removed_names import OFFERED

TABLES = """
import importlib, json, warnings
warnings.simplefilter("ignore")
import airflow.utils.deprecation_tools as tools
found = {}
def note(module_imports, package, *_, **__):
    for module, names in module_imports.items():
        for name, target in names.items():
            found[f"{package}.{module}.{name}"] = target
tools.add_deprecated_classes = note
PACKAGES = "contrib.hooks contrib.operators contrib.sensors contrib.secrets hooks operators sensors macros".split()
for package in PACKAGES:
    importlib.import_module(f"airflow.{package}")
print("RESULT" + json.dumps(found))
"""
TARGETS = """
import importlib, json, pkgutil, re, sys, types, warnings
import airflow.sdk, airflow.sdk.exceptions
PLEASE = re.compile(r"[Pp]lease use `+'?([\\w.]+)'?`+")
OTHERS = ("Variable", "Connection", "literal", "conf", "result", "macros", "timezone")  # the same only in name
HOMES = ("airflow.sdk", "airflow.sdk.exceptions", "airflow.sdk.timezone", "airflow.exceptions")

def standard():
    import airflow.providers.standard as package
    for item in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".example_dags" not in item.name and not item.name.endswith("get_provider_info"):
            yield item.name

HOMES = (*HOMES, *standard(), "airflow.providers.common.sql.hooks.sql")

def has(module, name):
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = getattr(importlib.import_module(module), name)
    except Exception:
        return None, []
    return value, [str(item.message) for item in caught if "Deprecat" in item.category.__name__]

def where(module, name):
    value, messages = has(module, name)
    if value is not None and not messages:
        return f"{module}.{name}"
    if module != "airflow.sdk" and name in airflow.sdk.__all__ and name not in OTHERS:
        return f"airflow.sdk.{name}"
    for message in messages:
        match = PLEASE.search(message)
        if match:  # some name the module only
            found = has(*match[1].rpartition(".")[::2])[0]
            return match[1] if found is not None and not isinstance(found, types.ModuleType) else f"{match[1]}.{name}"
    for home in HOMES:
        value, messages = has(home, name)
        own = getattr(value, "__module__", home) == home or home == "airflow.sdk"
        if value is not None and not messages and own and not isinstance(value, types.ModuleType):
            return f"{home}.{name}"
    return None

def exported(target):
    # `airflow.sdk` is where the others are documented to be imported from.
    name = target.rpartition(".")[2]
    found = getattr(airflow.sdk, name, None) if name in airflow.sdk.__all__ else None
    value = has(*target.rpartition(".")[::2])[0]
    return f"airflow.sdk.{name}" if found is not None and found is value else target

def there(target):
    # Providers that aren't installed here can't be looked into: Airflow 2 says where they have it.
    module, _, name = target.rpartition(".")
    known = not target.startswith("airflow.providers.") or target.startswith(("airflow.providers.standard.",
            "airflow.providers.common.sql.hooks", "airflow.providers.smtp."))
    return not known or (has(module, name)[0] is not None and not has(module, name)[1])

found, gone = {}, []
for module, names in json.load(sys.stdin).items():
    for name in names:
        if name.startswith("_") or name in ("T", "conf"):
            continue
        if isinstance(sys.modules.get(f"{module}.{name}"), types.ModuleType):
            continue
        target = where(module, name)
        if target is None:
            gone.append(f"{module}.{name}")
        elif target != f"{module}.{name}" and there(exported(target)):
            found[f"{module}.{name}"] = exported(target)
print("RESULT" + json.dumps({"moved": found, "gone": gone}))
"""


def moved() -> dict[str, object]:
    """``moved``: old qualified name to new one; ``gone``: what Airflow 3 has nowhere."""
    with tempfile.TemporaryDirectory() as home:
        offered = json.loads(_run("airflow2", OFFERED, home, ""))
        tables: dict[str, str] = json.loads(_run("airflow2", TABLES, home, ""))
        more: dict[str, list[str]] = {}
        for name in (*tables, *tables.values()):
            module, _, last = name.rpartition(".")
            more.setdefault(module, []).append(last)
        asked = {module: sorted({*offered.get(module, ()), *more.get(module, ())}) for module in {*offered, *more}}
        told = json.loads(_run("airflow3", TARGETS, home, json.dumps(asked)))
    found: dict[str, str] = told["moved"]
    for old, new in tables.items():
        target = found.get(new, new)
        if old not in found and (target in found.values() or _is_class_of_provider(target)):
            found[old] = target
    offered_names = {f"{module}.{name}" for module, names in offered.items() for name in names}
    gone = sorted(name for name in told["gone"] if name in offered_names and name not in found)
    return {"moved": dict(sorted(found.items())), "gone": gone}


def _is_class_of_provider(name: str) -> bool:
    return name.startswith("airflow.providers.") and name.rpartition(".")[2][:1].isupper()


def _run(engine: str, program: str, home: str, given: str) -> str:
    done = subprocess.run(
        [environment(engine).python, "-c", program],
        input=given,
        capture_output=True,
        encoding="utf-8",
        env={**clean_variables(), "AIRFLOW_HOME": home},
        check=False,
    )
    if "RESULT" not in done.stdout:
        sys.exit(done.stderr[-4000:])
    return done.stdout.partition("RESULT")[2]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(moved(), indent=0) + "\n")
