"""The templates of this folder, filled in."""

from __future__ import annotations

from dagport.writers.common import render as common


def render(name: str, /, **values: object) -> str:
    """The text of ``templates/<name>.jinja``."""
    return common.render("dagport.writers.prefect", name, **values)
