"""libyaml and PyYAML's own parser read alike what goes to the faster one."""

# ruff: noqa: E501 - a table of pieces

from __future__ import annotations

from random import Random

import pytest
import yaml

from dagport.evaluate.library.yaml import _is_tame

PIECES = (
    "a", "b: ", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", ": ", "|", "|-", ">", ">+", "\n\n", "'x'",
    '"y\\n"', "&a ", "*a", "<<: *a", "!!str ", "!x ", "# c", "1", "yes", "~", "2026-01-01", "---\n", "...\n", " ", "x y", "1.5",
    "0o7", "e: ", '"', "'", "-", "key", "%", "@", "`", "http://x.y", "a:b", "=", "!!set {a, b}", "|2\n   x", "? k\n: v",
)  # fmt: skip


def read(loader: type, text: str) -> str:
    try:
        return repr(list(yaml.load_all(text, Loader=loader)))
    except yaml.YAMLError:
        return "refused"
    except (TypeError, ValueError) as error:
        return type(error).__name__


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
@pytest.mark.parametrize("seed", range(4))
def test_both_parsers_agree(seed: int) -> None:
    random = Random(seed)
    texts = ("".join(random.choices(PIECES, k=random.randint(1, 14))) for _ in range(1500))
    tame = [text for text in texts if _is_tame(text)]
    assert len(tame) > 500
    assert [text for text in tame if read(yaml.SafeLoader, text) != read(yaml.CSafeLoader, text)] == []


@pytest.mark.parametrize("text", ["|#c", "a\tb", "{a:1}", "[x, y:z]", "? a", "%YAML 1.1", "z\xeb", "a\rb", ">-#"])
def test_what_they_may_read_differently_goes_to_the_slower_one(text: str) -> None:
    assert not _is_tame(text)
