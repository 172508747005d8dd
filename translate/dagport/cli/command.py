"""Commands that read source files: their common options, and settings taken from the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from dagport.cli.console import console
from dagport.cli.run import Run
from dagport.cli.settings import apply_config
from dagport.formats import READERS
from dagport.options import AirflowVersion, Deployment, Limits, ReadOptions
from dagport.project.config import find_root, load_config
from dagport.project.discovery import STDIN, Search
from dagport.project.errors import ProjectError
from dagport.project.files import absolute_path
from dagport.project.ignore import IgnoreSyntax
from dagport.project.read import ReadRequest

RELEASE = re.compile(r"\d+\.\d+\.\d+[\w.+\-]*", re.ASCII)
F = TypeVar("F", bound=Callable[..., Any])
COMMON = {"config", "root", "source_root", "from_", "airflow_version", "ignore_syntax", "jobs", "stdin_filename",
          "quiet", "verbose", "color", "variables", "connections", "env_file", "only_project_files",
          "no_cache", "cache_dir"}  # settled in a ``Run``  # fmt: skip
AIRFLOW_VERSIONS: tuple[AirflowVersion, ...] = ("1.10", "2", "3")


class AirflowVersionType(click.ParamType[str]):
    """One of ``AIRFLOW_VERSIONS``, or a whole version."""

    name = "1.10|2|3|X.Y.Z"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, checked."""
        text = str(value)
        if text not in AIRFLOW_VERSIONS and (not RELEASE.fullmatch(text) or major_version(text) is None):
            self.fail(f"{text!r} is none of 1.10, 2, 3, and no whole version of these such as 3.1.2", param, ctx)
        return text


def major_version(text: str | None) -> AirflowVersion | None:
    """Which of ``AIRFLOW_VERSIONS`` a text says."""
    return next((name for name in AIRFLOW_VERSIONS if text == name or (text or "").startswith(f"{name}.")), None)


COMMON_OPTIONS = (
    click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
    click.option("--config", type=click.Path(), help="Configuration file. [default: nearest dagport.toml or "
                 "pyproject.toml with [tool.dagport]]"),
    click.option("--root", type=click.Path(), help="Project root: shown paths are relative to it, and nothing "
                 "outside it is read. [default: the configuration's folder, else the git top]"),
    click.option("--source-root", "source_root", type=click.Path(), multiple=True, help="Folder of Python modules that "
                 "the sources import; several in their order. [default: see docs/repositories.md]"),
    click.option("--from", "from_", type=click.Choice(sorted(READERS)), help="Format of the sources. "
                 "[default: found from each file]"),
    click.option("--airflow-version", type=AirflowVersionType(), help="Airflow that the sources are written for: "
                 "1.10, 2, 3, or the whole version that is deployed, such as 3.1.2, which files may ask for. "
                 "[default: found from the imports]"),
    click.option("--variables", type=click.Path(), metavar="FILE", help="Airflow Variables of the deployment, as "
                 "'airflow variables export' writes them."),
    click.option("--connections", type=click.Path(), metavar="FILE", help="Airflow connections of the deployment, as "
                 "'airflow connections export' writes them; their secrets are never shown."),
    click.option("--env-file", type=click.Path(), metavar="FILE", help="Environment variables of the deployment: "
                 "NAME=VALUE a line. The environment that dagport runs in is never read."),
    click.option("--only-project-files", is_flag=True, help="Nothing but the project's files is deployed: a file that "
                 "the project lacks isn't there. [default: it may be]"),
    click.option("--ignore-syntax", type=click.Choice(["glob", "regexp"]), help="Syntax of .airflowignore. "
                 "[default: regexp for Airflow 1.10 and 2 when --airflow-version says so, else glob]"),
    click.option("--jobs", type=click.IntRange(min=1), help="Processes that read files. [default: as many as pay]"),
    click.option("--no-cache", is_flag=True, help="Analyse every file anew, and keep no results."),
    click.option("--cache-dir", type=click.Path(), metavar="FOLDER", help="Where results are kept. [default: "
                 "DAGPORT_CACHE_DIR, else dagport in the user's cache folder]"),
    click.option("--stdin-filename", metavar="PATH", help="Path to show for '-', the standard input."),
    click.option("--quiet", "-q", is_flag=True, help="No messages but errors."),
    click.option("--verbose", "-v", is_flag=True, help="Also say which root and configuration are used; show a "
                 "traceback for a bug in dagport."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
                 help="Colours; auto: on a terminal, unless NO_COLOR is set."),
)  # fmt: skip


VERBOSE = click.option("--verbose", "-v", is_flag=True, expose_value=False,
                       help="Show a traceback for a bug in dagport.")  # fmt: skip
"""For commands without the options of sources; ``dagport.cli.app`` looks for it."""


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
        limits = apply_config(ctx, config, COMMON)
        root = find_root(Path(given["root"]) if given["root"] else None, config, start)
        ctx.obj = _run(given, root, limits)
        if given["verbose"]:
            ctx.obj.console.message(f"project root: {root}")
            ctx.obj.console.message(f"configuration: {config.file or 'none'}")
        ctx.params = {name: value for name, value in given.items() if name not in COMMON}
        return super().invoke(ctx)


def _run(given: Mapping[str, Any], root: Path, limits: Limits) -> Run:
    version = major_version(given["airflow_version"])
    options = ReadOptions(version, limits, _deployment(given))
    syntax: IgnoreSyntax = given["ignore_syntax"] or ("regexp" if version in ("1.10", "2") else "glob")
    return Run(
        console=console(color=given["color"], quiet=given["quiet"], verbose=given["verbose"]),
        search=Search(root=root, root_given=given["root"] is not None, ignore_syntax=syntax),
        request=ReadRequest(
            format=given["from_"],
            options=options,
            jobs=given["jobs"],
            source_roots=_source_roots(given["source_root"], root),
        ),
        stdin_path=given["stdin_filename"] or STDIN,
        cache_folder=_cache_folder(given),
    )


def _cache_folder(given: Mapping[str, Any]) -> Path | None:
    """Where results are kept; ``None``: nowhere."""
    if given["no_cache"]:
        return None
    if given["cache_dir"]:
        return absolute_path(Path(given["cache_dir"]))
    from dagport.project.folders import cache_folder

    return cache_folder()


def _source_roots(folders: Sequence[str], root: Path) -> tuple[str, ...]:
    """The folders relative to the project root. Raises ``ProjectError`` for one that lies elsewhere or isn't there."""
    found = []
    for folder in folders:
        path = absolute_path(Path(folder))
        if not path.is_dir():
            raise ProjectError(f"the source root {folder} is not a folder")
        if not path.is_relative_to(root):
            raise ProjectError(f"the source root {folder} lies outside the project root {root}")
        relative = path.relative_to(root).as_posix()
        found.append("" if relative == "." else relative)
    return tuple(found)


def _deployment(given: Mapping[str, Any]) -> Deployment:
    """What the files of the options say. Raises ``ProjectError``."""
    variables, connections, env_file = (
        Path(given[name]) if given[name] else None for name in ("variables", "connections", "env_file")
    )
    said: str | None = given["airflow_version"]
    release = None if said in AIRFLOW_VERSIONS else said
    told = Deployment(airflow_release=release, only_project_files=given["only_project_files"])
    if not (variables or connections or env_file):
        return told
    from dagport.project.deployment import read_deployment  # start-up

    found = read_deployment(variables, connections, env_file, major_version(said))
    return replace(told, variables=found.variables, connections=found.connections, environment=found.environment)
