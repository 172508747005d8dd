"""Pages are played from top to end, and what differs is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import check, played, write_below

PAGE = """
# A page

```python
# dags/a.py
first
```

```console
$ one  # with a comment
1.0 s
$ nothing
```

```python
# not a file, since a path has no blanks
```

```yaml
# dags/a.py
second
```

```console
$ two
some
lines
```
"""
SAID = {"one  # with a comment": "1.0 s\n", "nothing": "", "two": "some\nlines"}


def test_order() -> None:
    steps: list[str] = []

    def run(command: str, shown: str) -> str:
        steps.append(command)
        assert shown.rstrip("\n") == SAID[command].rstrip("\n")
        return SAID[command]

    assert played(PAGE, run, write=lambda path, text: steps.append(f"{path}: {text}")) == PAGE
    assert steps == ["dags/a.py: first\n", "one  # with a comment", "nothing", "dags/a.py: second\n", "two"]


@pytest.mark.parametrize(
    ("command", "said", "expected"),
    [
        ("one  # with a comment", "2.0 s\n", PAGE.replace("1.0", "2.0")),
        ("nothing", "Error\n", PAGE.replace("$ nothing\n", "$ nothing\nError\n")),
        ("two", "", PAGE.replace("some\nlines\n", "")),
        ("two", "some\\1lines", PAGE.replace("some\nlines", "some\\1lines")),
    ],
)
def test_what_differs_is_written(command: str, said: str, expected: str, tmp_path: Path) -> None:
    found = played(PAGE, lambda asked, _: said if asked == command else SAID[asked])
    assert found == expected
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    with pytest.raises(AssertionError):
        check(page, found, accept=False)
    assert page.read_text() == PAGE
    check(page, found, accept=True)
    assert page.read_text() == expected


def test_what_may_differ_stays() -> None:
    def normal(output: str) -> str:
        return output.replace("2.0", "1.0")

    assert played(PAGE, lambda asked, _: SAID[asked].replace("1.0", "2.0"), normal=normal) == PAGE


def test_files_are_written(tmp_path: Path) -> None:
    played(PAGE, lambda _, shown: shown, write=write_below(tmp_path))
    assert (tmp_path / "dags/a.py").read_text() == "second\n"
