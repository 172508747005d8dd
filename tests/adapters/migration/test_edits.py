"""Edits of a switch file change one line and no other byte."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_adapters.airflow.dagport_switch import SwitchError, read_switch
from dagport_adapters.migration.edits import Key, line_of, with_line, without_line
from dagport_adapters.migration.errors import MigrationError

NAMES = st.from_regex(r"[A-Za-z0-9_.\-]{1,8}", fullmatch=True)
KEYS = st.tuples(NAMES, NAMES)
BREAKS = st.sampled_from(["\n", "\r\n"])
VALUES = st.one_of(
    st.text(max_size=12), st.booleans(), st.integers(), st.lists(st.text(max_size=5), max_size=2),
    st.sampled_from(["{{ ds }}", "yes", "null", "a: b", "# x", "é\u2028\x85", "a/b"]),
)  # fmt: skip
SETTINGS = st.dictionaries(st.sampled_from(["asset", "partition", "tags", "result", "timeout"]), VALUES, max_size=3)
LINES = st.lists(
    st.one_of(
        st.tuples(KEYS, st.sampled_from(["dagster", "prefect", "{to: dagster}  # why", "{to: dagster, tags: {a: b}}"])),
        st.sampled_from(["", "# a comment", "   # another", "targets: {dagster: {url: 'http://d'}}"]),
    ),
    max_size=8,
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    """A switch file that people may have written."""
    end, lines, seen = draw(BREAKS), [], set()
    for item in draw(LINES):
        key = item.partition(":")[0] if isinstance(item, str) else "/".join(item[0])
        if key in seen and ":" in str(item):
            continue
        seen.add(key)
        line = item if isinstance(item, str) else f"{key}: {item[1]}"
        if key not in ("", "# a comment", "   # another") and isinstance(item, str) and "targets" in seen - {key}:
            continue
        lines.append(line)
    text = end.join(lines)
    return text + end if draw(st.booleans()) else text


def readable(text: str) -> bool:
    try:
        read_switch(text)
    except SwitchError:
        return False
    return True


@settings(deadline=None)
@given(files(), KEYS, SETTINGS)
def test_a_move_and_a_rollback_give_the_same_bytes(text: str, key: Key, chosen: dict[str, object]) -> None:
    if not readable(text) or key in read_switch(text):
        return
    before = read_switch(text)
    try:
        moved = with_line(text, key, line_of(key, "dagster", chosen))
    except MigrationError:
        assert not settings_are_good(key, chosen)
        return
    after = read_switch(moved)
    assert {**before, key: after[key]} == after
    expected = {
        {"asset": "assets", "partition": "partition_key"}.get(name, name): item for name, item in chosen.items()
    }
    found = after[key].settings
    assert all(found[name] == item for name, item in expected.items() if name != "assets")
    assert without_line(moved, key) == text


def settings_are_good(key: Key, chosen: dict[str, object]) -> bool:
    return readable(line_of(key, "dagster", chosen))


@settings(deadline=None)
@given(files())
def test_taking_out_one_line_takes_out_one_line(text: str) -> None:
    if not readable(text):
        return
    for key in read_switch(text):
        left = without_line(text, key)
        assert read_switch(left) == {other: place for other, place in read_switch(text).items() if other != key}
        assert [*filter(None, left.splitlines())] == set_less(text.splitlines(), f"{key[0]}/{key[1]}:")


def set_less(lines: list[str], start: str) -> list[str]:
    return [line for line in lines if line and not line.startswith(start)]


PLACES = [
    ("", "shop/load: dagster\n"),
    ("# a\n", "# a\nshop/load: dagster\n"),
    ("shop/x: prefect\nother/y: dagster\n", "shop/x: prefect\nshop/load: dagster\nother/y: dagster\n"),
    ("other/y: dagster", "other/y: dagster\nshop/load: dagster"),
    ("shop/x: prefect\r\n# end\r\n", "shop/x: prefect\r\nshop/load: dagster\r\n# end\r\n"),
    ("shop/x:\n  to: prefect  # why\no/y: dagster\n",
     "shop/x:\n  to: prefect  # why\nshop/load: dagster\no/y: dagster\n"),
    ("targets:\n  dagster:\n    url: http://d\n", "targets:\n  dagster:\n    url: http://d\nshop/load: dagster\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), PLACES)
def test_where_a_line_goes(before: str, after: str) -> None:
    assert with_line(before, ("shop", "load"), "shop/load: dagster") == after
    assert without_line(after, ("shop", "load")) == before


@pytest.mark.parametrize(
    "value", ["a\u2028b", "\x85", "\x7f", "\n", "\U0001f600", "\ue000", "yes", "", " a", "{{ ds }}", 'a"b']
)
def test_values_come_back(value: str) -> None:
    text = with_line("", ("a", "b"), line_of(("a", "b"), "dagster", {"partition": value}))
    assert read_switch(text)["a", "b"].settings["partition_key"] == value
    assert without_line(text, ("a", "b")) == ""


REFUSED = [
    ("{shop/x: dagster}", "isn't written one line a task"),
    ("  shop/x: dagster\n", "isn't written one line a task"),
    ("shop/load: dagster\n", "has moved already"),
    ("shop/x: [\n", "is no YAML"),
    ("other/x: dagster\n...\n", "can't be added"),
    ("shop/x: dagster\n---\n", "is no YAML"),
    ("- a\n", "must be a mapping"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_cannot_be_edited_is_left_alone(text: str, message: str) -> None:
    with pytest.raises(MigrationError) as error:
        with_line(text, ("shop", "load"), "shop/load: dagster")
    assert message in str(error.value)


def test_an_entry_of_several_lines_is_left_alone() -> None:
    with pytest.raises(MigrationError, match="has the lines 1 to 2"):
        without_line("shop/load:\n  to: dagster\n", ("shop", "load"))


def test_a_task_that_has_not_moved() -> None:
    with pytest.raises(MigrationError, match="hasn't moved"):
        without_line("shop/load: dagster\n", ("shop", "x"))
