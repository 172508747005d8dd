"""Run a snippet on the abstract machine."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

from dagport.evaluate.machine import Hooks, Machine
from dagport.options import Limits
from dagport.source import Source


def run(text: str, limits: Limits | None = None, hooks: Hooks | None = None) -> tuple[dict[str, Any], Machine]:
    """The global names after running a snippet, and the machine."""
    source = Source("snippet.py", textwrap.dedent(text))
    machine = Machine(source, hooks or Hooks(), limits)
    return machine.run(ast.parse(source.text)), machine
