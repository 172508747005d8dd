"""Make ``dagport_lineage/spec/openlineage.json`` of the official schemas.

``python -m tests.lineage.events.vendor_spec FOLDER``

FOLDER is a copy of ``spec`` of the OpenLineage repository (``OpenLineage.json`` and ``facets/``). What only people read
is left out, the rest stays as it is, so that the file is small and validates alike.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dagport_lineage.events.validation import PACKAGE

TARGET = PACKAGE / "spec" / "openlineage.json"
PROSE = ("description", "example", "examples", "documentation", "title")
NAMED = ("properties", "$defs")  # below these the keys are names, and "description" may be one
NOTICE = (
    "Schemas of the OpenLineage specification, without their descriptions and examples. Copyright the OpenLineage "
    "project (https://github.com/OpenLineage/OpenLineage, folder spec), Apache License 2.0."
)


def stripped(schema: Any, *, names: bool = False) -> Any:
    """A schema without prose."""
    if isinstance(schema, list):
        return [stripped(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if names or key not in PROSE}
    return {key: stripped(value, names=key in NAMED and not names) for key, value in kept.items()}


def vendored(folder: Path) -> str:
    """The text of the data file: one line a schema, sorted by ``$id``."""
    files = [folder / "OpenLineage.json", *(folder / "facets").glob("*.json")]
    schemas = sorted((stripped(json.loads(file.read_bytes())) for file in files), key=lambda schema: schema["$id"])
    lines = ",\n".join(json.dumps(schema, separators=(",", ":")) for schema in schemas)
    return f'{{"notice": {json.dumps(NOTICE)},\n"schemas": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.lineage.events.vendor_spec FOLDER")
    TARGET.write_text(vendored(Path(sys.argv[1])), "utf-8")
