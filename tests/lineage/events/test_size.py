"""The quick look at the size of an event errs on one side only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_lineage.events import design, json_line

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_what_seems_small_is_small(event: dict[str, Any]) -> None:
    size = len(json_line(event))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(design, "MAX_EVENT_BYTES", size - 1)
        assert not design._is_surely_small(event)


def test_what_is_not_plain_is_measured() -> None:
    class Text(str):
        __slots__ = ()

    assert not design._is_surely_small({"a": Text("b")})
