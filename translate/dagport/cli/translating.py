"""Asking a target's writer for a translation, as ``check`` and ``translate`` do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click

from dagport.cli.run import Run
from dagport.translation import Document, Style, Translation, WriteOptions

target_version_option = click.option(
    "--target-version",
    type=click.Choice(("2", "3")),
    help="Airflow: the version to write for; --airflow-version is the one that sources are for. [default: 3]",
)


def attempt(
    run: Run,
    target: str,
    documents: Sequence[Document],
    *,
    allow_inexact: bool,
    delegate: bool,
    package: str | None = None,
    style: Style = "auto",
    target_version: str | None = None,
    tidy: bool = True,
) -> Translation | None:
    """The translation, or ``None`` when the writer failed: then the run knows the crashes.

    Raises ``UsageError`` for graphs that were read from JSON: they hold no function bodies to carry over. Airflow's
    files can do without: they import functions of modules.
    """
    if "json" in run.formats and target != "airflow":
        raise click.UsageError("A translation needs the source files: a graph in JSON has no function bodies.")
    from dagport.project.translate import translate

    default = WriteOptions()
    options = replace(
        default,
        package=package or default.package,
        allow_inexact=allow_inexact,
        delegate=delegate,
        style=style,
        airflow_version=target_version or default.airflow_version,
        tidy=tidy,
    )
    result = translate(target, documents, options)
    if isinstance(result, Translation):
        return result
    run.crashes += result
    return None
