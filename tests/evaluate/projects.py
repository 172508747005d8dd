"""Run a snippet as a file of a small project."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagport.evaluate.machine import Hooks, Machine
from dagport.options import Deployment, Limits
from dagport.source import Source
from dagport.workspace import Workspace

FILE = "dags/team/snippet.py"
FILES: Mapping[str, str | bytes] = {
    "config/a.json": '{"x": [1, 2]}',
    "config/b.json": "[]",
    "config/c.txt": "one\ntwo\r\nthree",
    "config/deep/d.json": "null",
    "config/.hidden.json": "1",
    "dags/team/near.yaml": "k: 1\n",
    "dags/team/latin.txt": "zo\xeb".encode("latin-1"),
    "dags/team/utf8.txt": "zo\xeb",
    "pyproject.toml": "[tool.x]\ny = 1\n",
}


def write(root: Path, files: Mapping[str, str | bytes] = FILES) -> None:
    """Write files below a folder."""
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def run(
    root: Path, text: str, limits: Limits | None = None, deployment: Deployment | None = None
) -> tuple[dict[str, Any], Machine]:
    """The global names after running a snippet that lies in ``FILE``, and the machine."""
    source = Source(FILE, textwrap.dedent(text), FILE)
    machine = Machine(source, Hooks(), limits, workspace=Workspace(root), deployment=deployment)
    return machine.run(ast.parse(source.text)), machine
