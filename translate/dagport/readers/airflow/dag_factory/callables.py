"""Functions that a YAML file names: by a dotted name, by a file and a name, as a lambda, as a callback.

Source: ``dagfactory.utils.get_python_callable`` and ``DagBuilder.set_callback``.
"""

from __future__ import annotations

import posixpath

from dagport.evaluate.domain import Anything, CallSite, External, Unknown, UserClass
from dagport.evaluate.machine import Machine
from dagport.readers.airflow.dag_factory.imports import import_string, refuse

TASK_CALLBACKS = (
    "on_execute_callback",
    "on_success_callback",
    "on_failure_callback",
    "on_retry_callback",
    "on_skipped_callback",
)
DAG_CALLBACKS = TASK_CALLBACKS[:3]
FACTORY_ERROR = "dagfactory.exceptions.DagFactoryException"
CONFIG_ERROR = "dagfactory.exceptions.DagFactoryConfigException"


def has(values: dict[str, Anything], key: str) -> bool:
    """``check_dict_key``: the key is there, and isn't null."""
    return values.get(key) is not None


def get_python_callable(name: Anything, file: Anything, site: CallSite) -> Anything:
    """The function of that name in a file of the deployment, taken to be there as an imported name is."""
    lost = next((item for item in (file, name) if isinstance(item, Unknown)), None)
    if lost is not None:
        return lost
    if not isinstance(file, str):
        raise refuse("TypeError", f"expected str, bytes or os.PathLike object, not {type(file).__name__}", site)
    if not file.startswith("/"):
        raise refuse(FACTORY_ERROR, "`python_callable_file` must be absolute path", site)
    if not isinstance(name, str):
        raise refuse("TypeError", "attribute name must be string", site)
    stem = posixpath.basename(file).rpartition(".")[0]
    if not file.endswith(".py") or not stem:
        raise refuse("AttributeError", f"{file!r} isn't a Python file that can be loaded", site)
    return External(f"{stem}.{name}")


def take_named(values: dict[str, Anything], target: str, prefix: str, site: CallSite) -> None:
    """Replace ``<prefix>_name`` and ``<prefix>_file`` by the function itself."""
    values[target] = get_python_callable(values[f"{prefix}_name"], values[f"{prefix}_file"], site)
    del values[f"{prefix}_name"], values[f"{prefix}_file"]


def lambda_of(text: Anything, machine: Machine, site: CallSite) -> Anything:
    """A lambda given as text: what it does matters only when the task runs."""
    return text if isinstance(text, Unknown) else machine.unknown("a lambda given as text isn't followed", site)


def set_callbacks(machine: Machine, values: dict[str, Anything], names: tuple[str, ...], site: CallSite) -> None:
    """Replace what names callbacks by the callbacks themselves."""
    for name in names:
        if has(values, name):
            values[name] = _callback(machine, values[name], name, site)
        if has(values, f"{name}_name") and has(values, f"{name}_file"):
            take_named(values, name, name, site)


def _callback(machine: Machine, value: Anything, name: str, site: CallSite) -> Anything:
    if isinstance(value, str | Unknown):
        return import_string(machine, value, site)
    if isinstance(value, dict) and has(value, "callback") and isinstance(value["callback"], str | Unknown):
        callback = import_string(machine, value["callback"], site)
        given = {key: item for key, item in value.items() if key != "callback"}
        return _with_parameters(machine, callback, given, site)
    raise refuse(CONFIG_ERROR, f"Invalid type passed to {name}", site)


def _with_parameters(machine: Machine, callback: Anything, given: dict[str, Anything], site: CallSite) -> Anything:
    """A notifier is made with the parameters; a function is called with them later."""
    if isinstance(callback, Unknown):
        return callback
    if not all(isinstance(key, str) for key in given):
        raise refuse("TypeError", "keywords must be strings", site)
    if _is_notifier(machine, callback, site):
        return machine.call(callback, [], given, site)
    return machine.call(machine.external("functools.partial"), [callback], given, site)


def _is_notifier(machine: Machine, callback: Anything, site: CallSite) -> bool:
    """Whether dag-factory takes a callback for a class of notifiers: whether it has ``notify``."""
    names = [callback.name] if isinstance(callback, External) else []
    if isinstance(callback, UserClass):
        if callback.lookup("notify") is not NotImplemented:
            return True
        names = callback.externals()
    last = [name.rpartition(".")[2] for name in names]
    if any(name.endswith("Notifier") for name in last):
        return True
    if any(name[:1].isupper() for name in last):
        machine.doubt("DP201", f"whether `{names[0]}` is a notifier isn't known", site)
    return False
