"""Code whose reads and writes are all known: the sides are complete, and there is no gap."""

from __future__ import annotations

import pytest

from dagport_lineage.model import DatasetName
from tests.lineage.callables.cases import cases
from tests.lineage.callables.world import of_function, shown

CASES = cases("resolved.txt")


@pytest.mark.parametrize("name", CASES)
def test_all_is_known(name: str) -> None:
    case = CASES[name]
    found = of_function(case.code, before=case.before)
    assert shown(found) == case.said, [gap.message for gap in found.gaps]
    assert "hidden-word" not in repr(found)
    assert {*(item.how for item in found.reads), *(item.how for item in found.writes)} <= {"callable", "sql"}


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 150


# The code, and what the write of `/o` is made of: names, or `unknown`
SOURCES = {
    "frame": ('pd.read_csv("/a").to_csv("/o")', "/a"),
    "two": ('pd.read_csv("/a").merge(pd.read_csv("/b")).to_csv("/o")', "/a /b"),
    "constant": ('pd.DataFrame({"a": [1]}).to_csv("/o")', ""),
    "one of two": ('a = pd.read_csv("/a")\nb = pd.read_csv("/b")\nb.to_csv("/o")', "/b"),
    "copy": ('shutil.copyfile("/a", "/o")', "/a"),
    "text": ('Path("/o").write_text(Path("/a").read_text().upper())', "/a"),
    "in place": ('a = pd.read_csv("/a")\na["x"] = pd.read_csv("/b").x\na.to_csv("/o")', "unknown"),
    "in a list": (
        'xs = []\nfor p in ["/a", "/b"]:\n    xs.append(pd.read_csv(p))\npd.concat(xs).to_csv("/o")',
        "unknown",
    ),
    "handed in": ('def g(df):\n    df.to_csv("/o")\ng(pd.read_csv("/a"))', "/a"),
    "opened": ('h = open("/o", "w")\nh.write(open("/a").read())', "unknown"),
    "either": ('df = pd.read_csv("/a") if os.path.exists("/x") else pd.read_csv("/b")\ndf.to_csv("/o")', "/a /b"),
    "written twice": ('pd.read_csv("/a").to_csv("/o")\npd.read_csv("/b").to_csv("/o")', "unknown"),
    "from elsewhere": ('pd.DataFrame(make()).to_csv("/o")', "unknown"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_sources_are_certain_or_unknown(name: str) -> None:
    code, expected = SOURCES[name]
    write = next(item for item in of_function(code).writes if item.dataset == DatasetName("file", "/o"))
    found = "unknown" if write.sources is None else " ".join(sorted(item.name for item in write.sources))
    assert found == expected
