"""Batches are written and read without pyarrow's builders: they must be what pyarrow would have made."""

from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import END, SCHEMA, SCHEMA_MESSAGE, commit
from bokeh_wsgi.dataplane.batches import Row, read_batch, with_seq, write_batch
from bokeh_wsgi.dataplane.messages import read_head
from bokeh_wsgi.exc import FrameError

from .strategies import TEXT, thorough

NUMBER = st.integers(-(2**63), 2**63 - 1)
ROWS = st.builds(
    Row,
    seq=st.none() | NUMBER,
    doc=TEXT,
    op=st.integers(0, 255),
    model=st.none() | TEXT,
    column=st.none() | TEXT,
    base=NUMBER,
    start=NUMBER,
    count=NUMBER,
    drop=NUMBER,
    dtype=st.none() | TEXT,
    shape=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
    json=st.none() | TEXT,
    buffers=st.lists(st.binary(max_size=20), max_size=3),
)


def by_pyarrow(rows: list[Row]) -> bytes:
    batch = pa.RecordBatch.from_pylist([asdict(row) for row in rows], SCHEMA)
    message: bytes = batch.serialize().to_pybytes()
    return message


def read(message: bytes) -> list[Row]:
    view = memoryview(message)
    head = read_head(view, 1 << 20)
    assert head is not None
    return read_batch(view, head, lambda rows: None)


@thorough
@given(st.lists(ROWS, min_size=1, max_size=20))
def test_a_batch_is_what_pyarrow_writes_byte_for_byte(rows: list[Row]) -> None:
    assert write_batch(rows) == by_pyarrow(rows)


@thorough
@given(st.lists(ROWS, max_size=20))
def test_rows_are_what_pyarrow_reads(rows: list[Row]) -> None:
    message = by_pyarrow(rows)

    got = [{name: getattr(row, name) for name in SCHEMA.names} for row in read(message)]

    for row in got:
        row["shape"], row["buffers"] = list(row["shape"]), [bytes(chunk) for chunk in row["buffers"]]
    expected = pa.ipc.open_stream(SCHEMA_MESSAGE + message + END).read_all().to_pylist()
    assert got == expected


def test_batches_of_another_writer_may_be_parts_of_longer_ones() -> None:
    rows = [Row(None, "d", 4, f"p{n}", None, n, 0, 0, 0, "x" * n, [n], None, [b"a" * n]) for n in range(50)]
    batch = pa.RecordBatch.from_pylist([asdict(row) for row in rows], SCHEMA).slice(17, 20)

    got = read(batch.serialize().to_pybytes())

    assert [(row.model, row.base, row.dtype, list(row.shape)) for row in got] == [
        (row.model, row.base, row.dtype, list(row.shape)) for row in rows[17:37]
    ]
    assert [bytes(row.buffers[0]) for row in got] == [row.buffers[0] for row in rows[17:37]]


def test_the_number_of_rows_may_be_refused() -> None:
    def refuse(rows: int) -> None:
        raise FrameError(f"{rows} are too many")

    message = write_batch([Row(None, "d", 4, None, None, 0, 0, 0, 0, None, [], None, [])] * 3)
    head = read_head(memoryview(message), 1 << 20)
    assert head is not None

    with pytest.raises(FrameError, match="3 are too many"):
        read_batch(memoryview(message), head, refuse)


@pytest.mark.parametrize("meta", [None, {}, {"token": "t"}])
def test_a_commit_differs_from_another_only_in_its_seq(meta: Any) -> None:
    for seq in (1, 2, 2**53 - 1):
        (row,) = read(commit("doc", seq, meta))
        assert (row.seq, row.doc) == (seq, "doc")
        assert commit("doc", seq, meta) == with_seq(commit("doc", 7, meta), seq)
