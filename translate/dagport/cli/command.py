"""Commands that read source files: their common options, and settings taken from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from dagport.cli.closest import did_you_mean
from dagport.cli.console import console
from dagport.cli.run import Run
from dagport.formats import READERS
from dagport.options import Limits, ReadOptions
from dagport.project.config import Config, find_root, load_config
from dagport.project.discovery import STDIN, Search
from dagport.project.errors import ProjectError
from dagport.project.ignore import IgnoreSyntax
from dagport.project.read import ReadRequest

F = TypeVar("F", bound=Callable[..., Any])
LIMITS = "limits"  # a table of the configuration; no option
# These say something about one run, not about a project.
NOT_CONFIGURED = {"help", "config", "paths", "stdin_filename", "diff", "check", "force"}
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
    click.option("--verbose", "-v", is_flag=True, help="More messages; a traceback for a bug in dagport."),
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
        limits = self.configure(ctx, config)
        root = find_root(Path(given["root"]) if given["root"] else None, config, start)
        ctx.obj = _run(given, root, limits)
        ctx.params = {name: value for name, value in given.items() if name not in COMMON}
        return super().invoke(ctx)

    def configure(self, ctx: click.Context, config: Config) -> Limits:
        """Set what the configuration says and the command line doesn't.

        A table named after this command counts more than the top level. Raises ``ProjectError`` for a key that no
        command has and for a value that its option doesn't take.
        """
        own = {key: param for param in self.params if (key := config_key(param))}
        table = config.values.get(str(self.name), {})
        if not isinstance(table, Mapping):
            raise ProjectError(f"{config.file}: {self.name} is not a table")
        for key in table:
            if key not in own:
                raise ProjectError(f"{config.file}: unknown key {self.name}.{key}." + did_you_mean(key, own))
        for key in config.values:
            if key not in own and key != LIMITS:
                _check_known(ctx, key, config)
        for key, value in {**config.values, **table}.items():
            if key in own:
                _set(ctx, own[key], key, value, config)
        return _limits(config)


def config_key(param: click.Parameter) -> str | None:
    """The key of an option in the configuration; ``None`` where it has none."""
    if not isinstance(param, click.Option) or param.name in NOT_CONFIGURED:
        return None
    return max(param.opts, key=len).removeprefix("--")


def _run(given: Mapping[str, Any], root: Path, limits: Limits) -> Run:
    version = given["airflow_version"]
    syntax: IgnoreSyntax = given["ignore_syntax"] or ("regexp" if version in ("1.10", "2") else "glob")
    return Run(
        console=console(color=given["color"], quiet=given["quiet"], verbose=given["verbose"]),
        search=Search(root=root, root_given=given["root"] is not None, ignore_syntax=syntax),
        request=ReadRequest(format=given["from_"], options=ReadOptions(version, limits), jobs=given["jobs"]),
        stdin_path=given["stdin_filename"] or STDIN,
    )


def _set(ctx: click.Context, param: click.Parameter, key: str, value: object, config: Config) -> None:
    name = str(param.name)
    if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
        return
    is_flag = isinstance(param, click.Option) and param.is_flag
    if is_flag != isinstance(value, bool):
        raise ProjectError(f"{config.file}: {key}: {value!r} is not {'true or false' if is_flag else 'a value for it'}")
    try:
        # TOML reads a version such as 2 as a number.
        converted = param.type_cast_value(ctx, str(value) if isinstance(param.type, click.Choice) else value)
    except click.BadParameter as error:
        raise ProjectError(f"{config.file}: {key}: {error.message}") from None
    if isinstance(param.type, click.Path) and config.folder:
        converted = str(config.folder / converted)
    ctx.params[name] = converted


def _check_known(ctx: click.Context, key: str, config: Config) -> None:
    """Let a key pass that is another command's option or its table."""
    group = cast(click.Group, ctx.parent.command if ctx.parent else ctx.command)
    known = {LIMITS}
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        options = {option for param in command.params if (option := config_key(param))} if command else set()
        known |= {name, *options}
    if key not in known:
        raise ProjectError(f"{config.file}: unknown key {key}." + did_you_mean(key, known))


def _limits(config: Config) -> Limits:
    table = config.values.get(LIMITS, {})
    if not isinstance(table, Mapping):
        raise ProjectError(f"{config.file}: {LIMITS} is not a table")
    known = [field.name for field in fields(Limits)]
    for key, value in table.items():
        if key not in known:
            raise ProjectError(f"{config.file}: unknown key {LIMITS}.{key}." + did_you_mean(key, known))
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ProjectError(f"{config.file}: {LIMITS}.{key}: {value!r} is not a number above 0")
    return Limits(**table)
