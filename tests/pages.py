"""Pages of the documentation that show commands: they are run, and must print what the page says.

A page is played from its top to its end. A block whose first line is ``# PATH`` is a file; a ``console`` block has
commands after ``$ `` with what they print. Outputs that are the same but for what changes from run to run (the
caller's ``normal``) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
FILE = re.compile(r"# (\S+[./]\S+)\n(.*)", re.DOTALL)

Run = Callable[[str, str], str]
"""Gets a command and what the page says that it prints; gives what it does print."""


def played(
    text: str,
    run: Run,
    *,
    write: Callable[[str, str], None] = lambda path, text: None,
    normal: Callable[[str], str] = lambda output: output,
) -> str:
    """The page with the commands' real output; ``write`` gets the path and the text of each file on the way."""

    def command(match: re.Match[str]) -> str:
        found = run(match[1], match[2])
        found += "\n" if found and not found.endswith("\n") else ""
        return match[0] if normal(found) == normal(match[2]) else f"$ {match[1]}\n{found}"

    def block(match: re.Match[str]) -> str:
        language, body = match.groups()
        if language == "console":
            return f"```console\n{COMMAND.sub(command, body)}```"
        if file := FILE.fullmatch(body):
            write(*file.groups())
        return match[0]

    return BLOCK.sub(block, text)


def check(page: Path, found: str, *, accept: bool) -> None:
    """Compare a page with what was played, or with ``--accept`` write it anew."""
    if accept:
        page.write_text(found, "utf-8")
    said = page.read_text("utf-8")
    differences = unified_diff(said.splitlines(), found.splitlines(), "the page", "what is printed", n=2, lineterm="")
    assert said == found, "\n".join(differences)


def write_below(folder: Path) -> Callable[[str, str], None]:
    """Writes a page's files below a folder."""

    def write(path: str, text: str) -> None:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    return write
