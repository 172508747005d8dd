"""The templates of a target's folder, filled in."""

from __future__ import annotations

import textwrap
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2

WIDTH = 96


@cache
def _environment(package: str) -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Python, not HTML
    )
    environment.filters["comment"] = comment
    return environment


def comment(text: str) -> str:
    """A text as comment lines."""
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, WIDTH)) or "#"


def render(package: str, name: str, /, **values: object) -> str:
    """The text of ``templates/<name>.jinja`` of a package."""
    return _environment(package).get_template(f"{name}.jinja").render(**values)
