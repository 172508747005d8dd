"""Python files that call dag-factory: their DAGs are read from the YAML files, and listed there.

``load_yaml_dags`` is the way of version 1; a ``DagFactory`` with ``generate_dags`` that of the versions before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, SourceFile
from dagport.evaluate.files import as_text

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

POSITIONAL = ("globals_dict", "dags_folder", "config_filepath")
GENERATE = ("generate_dags", "_generate_dags", "build_dags", "clean_dags")


def find_loader(name: str) -> Native | None:
    """The model of a function or class of dag-factory by its qualified name."""
    last = name.rpartition(".")[2]
    return _load if last == "load_yaml_dags" else _factory if last in ("DagFactory", "_DagFactory") else None


def _load(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    given = {**dict(zip(POSITIONAL, args, strict=False)), **kwargs}
    if given.get("config_dict") is not None:
        _note(machine, "dag-factory makes DAGs of a dict here, which isn't followed: they are missing", site)
    elif given.get("config_filepath") is not None:
        _note(machine, _of_file(given["config_filepath"]), site)
    else:
        what = "all YAML files of the DAGs folder" if "dags_folder" not in given else "all YAML files of a folder"
        _note(machine, f"dag-factory makes DAGs of {what}: they are listed with the YAML files, not here", site)


def _of_file(path: Anything) -> str:
    text = as_text(path)
    known = (text.rest or "").lstrip("/") if isinstance(text, SourceFile) else text
    shown = f"`{known}`" if isinstance(known, str) and known else "a YAML file whose path isn't known"
    return f"dag-factory makes DAGs of {shown}: they are listed with that file, not here"


class _Factory(Model):
    """An object of the older versions."""

    __slots__ = ("path",)
    type_name = "dagfactory.DagFactory"

    def __init__(self, path: Anything) -> None:
        self.path = path

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``generate_dags`` puts the DAGs into the namespace that it is given."""
        if name not in GENERATE:
            return NotImplemented

        def generate(machine: Machine, args: list[Any], kwargs: dict[str, Any], call: CallSite) -> Anything:
            if name != "clean_dags":
                _note(machine, _of_file(self.path), call)
            return machine.unknown("the DAGs stand in a YAML file", call) if name == "build_dags" else None

        return NativeFunction(name, generate)


def _factory(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> _Factory:
    return _Factory(args[0] if args else kwargs.get("config_filepath", kwargs.get("config")))


def _note(machine: Machine, message: str, site: CallSite) -> None:
    hooks: Any = machine.hooks
    hooks.yaml_loads.append((message, site))
