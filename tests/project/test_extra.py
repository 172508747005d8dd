"""Lines that are made of each document where it is read: in any process, and kept with its result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dagport.options import ReadOptions
from dagport.project.outcome import Outcome
from dagport.project.read import Extra, Result
from dagport.translation import Document
from dagport.workspace import Unreadable
from tests.project.test_cache import Project, project

__all__ = ["project"]


@dataclass(frozen=True)
class Settings:
    """What is asked for."""

    prefix: str = ""
    reads: str | None = None  # a file of the project


def lines(document: Document, options: ReadOptions, settings: Settings) -> Iterator[str]:
    """A line a pipeline."""
    for pipeline in document.graph.pipelines:
        if pipeline.id == "bad":
            raise KeyError("a bug")
        yield f"{settings.prefix}{pipeline.id} {document.source.text[:3]!r} {_content(options, settings)}"


def _content(options: ReadOptions, settings: Settings) -> str:
    if settings.reads is None or options.workspace is None:
        return ""
    try:
        return options.workspace.read(settings.reads).decode()
    except Unreadable:
        return "none"


def wanted(settings: Settings | None = None, *, suffices: bool = False, rests_on: tuple[str, ...] = ()) -> Extra:
    return Extra(function=f"{__name__}:lines", settings=settings or Settings(), suffices=suffices, rests_on=rests_on)


def found(results: list[Result]) -> list[str]:
    return [line for result in results for line in result.extra]


@pytest.mark.parametrize("jobs", [1, 2])
def test_made_and_kept(project: Project, jobs: int) -> None:
    project.write("dags/b.py", "# airflow\n# dag b\n# dag c\n")
    for _ in range(2):
        assert found(project.results(extra=wanted(), jobs=jobs)) == ["a '# a' ", "b '# a' ", "c '# a' "]
    assert project.analyses() == 1


def test_none_is_asked_for(project: Project) -> None:
    assert found(project.results()) == []


def test_other_settings_are_other_lines(project: Project) -> None:
    assert found(project.results(extra=wanted())) == ["a '# a' "]
    assert found(project.results(extra=wanted(Settings(prefix="x")))) == ["xa '# a' "]
    assert found(project.results(extra=wanted())) == ["a '# a' "]
    assert project.analyses() == 2


def test_what_they_look_at_counts(project: Project) -> None:
    extra = wanted(Settings(reads="data.txt"))
    assert found(project.results(extra=extra)) == ["a '# a' none"]
    project.write("data.txt", "1")
    assert found(project.results(extra=extra)) == ["a '# a' 1"]
    assert found(project.results(extra=extra)) == ["a '# a' 1"]
    assert project.analyses() == 2


def test_the_packages_that_they_rest_on_count(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "packages/rested_on"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(package.parent))
    extra = wanted(rests_on=("rested_on", "no_such_package"))
    for text, analyses in ((None, 1), (None, 1), ("x = 1\n", 2)):
        if text:
            (package / "inner.py").write_text(text)
        assert found(project.results(extra=extra)) == ["a '# a' "]
        assert project.analyses() == analyses


def test_looks_are_recalled_for_who_asks(project: Project) -> None:
    extra = wanted(Settings(reads="data.txt"))
    [first] = project.results(extra=extra, keeps=True)
    [again] = project.results(extra=extra, keeps=True)
    assert project.analyses() == 1
    assert first.looks == again.looks
    assert ["content", "data.txt", "absent"] in json.loads(str(again.looks))
    assert project.results(extra=extra)[0].looks is None


@pytest.mark.parametrize("jobs", [1, 2])
def test_graphs_are_left_out_where_the_lines_suffice(project: Project, jobs: int) -> None:
    project.write("dags/b.py", "# airflow\n# dag b\n# error\n")
    project.results(extra=wanted(suffices=True), jobs=jobs)
    fine, wrong = project.results(extra=wanted(suffices=True), jobs=jobs)
    assert (fine.lines, fine.has_errors) == ((), False)
    assert [item.severity for item in wrong.graphs[0].diagnostics] == ["error"]
    assert found([fine, wrong]) == ["a '# a' ", "b '# a' "]


def test_a_bug_in_them_costs_the_file(project: Project) -> None:
    project.write("dags/b.py", "# airflow\n# dag bad\n")
    fine, broken = project.results(extra=wanted())
    assert found([fine, broken]) == ["a '# a' "]
    assert broken.crash
    assert broken.crash.error == "KeyError: 'a bug'"


@pytest.mark.parametrize("extra", [(), ("a",), ("a", ""), ("", "b"), ("ä\ud800", "\0", "x" * 100_000)])
@pytest.mark.parametrize("graphs", [(), ('{"a": 1}', "[]")])
def test_the_kept_form_holds_all(graphs: tuple[str, ...], extra: tuple[str, ...]) -> None:
    outcome = Outcome(format="airflow", lines=graphs, has_errors=False, extra=extra)
    body = outcome.body()
    assert Outcome.of_body(body, "d") == replace(outcome, digest="d")
    assert len(body) < 1000


@pytest.mark.parametrize("body", [b"", b"[]", b'["airflow"]', b'["airflow", false]\0x', b"\0", b'["a", 1]\0'])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Outcome.of_body(body, "d")
