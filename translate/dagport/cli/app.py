"""The group of all commands, and what a process answers when something goes wrong."""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn, cast

import click

from dagport import __version__
from dagport.cli.status import BROKEN_PIPE, CRASHED, FINE, INTERRUPTED, WRONG_USAGE
from dagport.project.errors import ProjectError

COMMANDS = {
    "graph": ("dagport.cli.graph:graph", "Print the graph of each pipeline."),
    "check": ("dagport.cli.check:check", "Report what is wrong or uncertain, and what a translation would carry."),
    "translate": ("dagport.cli.translate:translate", "Write the pipelines for another orchestrator."),
    "verify": ("dagport.cli.verify:verify", "Prove that a translation has the same structure, runs and outcomes."),
    "lineage": ("dagport_lineage.commands:lineage", "Show, export and compare what tasks read and write."),
    "run": ("dagport_adapters.commands.run:run", "Run a DAG in its own Airflow and show each task as it happens."),
    "migrate": (
        "dagport_adapters.commands.migrate:migrate",
        "Move the tasks of Airflow DAGs to Dagster or Prefect one by one, and back.",
    ),
    "explain": ("dagport.cli.explain:explain", "Explain a diagnostic's code, or list all codes."),
    "formats": ("dagport.cli.formats:list_formats", "List what can be read, printed and written."),
}
NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}

# A run makes many objects and drops few: with Python's defaults, looking for garbage takes a third of its time.
GC_THRESHOLDS = (100_000, 20, 20)


class LazyGroup(click.Group):
    """Imports a command when it is called; ``lazy`` has the place and the help text of each, by name."""

    lazy: Mapping[str, tuple[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, ``None`` for an unknown one."""
        return _load(self.lazy[cmd_name][0]) if cmd_name in self.lazy else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but naming the closest command for one that doesn't exist."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from dagport.cli.closest import did_you_mean

            ctx.fail(f"No such command {name!r}." + did_you_mean(name, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing ours."""
        lines = [(name, text) for name, (_, text) in self.lazy.items()]
        for name in self.list_commands(ctx)[len(self.lazy) :]:
            command = self.get_command(ctx, name)
            lines.append((name, command.get_short_help_str(80) if command else ""))
        with formatter.section("Commands"):
            formatter.write_dl(lines)


class TopGroup(LazyGroup):
    """Our own commands, and those that other packages add through the entry-point group ``dagport.commands``."""

    lazy = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, ours first."""
        return [*COMMANDS, *(name for name in sorted(_plugins()) if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, ``None`` for an unknown one."""
        known = super().get_command(ctx, cmd_name)
        path = None if known else _plugins().get(cmd_name)
        return _load(path) if path else known


@click.group(cls=TopGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="dagport %(version)s")
def dagport() -> None:
    """Move pipelines between orchestrators: exact, or it says so.

    The source files are analysed, never imported or run, except by the command run.
    """


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its status."""
    gc.set_threshold(*GC_THRESHOLDS)
    status = run(sys.argv[1:] if args is None else list(args))
    gc.freeze()  # Python looks for garbage when it ends, in all that is left: a seventh of a whole run
    sys.exit(status)


def run(args: list[str]) -> int:
    """Run the command line. The exit status: see ``dagport.cli.status``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the same bytes on every machine, whatever its locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        status = _invoke(args)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return WRONG_USAGE
    except ProjectError as error:
        click.echo(f"Error: {error}", err=True)
        return WRONG_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        _write_nothing_more()  # nobody reads on, as with "dagport ... | head"
        return BROKEN_PIPE
    except OSError as error:
        if error.errno not in NO_ROOM:
            _report_crash(args, error)
            return CRASHED
        click.echo(f"Error: can't write: {error.strerror}", err=True)
        _write_nothing_more()
        return WRONG_USAGE
    except Exception as error:  # noqa: BLE001 - our bugs end in a line that asks for a report
        _report_crash(args, error)
        return CRASHED
    return status


def _write_nothing_more() -> None:
    """Python must not try to flush again when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _invoke(args: list[str]) -> int:
    """As ``click.Command.main`` does, which would answer interrupts and closed pipes in its own way."""
    if "_DAGPORT_COMPLETE" in os.environ:  # a shell asks for completions
        dagport.main(args, prog_name="dagport")
    try:
        with dagport.make_context("dagport", args) as context:
            dagport.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    return FINE


def _report_crash(args: list[str], error: Exception) -> None:
    from dagport.cli.crash import crash_lines
    from dagport.project.read import crash_report

    verbose = bool({"-v", "--verbose"} & set(args))
    for line in crash_lines([crash_report("", error)], verbose=verbose):
        click.echo(line, err=True)


def _load(path: str) -> click.Command:
    module, _, attribute = path.partition(":")
    return cast(click.Command, getattr(import_module(module), attribute))


def _plugins() -> dict[str, str]:
    from dagport.cli.plugins import plugin_commands

    return plugin_commands()
