"""A few seconds of the soak: no viewer sees what strangers do. Its figures are for runs of minutes."""

from pathlib import Path

from .soak import soak


def test_strangers_are_seen_by_nobody(tmp_path: Path) -> None:
    wrong = soak(tmp_path, 5.0)
    assert [line for line in wrong if not line.startswith(("stores took", "memory has"))] == []
