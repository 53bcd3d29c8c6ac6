"""A few rounds of the campaign; all of them are `python -m tests.campaign`."""

from pathlib import Path

import pytest

from tests.effort import tries

from .rounds import run


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_doubled_or_foreign_whoever_is_killed(tmp_path: Path, seed: int) -> None:
    findings = run(tmp_path, tries(5, full=300), seed, says=False)
    assert [*findings.lost, *findings.doubled, *findings.foreign] == []
