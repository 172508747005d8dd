"""Values of the deployment: Prefect's variables."""

from __future__ import annotations

import json
from typing import Any

from prefect.variables import Variable

_REQUIRED = object()


def get_variable(name: str, *, default: Any = _REQUIRED, deserialize_json: bool = False) -> Any:
    """The value of a variable: a text, as in Airflow, or with `deserialize_json` what it stands for.

    A value that isn't a text counts as JSON. Raises `KeyError` when the variable isn't set and there is no default.
    """
    value: Any = Variable.get(name)
    if value is None:
        if default is _REQUIRED:
            raise KeyError(f"The variable {name} isn't set")
        return default
    if deserialize_json:
        return json.loads(value) if isinstance(value, str) else value
    return value if isinstance(value, str) else json.dumps(value)
