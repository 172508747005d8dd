"""Results as JSON that keeps their types apart: a tuple isn't a list, and the key 1 isn't "1"."""

from __future__ import annotations

from typing import Any


def plain(value: Any) -> Any:
    """JSON data; what JSON has no form for is an object with its type and content."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if type(value) is list:
        return [plain(item) for item in value]
    if type(value) is dict and all(isinstance(key, str) for key in value):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, dict):
        return {"type": "dict", "items": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, tuple | list | set | frozenset):
        return {"type": type(value).__name__, "items": [plain(item) for item in value]}
    return {"type": type(value).__name__, "text": str(value)}
