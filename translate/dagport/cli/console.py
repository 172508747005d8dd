"""The two output streams: what goes where, in which colours, and that no file can forge what a terminal shows."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, Literal, TextIO, TypeAlias

import click

ColorChoice: TypeAlias = Literal["auto", "always", "never"]
# Characters that move the cursor, colour, hide or reorder what a terminal shows.
CONTROL = (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
HARMLESS = {char: chr(char).encode("unicode_escape").decode() for char in CONTROL if chr(char) not in "\t\n"}


@dataclass(frozen=True, slots=True)
class Stream:
    """Standard output or standard error."""

    error: bool
    color: bool

    def line(self, text: str = "") -> None:
        """Write a line."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write a text as it is."""
        (sys.stderr if self.error else sys.stdout).write(text)

    def style(self, text: str, **style: Any) -> str:
        """The text in a colour, if this stream shows any."""
        return click.style(text, **style) if self.color else text


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command writes its result and its messages."""

    out: Stream  # the result and nothing else
    err: Stream  # messages
    quiet: bool
    verbose: bool

    def message(self, text: str) -> None:
        """A line for people, unless they want none."""
        if not self.quiet:
            self.err.line(text)


def console(*, color: ColorChoice, quiet: bool, verbose: bool) -> Console:
    """The console for a choice of options and this process's streams and environment."""
    return Console(
        Stream(error=False, color=_shows_color(color, sys.stdout)),
        Stream(error=True, color=_shows_color(color, sys.stderr)),
        quiet,
        verbose,
    )


def clean(text: str) -> str:
    """Text from a file with everything escaped that a terminal would act on."""
    return text.translate(HARMLESS)


def _shows_color(choice: ColorChoice, stream: TextIO) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()
