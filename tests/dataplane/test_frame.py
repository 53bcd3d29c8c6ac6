"""A change on the wire is a plain Arrow stream of one schema, and reads back as the ops that were sent."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bokeh_wsgi.dataplane import (
    END,
    HEARTBEAT,
    SCHEMA,
    SCHEMA_MESSAGE,
    FilterMemory,
    Op,
    OpCode,
    Reader,
    column_from,
    commit,
    decode_upload,
    encode,
    encode_pieces,
    encode_upload,
)
from bokeh_wsgi.exc import FrameError

from .streams import DOC, MODEL, NAME, change, kept, read, through_the_wire, upload

GRAPH = Op(OpCode.GRAPH, json='{"roots":[]}')
VALUES = column_from(np.random.default_rng(0).normal(size=1000))
REPLACE = Op(OpCode.REPLACE, MODEL, NAME, count=1000, values=VALUES)
OPS = [
    GRAPH,
    REPLACE,
    Op(OpCode.WRITE, MODEL, NAME, start=5, count=2, values=VALUES.slice(0, 2)),
    Op(OpCode.APPEND, MODEL, NAME, start=998, count=2, drop=2, values=VALUES.slice(5, 7)),
    Op(OpCode.RAMP, MODEL, "x", count=5, json='{"start":"0x0.0p+0","step":"0x1.0p+0"}', dtype="int32"),
    Op(OpCode.REMOVE, MODEL, "old", base=7),
    Op(OpCode.EVENT, MODEL, json='{"event":"click"}'),
]


def comparable(op: Op) -> tuple[Any, ...]:
    values = op.values.data.tobytes() if op.values else None
    return (op.code, op.model, op.column, op.base, op.start, op.count, op.drop, op.json, values)


def test_every_op_comes_back_as_it_was_sent() -> None:
    assert [comparable(op) for op in through_the_wire(OPS)] == [comparable(op) for op in OPS]


def test_anyone_can_read_a_stream_with_pyarrow() -> None:
    table = pa.ipc.open_stream(upload(OPS)).read_all()

    assert table.schema.equals(SCHEMA)
    assert table.column("op").to_pylist() == [op.code for op in OPS]
    assert set(table.column("doc").to_pylist()) == {DOC}
    assert table.column("seq").null_count == len(OPS)


def test_the_row_of_a_column_tells_type_shape_and_containers() -> None:
    op = Op(OpCode.REPLACE, MODEL, NAME, count=2, values=column_from([[1.5, 2.0], [3.0]]))

    (row,) = pa.ipc.open_stream(upload([op])).read_all().to_pylist()

    assert (row["dtype"], row["shape"], row["json"]) == ("float64", [-1], '{"list":2}')
    assert row["buffers"][0] == b""
    assert len(row["buffers"]) == 3


def test_the_kept_bytes_are_the_batches_without_schema_and_end() -> None:
    assert SCHEMA_MESSAGE + kept(OPS) + END == upload(OPS)
    assert b"".join(encode(DOC, OPS)) == kept(OPS)
    assert encode_upload(DOC, OPS)[0] == SCHEMA_MESSAGE


def test_batches_are_about_four_mebibytes() -> None:
    noise = column_from(np.random.default_rng(0).integers(0, 256, 30_000_000, dtype=np.uint8))

    sizes = [
        len(batch) for batch in encode(DOC, [Op(OpCode.REPLACE, MODEL, NAME, count=noise.rows, values=noise)])
    ]

    assert len(sizes) == 8
    assert 3.9e6 < max(sizes) < 4.2e6


def test_a_large_change_is_encoded_piece_by_piece() -> None:
    values = column_from(np.random.default_rng(0).normal(size=2_000_000))
    asked = []

    def ops() -> Iterator[Op]:
        for name in ("a", "b"):
            asked.append(name)
            yield Op(OpCode.REPLACE, MODEL, name, count=values.rows, values=values)

    pieces = encode_pieces(DOC, ops())
    first = next(pieces)

    assert asked == ["a"]
    assert b"".join([first, *pieces]) == b"".join(encode(DOC, ops()))


def test_with_a_memory_of_filters_the_same_comes_back() -> None:
    memory = FilterMemory()

    for _ in range(3):
        ops = decode_upload(b"".join(encode_upload(DOC, OPS, memory)), DOC)[0]
        assert [comparable(op) for op in ops] == [comparable(op) for op in OPS]


def test_every_message_is_aligned_for_readers_that_make_views() -> None:
    for message in [SCHEMA_MESSAGE, HEARTBEAT, END, commit(DOC, 5), *encode(DOC, OPS)]:
        assert len(message) % 8 == 0


def test_a_commit_row_carries_seq_and_metadata_and_stands_alone() -> None:
    (row,) = pa.ipc.open_stream(SCHEMA_MESSAGE + commit(DOC, 42, {"token": "t"}) + END).read_all().to_pylist()

    assert (row["seq"], row["doc"], row["op"]) == (42, DOC, OpCode.COMMIT)
    assert json.loads(row["json"]) == {"token": "t"}


def test_a_reader_gives_each_change_when_its_commit_arrives() -> None:
    reader = Reader()

    assert reader.feed(SCHEMA_MESSAGE + kept(OPS)) == []
    (got,) = reader.feed(commit(DOC, 8, {"token": "t"}))

    assert (got.doc, got.seq, got.meta) == (DOC, 8, {"token": "t"})
    assert [comparable(op) for op in got.ops] == [comparable(op) for op in OPS]
    assert not reader.ended
    assert reader.feed(END) == []
    assert reader.ended


@pytest.mark.parametrize("size", [1, 7, 8, 1000])
def test_pieces_of_any_size_give_the_same_changes(size: int) -> None:
    stream = SCHEMA_MESSAGE + change(1, OPS) + HEARTBEAT + change(2, OPS) + END
    reader = Reader()

    changes = [c for at in range(0, len(stream), size) for c in reader.feed(stream[at : at + size])]

    assert [c.seq for c in changes] == [1, 2]
    assert reader.ended


def test_several_documents_share_a_stream() -> None:
    mine, theirs = b"".join(encode(DOC, [REPLACE])), b"".join(encode("doc2", [GRAPH]))

    changes = read(mine, theirs, commit("doc2", 3), HEARTBEAT, commit(DOC, 9))

    assert [(c.doc, c.seq, len(c.ops)) for c in changes] == [("doc2", 3, 1), (DOC, 9, 1)]


def test_a_commit_alone_is_a_change_without_ops() -> None:
    (got,) = read(commit(DOC, 5, {"end": "deleted"}))

    assert (got.seq, got.ops, got.meta) == (5, [], {"end": "deleted"})


def test_a_cut_stream_does_not_end() -> None:
    reader = Reader()

    reader.feed(SCHEMA_MESSAGE + commit(DOC, 1))

    assert not reader.ended


def test_nothing_may_follow_the_end() -> None:
    reader = Reader()
    reader.feed(SCHEMA_MESSAGE + END)

    with pytest.raises(FrameError, match="after the end"):
        reader.feed(b"x")


def test_uploads_may_be_any_bytes_like() -> None:
    ops, frame = decode_upload(bytearray(upload(OPS)), DOC)

    assert len(ops) == len(OPS)
    assert isinstance(frame, bytes)


def test_a_stream_with_the_same_schema_from_another_writer_is_read() -> None:
    batch = pa.ipc.open_stream(upload([REPLACE])).read_all().combine_chunks().to_batches()[0]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)

    (op,), _ = decode_upload(sink.getvalue().to_pybytes(), DOC)

    assert comparable(op) == comparable(REPLACE)
