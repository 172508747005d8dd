"""All steps of an upgrade, in their order."""

from __future__ import annotations

from dagport.graph import FileGraph
from dagport.source import Source
from dagport.writers.airflow.upgrade.branches import upgrade_branches
from dagport.writers.airflow.upgrade.contexts import upgrade_contexts
from dagport.writers.airflow.upgrade.dags import upgrade_dags
from dagport.writers.airflow.upgrade.file import File, Finding
from dagport.writers.airflow.upgrade.functions import upgrade_functions
from dagport.writers.airflow.upgrade.imports import Imports
from dagport.writers.airflow.upgrade.tasks import upgrade_tasks
from dagport.writers.airflow.upgrade.templates import upgrade_templates


def upgraded(source: Source, graph: FileGraph) -> tuple[str, list[Finding]]:
    """The text for Airflow 3, and what a person has to know of it.

    Raises ``libcst.ParserSyntaxError`` for text that isn't Python.
    """
    file = File(source, graph)
    imports = Imports(file)
    upgrade_dags(file, imports)
    upgrade_tasks(file, imports)
    upgrade_functions(file, imports)
    upgrade_contexts(file)
    upgrade_templates(file)
    upgrade_branches(file)
    imports.move()
    imports.settle()
    return file.edits.apply(0, len(source.text)), sorted(file.findings, key=lambda item: item.span)
