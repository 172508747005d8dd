"""All rules of operators: which classes they are for, and which arguments they ask."""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest

from dagport.graph import FileGraph, Pipeline, Schedule, Task
from dagport.readers.airflow.operators import facts
from dagport.readers.airflow.operators import find as known_operator
from dagport.source import Source
from dagport_lineage.extract import operators
from dagport_lineage.extract.operators import management, management_amazon, management_google, programs, rules
from dagport_lineage.model import Found
from dagport_lineage.scope import Scope

PIPELINE = Pipeline(id="p", exact=True, schedule=Schedule(kind="manual"))
SCOPE = Scope(graph=FileGraph(path="f.py", orchestrator="airflow"), pipeline=PIPELINE, source=Source("f.py", ""))
BASES = ("BaseOperator", "BaseSensor", "BaseSQLOperator", "BaseBranchOperator")
OLD_OR_SHARED = {
    "pd_kwargs",  # of SqlToS3Operator before ``df_kwargs``
    "sftp_remote_host", "sftp_hook", "ssh_hook", "remote_host",  # of one class of several with the same rule
}  # fmt: skip


HERE = (
    "azure", "commands", "empty", "exports", "files", "former", "gcs", "http", "jobs", "loads", "management",
    "management_amazon", "management_google", "messages", "programs", "s3", "to_gcs", "to_s3",
)  # fmt: skip


def import_family(file: str) -> Mapping[str, operators.Rule]:
    """The rules of a family."""
    family: Mapping[str, operators.Rule] = import_module(f"{operators.__name__}.{file}").FAMILY
    return family


class Asked(Mapping[str, Any]):
    """Arguments that are all set to the same value, and remember which of them were asked for."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.names.add(name)
        return self.value

    def get(self, name: str, default: object = None) -> object:
        self.names.add(name)
        return default if self.value is None else self.value

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def families() -> dict[str, list[str]]:
    """The classes of each family, by the name of its file."""
    names = [module.name for module in pkgutil.iter_modules(operators.__path__)]
    return {name: list(import_family(name)) for name in names}


def test_a_class_has_one_rule() -> None:
    counted = Counter(name for names in families().values() for name in names)
    assert [name for name, count in counted.items() if count > 1] == []


def test_most_classes_of_the_providers_have_a_rule() -> None:
    known = [f"{module}.{name}" for module, names in facts()["modules"].items() for name in names]
    missing = {name for name in known if name not in rules() and not name.endswith(BASES) and "Base" not in name}
    python = {name for name in missing if ".python." in name or name.endswith("DecoratedSensorOperator")}
    assert sorted(name.rpartition(".")[2] for name in missing - python) == ["PySparkOperator", "SnowparkOperator"]


@pytest.mark.parametrize("file", HERE)
def test_a_rule_asks_for_arguments_of_its_class_only(file: str) -> None:
    unknown = {}
    for name, rule in import_family(file).items():
        entry = known_operator(name)
        if entry is not None and entry.parameters is not None:
            unknown[name] = asked(name, rule) - set(entry.parameters) - OLD_OR_SHARED
    assert {name: arguments for name, arguments in unknown.items() if arguments} == {}


def asked(name: str, rule: operators.Rule) -> set[str]:
    """The arguments that a rule asks for, whatever they are set to."""
    found: set[str] = set()
    for value in (None, "x", ["x"], {"x": "y"}, True):
        arguments = Asked(value)
        rule(Task(id="t", operator=name, kind="other", arguments=arguments), SCOPE)
        found |= arguments.names
    return found


@pytest.mark.parametrize("family", [management, management_amazon, management_google])
def test_what_manages_services_touches_no_data(family: Any) -> None:
    for name, rule in family.FAMILY.items():
        assert rule(Task(id="t", operator=name, kind="other"), SCOPE) == Found()


def test_a_job_elsewhere_is_unknown_on_both_sides() -> None:
    for name, rule in programs.FAMILY.items():
        (gap,) = rule(Task(id="t", operator=name, kind="other", arguments=Asked("nightly")), SCOPE).gaps
        assert (gap.side, gap.reason) == ("both", "command")
        assert "can't be told" in gap.message
