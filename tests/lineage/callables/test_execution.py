"""What is claimed of random functions, against what they touch when they are run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from dagport_lineage.model import DatasetName
from tests.lineage.callables.programs import HEADER, Writer, touched
from tests.lineage.callables.world import of_function

SEEDS = 240
GROUPS = 4


@dataclass
class Tally:
    """How often something could be compared."""

    complete: int = 0
    exact: int = 0


@pytest.mark.parametrize("group", range(GROUPS))
def test_random_functions(group: int) -> None:
    tally = Tally()
    for seed in range(group * SEEDS // GROUPS, (group + 1) * SEEDS // GROUPS):
        compare(seed, tally)
    assert tally.complete + tally.exact > SEEDS // GROUPS // 10  # else nothing is compared


def compare(seed: int, tally: Tally) -> None:
    """Whatever a run touches is claimed where no gap is; whatever is claimed is touched by some run."""
    code = Writer(seed).text()
    reads, writes, ends = touched(code)
    function = "@task\n" + code
    found = of_function(function, before=HEADER)
    claimed_reads = {item.dataset for item in found.reads}
    claimed_writes = {item.dataset for item in found.writes}
    said = f"seed {seed}\n{code}\n{[gap.message for gap in found.gaps]}"
    sides = {gap.side for gap in found.gaps}
    if not sides & {"inputs", "both"}:
        assert reads <= claimed_reads, said
    if not sides & {"outputs", "both"}:
        assert writes <= claimed_writes, said
    tally.complete += not sides
    if ends:
        assert claimed_reads <= reads, said
        assert claimed_writes <= writes, said
        tally.exact += 1


def test_the_comparison_notices_a_wrong_claim() -> None:
    reads, writes, ends = touched('def f():\n    if os.path.exists("/x"):\n        open("/a")\n    open("/b", "w")\n')
    assert ends
    assert (reads, writes) == ({DatasetName("file", "/a")}, {DatasetName("file", "/b")})
