"""Makes the text of a finding smaller, as long as it stays the same finding."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.fuzz.case import Case, Finding


def shrunk(case: Case, finding: Finding, check: Callable[[Case], tuple[Finding, ...]], seconds: float = 60.0) -> Case:
    """The case with as few lines as keep the finding: removes halves, quarters, ... then single lines."""
    end = time.monotonic() + seconds
    lines = case.text.split("\n")
    size = max(1, len(lines) // 2)
    while size:
        start = 0
        while start < len(lines):
            if time.monotonic() > end:
                return case.with_text("\n".join(lines))
            fewer = lines[:start] + lines[start + size :]
            found = check(case.with_text("\n".join(fewer)))
            if any(item.sort == finding.sort for item in found):
                lines = fewer
            else:
                start += size
        size //= 2
    return case.with_text("\n".join(lines))
