"""The conditions of schedules by assets: which updates suffice for a run."""

from __future__ import annotations

import ast

from dagport.graph import Schedule


def expression_of(schedule: Schedule) -> ast.expr | None:
    """The condition over the names of assets, as texts joined by ``&`` and ``|``; ``None`` for one that isn't known."""
    if schedule.condition in ("all", "any", None):
        joint = " | " if schedule.condition == "any" else " & "
        return ast.parse(joint.join(map(repr, schedule.assets or ())), mode="eval").body
    try:
        return ast.parse(str(schedule.condition), mode="eval").body
    except SyntaxError:
        return None
