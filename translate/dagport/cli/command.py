"""Commands that read source files: their common options, and settings taken from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from dagport.cli.console import console
from dagport.cli.run import Run
from dagport.cli.settings import apply_config
from dagport.formats import READERS
from dagport.options import Limits, ReadOptions
from dagport.project.config import find_root, load_config
from dagport.project.discovery import STDIN, Search
from dagport.project.ignore import IgnoreSyntax
from dagport.project.read import ReadRequest

F = TypeVar("F", bound=Callable[..., Any])
COMMON = {"config", "root", "from_", "airflow_version", "ignore_syntax", "jobs", "stdin_filename", "quiet", "verbose",
          "color"}  # settled in a ``Run``; the rest is the command's own  # fmt: skip
AIRFLOW_VERSIONS = ("1.10", "2", "3")
COMMON_OPTIONS = (
    click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
    click.option("--config", type=click.Path(), help="Configuration file. [default: nearest dagport.toml or "
                 "pyproject.toml with [tool.dagport]]"),
    click.option("--root", type=click.Path(), help="Project root: shown paths are relative to it, and nothing "
                 "outside it is read. [default: the configuration's folder, else the git top]"),
    click.option("--from", "from_", type=click.Choice(sorted(READERS)), help="Format of the sources. "
                 "[default: found from each file]"),
    click.option("--airflow-version", type=click.Choice(AIRFLOW_VERSIONS), help="Airflow that the sources are "
                 "written for. [default: found from the imports]"),
    click.option("--ignore-syntax", type=click.Choice(["glob", "regexp"]), help="Syntax of .airflowignore. "
                 "[default: regexp for Airflow 1.10 and 2 when --airflow-version says so, else glob]"),
    click.option("--jobs", type=click.IntRange(min=1), help="Processes that read files. [default: as many as pay]"),
    click.option("--stdin-filename", metavar="PATH", help="Path to show for '-', the standard input."),
    click.option("--quiet", "-q", is_flag=True, help="No messages but errors."),
    click.option("--verbose", "-v", is_flag=True, help="Also say which root and configuration are used; show a "
                 "traceback for a bug in dagport."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
                 help="Colours; auto: on a terminal, unless NO_COLOR is set."),
)  # fmt: skip


def source_options(function: F) -> F:
    """Add the argument and the options that all commands share which read source files."""
    for option in reversed(COMMON_OPTIONS):
        function = option(function)
    return function


class SourceCommand(click.Command):
    """Fills options that weren't given from the configuration, and hands a ``Run`` to the command."""

    def invoke(self, ctx: click.Context) -> Any:
        """Settle the common options, then call the command."""
        given = ctx.params
        start = Path(given["root"] or ".")
        config = load_config(Path(given["config"]) if given["config"] else None, start)
        limits = apply_config(ctx, config)
        root = find_root(Path(given["root"]) if given["root"] else None, config, start)
        ctx.obj = _run(given, root, limits)
        if given["verbose"]:
            ctx.obj.console.message(f"project root: {root}")
            ctx.obj.console.message(f"configuration: {config.file or 'none'}")
        ctx.params = {name: value for name, value in given.items() if name not in COMMON}
        return super().invoke(ctx)


def _run(given: Mapping[str, Any], root: Path, limits: Limits) -> Run:
    version = given["airflow_version"]
    syntax: IgnoreSyntax = given["ignore_syntax"] or ("regexp" if version in ("1.10", "2") else "glob")
    return Run(
        console=console(color=given["color"], quiet=given["quiet"], verbose=given["verbose"]),
        search=Search(root=root, root_given=given["root"] is not None, ignore_syntax=syntax),
        request=ReadRequest(format=given["from_"], options=ReadOptions(version, limits), jobs=given["jobs"]),
        stdin_path=given["stdin_filename"] or STDIN,
    )
