"""Streams of earlier versions are read to the same values for good, and today's keep their form."""

import json

import numpy as np
import pyarrow as pa
import pytest

from bokeh_wsgi.dataplane import END, HEARTBEAT, SCHEMA_MESSAGE, Reader, frame

from .golden import CHANGES, EARLIER, FOLDER, described, stream

NAMES = sorted(CHANGES)


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_stream_is_read_to_the_same_values(name: str) -> None:
    reader = Reader()

    (change,) = reader.feed((FOLDER / f"{name}.arrows").read_bytes())

    expected = json.loads((FOLDER / f"{name}.json").read_text())
    assert (change.seq, change.meta, reader.ended) == (7, {"token": "t"}, True)
    assert json.loads(json.dumps(described(change.ops))) == expected


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_now_has_the_rows_and_buffer_lengths_of_the_golden_stream(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunk bytes may differ: how well something is compressed is no part of the format."""
    if name in EARLIER:
        monkeypatch.setattr(frame, "DECIMALS_BYTES", 1 << 30)
    old, new = (_outline(data) for data in ((FOLDER / f"{name}.arrows").read_bytes(), stream(name)))

    assert new == old


def _outline(data: bytes) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pa.ipc.open_stream(data).read_all().to_pylist()
    for row in rows:
        chunks = row["buffers"]
        assert isinstance(chunks, list)
        row["buffers"] = [int(np.frombuffer(chunk[4:8], "<u4")[0]) if chunk else 0 for chunk in chunks]
    return rows


def test_the_fixed_messages_do_not_change() -> None:
    data = (FOLDER / "models.arrows").read_bytes()

    assert data.startswith(SCHEMA_MESSAGE + HEARTBEAT)
    assert data.endswith(END)
