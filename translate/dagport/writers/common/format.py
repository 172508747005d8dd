"""Formatting of the generated files, the users' own pieces left as they are."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from dagport.writers.common.model import Chunk

LINE_LENGTH = 100
OPTIONS = ("--isolated", "--no-cache", "--quiet", "--target-version", "py310", "--line-length", str(LINE_LENGTH))


def format_files(files: Mapping[str, str], package: str) -> dict[str, str]:
    """The files, formatted and with sorted imports. Raises ``RuntimeError`` when one isn't valid Python.

    One call of ruff sorts all of them and one formats them: starting it costs more than its work.
    """
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

    ruff = str(find_ruff_bin())
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8", newline="\n")
        first_party = f'lint.isort.known-first-party=["{package}"]'
        _run(ruff, "check", "--select", "I", "--fix", "--config", first_party, *OPTIONS, folder)
        _run(ruff, "format", *OPTIONS, folder)
        return {path: Path(folder, path).read_text("utf-8") for path in files}


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 - our own binary
    if done.returncode != 0:
        raise RuntimeError(f"ruff refuses generated code: {done.stdout}{done.stderr}")


def insert(text: str, chunks: Iterable[Chunk]) -> str:
    """Put the users' pieces in the place of the lines that hold their markers."""
    by_marker = {chunk.marker: chunk.text.replace("\r\n", "\n") for chunk in chunks}
    if not by_marker:
        return text
    pattern = re.compile(rf"^.*\b({'|'.join(map(re.escape, by_marker))})\b.*$", re.MULTILINE)
    return pattern.sub(lambda match: by_marker[match[1]], text)
