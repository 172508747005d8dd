"""The account of events that couldn't be kept. It never needs room on the disk once it is there."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Literal, TypeAlias

from dagport_lineage.delivery.segments import BINARY, write_all

LENGTH = 256  # bytes; written in place, in one go
Loss: TypeAlias = Literal["bound", "disk", "busy", "event"]
"""Why: the spool has reached its bound, the disk refused, other processes kept it locked, or it isn't JSON."""


def read_losses(path: Path) -> Counter[str]:
    """How many events were lost, by reason. Raises ``OSError``."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return Counter()
    counts = found.items() if isinstance(found, dict) else ()
    return Counter({str(reason): count for reason, count in counts if isinstance(count, int)})


def write_losses(path: Path, losses: Counter[str]) -> None:
    """Replace the account; one process at a time. Raises ``OSError``."""
    data = json.dumps(losses, sort_keys=True).encode().ljust(LENGTH)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | BINARY, 0o600)
    try:
        write_all(descriptor, data)
    finally:
        os.close(descriptor)
