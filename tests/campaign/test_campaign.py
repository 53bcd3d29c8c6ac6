"""A few rounds of the campaign; all of them are `python -m tests.campaign`."""

from pathlib import Path

import pytest

from tests.effort import is_full_run

from .rounds import run


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_doubled_or_foreign_whoever_is_killed(tmp_path: Path, seed: int) -> None:
    findings = run(tmp_path, 300 if is_full_run() else 5, seed, says=False)
    assert [*findings.lost, *findings.doubled, *findings.foreign] == []
