"""What the configuration sets for a command: options that weren't given, and the limits of the analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, cast

import click

from dagport.cli.closest import did_you_mean
from dagport.options import Limits
from dagport.project.config import Config
from dagport.project.errors import ProjectError

LIMITS = "limits"  # a table of the configuration; no option
# These say something about one run, not about a project.
NOT_CONFIGURED = {"help", "config", "paths", "stdin_filename", "diff", "check", "force"}


def apply_config(ctx: click.Context, config: Config) -> Limits:
    """Set what the configuration says and the command line doesn't.

    A table named after the command counts more than the top level. Raises ``ProjectError`` for a key that no
    command has and for a value that its option doesn't take.
    """
    own = options_by_key(ctx.command)
    top = {key: value for key, value in config.values.items() if key in own}
    tables = {key: value for key, value in config.values.items() if key not in own and key != LIMITS}
    for key, table in tables.items():
        _check_key(ctx, config, key, table)
    for key, value in {**top, **tables.get(str(ctx.command.name), {})}.items():
        _set(ctx, own[key], key, value, config)
    return _limits(config)


def options_by_key(command: click.Command) -> dict[str, click.Option]:
    """The options of a command that a configuration can set, by the key it uses for them."""
    return {
        max(param.opts, key=len).removeprefix("--"): param
        for param in command.params
        if isinstance(param, click.Option) and param.name not in NOT_CONFIGURED
    }


def _check_key(ctx: click.Context, config: Config, key: str, value: object) -> None:
    """Let a key pass that is the table of a command or another command's option."""
    group = cast(click.Group, ctx.parent.command if ctx.parent else ctx.command)
    names = group.list_commands(ctx)
    if key in names:
        command = group.get_command(ctx, key)
        _check_known(_table(config, key, value), options_by_key(command) if command else (), config, f"{key}.")
        return
    commands = [command for name in names if (command := group.get_command(ctx, name))]
    options = {option for command in commands for option in options_by_key(command)}
    _check_known([key], {*options, *names, LIMITS}, config, "")


def _check_known(keys: Iterable[str], known: Iterable[str], config: Config, prefix: str) -> None:
    for key in keys:
        if key not in known:
            raise ProjectError(f"{config.file}: unknown key {prefix}{key}." + did_you_mean(key, known))


def _set(ctx: click.Context, option: click.Option, key: str, value: object, config: Config) -> None:
    name = str(option.name)
    if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
        return
    if option.is_flag != isinstance(value, bool):
        wanted = "true or false" if option.is_flag else "a value for it"
        raise ProjectError(f"{config.file}: {key}: {value!r} is not {wanted}")
    if option.multiple and not isinstance(value, list):
        raise ProjectError(f"{config.file}: {key}: {value!r} is not a list")
    try:
        # TOML reads a version such as 2 as a number.
        converted = option.type_cast_value(ctx, str(value) if isinstance(option.type, click.Choice) else value)
    except click.BadParameter as error:
        raise ProjectError(f"{config.file}: {key}: {error.message}") from None
    if isinstance(option.type, click.Path) and config.folder:
        folder = config.folder
        converted = [str(folder / path) for path in converted] if option.multiple else str(folder / converted)
    ctx.params[name] = converted


def _limits(config: Config) -> Limits:
    table = _table(config, LIMITS, config.values.get(LIMITS, {}))
    _check_known(table, [field.name for field in fields(Limits)], config, f"{LIMITS}.")
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ProjectError(f"{config.file}: {LIMITS}.{key}: {value!r} is not a number above 0")
    return Limits(**table)


def _table(config: Config, key: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ProjectError(f"{config.file}: {key} is not a table")
    return value
