"""What the configuration sets for a command: options that weren't given, and the limits of the analysis."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
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


def apply_config(ctx: click.Context, config: Config, shared: Container[str]) -> Limits:
    """Set what the configuration says and the command line doesn't.

    A table named after the command counts more than the top level. The table of a command in a group stands in the
    group's own; at the top level only the options that commands share (``shared``: their names) are meant for it.
    Raises ``ProjectError`` for a key that no command has and for a value that its option doesn't take.
    """
    own = options_by_key(ctx.command)
    words = _words(ctx)
    here = {key for key, option in own.items() if len(words) == 1 or option.name in shared}
    top = ctx.find_root()
    _check_table(top, cast(click.Group, top.command), config, config.values, here)
    table: Mapping[str, Any] = config.values
    chosen = {key: value for key, value in table.items() if key in here}
    for word in words:
        table = table.get(word, {})
        chosen.update((key, value) for key, value in table.items() if key in own)
    for key, value in chosen.items():
        _set(ctx, own[key], key, value, config)
    return _limits(config)


def _words(ctx: click.Context) -> list[str]:
    """The words that call the command."""
    return [*_words(ctx.parent), str(ctx.command.name)] if ctx.parent else []


def options_by_key(command: click.Command) -> dict[str, click.Option]:
    """The options of a command that a configuration can set, by the key it uses for them."""
    return {
        max(param.opts, key=len).removeprefix("--"): param
        for param in command.params
        if isinstance(param, click.Option) and param.name not in NOT_CONFIGURED
    }


def _check_table(
    ctx: click.Context,
    group: click.Group,
    config: Config,
    table: Mapping[str, Any],
    passing: Container[str] = (),
    prefix: str = "",
) -> None:
    """Let the keys of a group's table pass that are tables of its commands or options of any of them.

    Those in ``passing`` do in any case: importing all commands takes its time.
    """
    names = set(group.list_commands(ctx))
    for key, value in table.items():
        if key in passing or (key == LIMITS and not prefix):
            continue
        command = group.get_command(ctx, key) if key in names else None
        if command is None:
            _check_known([key], [*names, *_all_options(ctx, group), LIMITS], config, prefix)
            continue
        inner = _table(config, prefix + key, value)
        if isinstance(command, click.Group):
            _check_table(ctx, command, config, inner, prefix=f"{prefix}{key}.")
        else:
            _check_known(inner, options_by_key(command), config, f"{prefix}{key}.")


def _all_options(ctx: click.Context, group: click.Group) -> set[str]:
    """The options of all commands of a group, by key; those of groups in it stand in the groups' own tables."""
    commands = [group.get_command(ctx, name) for name in group.list_commands(ctx)]
    return {key for command in commands if command for key in options_by_key(command)}


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
