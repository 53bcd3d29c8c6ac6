"""Frames that are cut, flipped or made to harm: always a FrameError with the reason, never much memory."""

import struct
import tracemalloc
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import (
    END,
    HEARTBEAT,
    SCHEMA,
    SCHEMA_MESSAGE,
    GrowingColumn,
    Limits,
    Op,
    OpCode,
    Reader,
    column_from,
    commit,
    decode_upload,
    encode,
)
from bokeh_wsgi.dataplane.codec import compress
from bokeh_wsgi.exc import FrameError

from .strategies import thorough
from .streams import DOC, MODEL, NAME, kept, upload

ZEROS = struct.pack("<BBBBIII15xB", 5, 1, 0x25, 8, 8000, 8000, 32, 0x10)
RAGGED = Op(OpCode.REPLACE, MODEL, "r", count=3, values=column_from([["a", "bc"], [], ["żółw"]]))
WALK = Op(
    OpCode.REPLACE,
    MODEL,
    NAME,
    count=900,
    values=column_from(np.random.default_rng(0).normal(size=900).cumsum()),
)
NONES = Op(OpCode.REPLACE, MODEL, "n", count=9, values=column_from([None, 1.5, 2] * 3))
GOOD = upload([Op(OpCode.GRAPH, json="{}"), WALK, RAGGED, NONES])

ROW: dict[str, Any] = {
    "seq": None, "doc": DOC, "op": 4, "model": MODEL, "column": NAME,
    "base": 0, "start": 0, "count": 1000, "drop": 0, "dtype": "float64", "shape": [], "json": None,
    "buffers": [b"", ZEROS],
}  # fmt: skip

GRAPH = ROW | {"op": 1, "count": 0, "model": None, "column": None, "dtype": None, "buffers": []}


def packed(values: Any, dtype: str) -> bytes:
    return compress(np.array(values, dtype=dtype))


def stream(*rows: dict[str, Any]) -> bytes:
    batch = pa.RecordBatch.from_pylist([ROW | row for row in rows], SCHEMA)
    message: bytes = batch.serialize().to_pybytes()
    return SCHEMA_MESSAGE + message + END


def test_the_row_that_the_cases_spoil_is_good() -> None:
    (op,), _ = decode_upload(stream({}), DOC)

    assert op.values is not None
    assert op.values.values().tolist() == [0.0] * 1000


def test_integers_of_decimals_take_half_the_chunk() -> None:
    (op,), _ = decode_upload(stream({"json": '{"list":1,"decimals": 2}', "count": 2000}), DOC)

    assert op.values is not None
    assert op.values.values() == [0.0] * 2000


TEXT = {"dtype": "utf8", "count": 2}
JSON = {"dtype": "json", "count": 1}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"op": 0}, "no op 0"),
        ({"op": 10}, "no op 10"),
        ({"op": 9, "seq": 1}, "not used"),
        ({"doc": "other"}, "other than changes of document"),
        ({"seq": 5}, "seq"),
        ({"model": None}, "no model"),
        ({"model": ""}, "no model"),
        ({"column": None}, "no column"),
        ({"base": -1}, "base is -1"),
        ({"base": 2**60}, "base is"),
        ({"start": 5}, "start is not used"),
        ({"drop": 1}, "drop is not used"),
        ({"count": -1}, "count is -1"),
        ({"count": 999}, "unpacks to 8000 bytes instead of 999"),
        ({"count": 2**40}, "rows are more than"),
        ({"count": 2**31 - 1}, "more than 4294967296 bytes|unpacks to"),
        ({"dtype": None}, "no dtype"),
        ({"dtype": "float16"}, "no dtype"),
        ({"dtype": "float32"}, "instead of 1000 x float32"),
        ({"shape": [2]}, "unpacks to"),
        ({"shape": [-2]}, "shape is"),
        ({"shape": [2, -1]}, "ragged levels come first"),
        ({"shape": [1] * 9}, "shape is"),
        ({"shape": [2**31 - 1, 2**31 - 1], "count": 0, "buffers": [b"", b""]}, "too many values per row"),
        ({"shape": [0], "count": 2**31 - 1, "buffers": [b"", b""]}, "more than"),
        ({"shape": [-1]}, "has 2 buffers instead of 3"),
        ({"buffers": []}, "has 0 buffers"),
        ({"buffers": [b"", ZEROS, ZEROS]}, "has 3 buffers"),
        ({"buffers": [b"", b""]}, "unpacks to 0"),
        ({"buffers": [ZEROS, ZEROS]}, "instead of 125 x uint8"),
        ({"buffers": [b"", b"x"]}, "shorter than its header"),
        ({"buffers": [packed([255], "u1"), ZEROS], "shape": [1]}, "only plain columns|instead of 125"),
        ({"json": '{"list": 2}'}, "json is"),
        ({"json": '{"list": true}'}, "json is"),
        ({"json": '{"list": 1, "more": 1}'}, "json is"),
        ({"json": "[1]"}, "json is"),
        ({"json": '{"list": 1' + " " * 100 + "}"}, "json is"),
        ({"json": '{"decimals": 7}'}, "json is"),
        ({"json": '{"decimals": -1}'}, "json is"),
        ({"json": '{"decimals": true}'}, "json is"),
        ({"json": '{"decimals": 2.0}'}, "json is"),
        ({"json": '{"decimals": "2"}'}, "json is"),
        ({"json": '{"decimals": null}'}, "json is"),
        ({"json": '{"decimals": 2}'}, "8000 bytes instead of 1000 x int32"),
        ({"json": '{"decimals": 2}', "buffers": [b"", b""]}, "unpacks to 0"),
        ({"json": '{"decimals": 2}', "count": 2000, "dtype": "int32"}, "no decimals of int32"),
        ({"json": '{"decimals": 2}', "dtype": "utf8", "buffers": [b"", b"", b""]}, "no decimals of utf8"),
        ({"op": 5, "base": 1, "json": '{"list": 1, "decimals": 2}', "count": 2000}, "json is not used"),
        ({"op": 6, "base": 1, "json": '{"list": 0}'}, "json is not used"),
        ({"op": 8, "dtype": None, "buffers": [], "count": 0, "json": '{"decimals": 2}'}, "json is not used"),
        ({"json": "{"}, "not JSON"),
        ({"op": 5}, "says no version"),
        ({"op": 6}, "says no version"),
        ({"op": 5, "base": 1, "json": '{"list": 1}'}, "json is not used"),
        ({"op": 6, "base": 1, "drop": 1}, "drop is not used"),
        ({"op": 7, "buffers": []}, "not a ramp"),
        ({"op": 7}, "has buffers"),
        ({"op": 7, "buffers": [], "json": '{"start":"nan","step":"0x0p0"}'}, "leaves the range"),
        ({"op": 7, "buffers": [], "json": '{"start":1,"step":2}'}, "not a ramp"),
        (
            {"op": 7, "buffers": [], "json": '{"start":"0x0p0","step":"0x1p0"}', "dtype": "uint8"},
            "leaves the range",
        ),
        ({"op": 7, "buffers": [], "json": '{"start":"0x0p0","step":"0x1p0"}', "dtype": "utf8"}, "no ramp"),
        ({"op": 8}, "not used|has buffers"),
        ({"op": 1}, "not used"),
        (GRAPH | {"json": "[]"}, "no object"),
        (GRAPH, "no json"),
        (GRAPH | {"op": 2, "json": '{"a": NaN}'}, "NaN is not JSON"),
        (GRAPH | {"op": 2, "json": "[" * 100_000}, "not JSON"),
        (GRAPH | {"op": 2, "json": '{"a":' + "9" * 5000 + "}"}, "not JSON"),
        ({"dtype": "bool", "count": 1, "buffers": [b"", packed([2], "u1")]}, "neither 0 nor 1"),
        (TEXT | {"buffers": [b"", packed([0, 1, 3], "i4"), packed([65, 66], "u1")]}, "instead of 3"),
        (TEXT | {"buffers": [b"", packed([0, 2, 1], "i4"), packed([65], "u1")]}, "do not rise"),
        (TEXT | {"buffers": [b"", packed([1, 1, 1], "i4"), packed([65], "u1")]}, "do not rise"),
        (TEXT | {"buffers": [b"", packed([0, -5, -1], "i4"), b""]}, "do not rise"),
        (TEXT | {"buffers": [b"", packed([0, 1], "i4"), packed([65], "u1")]}, "instead of 3 x"),
        (TEXT | {"buffers": [b"", packed([0, 2**62, 2**62], "i8"), packed([65], "u1")]}, "more than"),
        (TEXT | {"buffers": [b"", packed([0, 0, 2], "i4"), packed([0xC3, 0x28], "u1")]}, "not UTF-8"),
        (
            TEXT | {"buffers": [b"", packed([0, 1, 2], "i4"), packed([0xC3, 0xB3], "u1")]},
            "within a character",
        ),
        (TEXT | {"buffers": [b"", packed([0, 2**31 - 1, 2**31 - 1], "i4"), b""]}, "unpacks to 0"),
        (JSON | {"buffers": [b"", packed([0, 3], "i4"), packed(list(b"NaN"), "u1")]}, "NaN is not JSON"),
        (JSON | {"buffers": [b"", packed([0, 0], "i4"), b""]}, "not JSON"),
        (JSON | {"shape": [1], "buffers": [b"", packed([0, 1], "i4"), packed(list(b"1"), "u1")]}, "no shape"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_the_reason(row: dict[str, Any], why: str) -> None:
    with pytest.raises(FrameError, match=why):
        decode_upload(stream(row), DOC)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([{}, {"base": 1}], "two bases"),
        ([{"op": 5, "base": 1, "count": 1000}, {"base": 0}], "two bases"),
        ([{}, GRAPH | {"json": "{}"}], "not the first"),
    ],
)
def test_rows_that_do_not_fit_each_other_are_refused(rows: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(FrameError, match=why):
        decode_upload(stream(*rows), DOC)


def test_the_error_names_op_and_column() -> None:
    with pytest.raises(FrameError, match=f"REPLACE of {MODEL}.{NAME}: "):
        decode_upload(stream({"start": 5}), DOC)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut"),
        (b"GET / HTTP/1.1\r\n\r\n", "not an Arrow stream"),
        (SCHEMA_MESSAGE, "cut"),
        (SCHEMA_MESSAGE + END, "without ops"),
        (END, "does not start with a schema"),
        (kept([WALK]) + END, "does not start with a schema"),
        (SCHEMA_MESSAGE + SCHEMA_MESSAGE + END, "second schema"),
        (SCHEMA_MESSAGE + HEARTBEAT + END, "other than changes"),
        (GOOD[:-8], "cut"),
        (GOOD + b"\0", "after the end"),
        (SCHEMA_MESSAGE + commit(DOC, 1) + END, "other than changes"),
        (SCHEMA_MESSAGE + kept([WALK]) + commit(DOC, 1) + END, "other than changes"),
        (SCHEMA_MESSAGE + b"".join(encode("doc2", [WALK])) + END, "other than changes"),
        (SCHEMA_MESSAGE + b"\xff\xff\xff\xff\xff\xff\xff\x7f", "bytes of metadata"),
        (SCHEMA_MESSAGE + b"\xff\xff\xff\xff\x00\x00\x00\x80", "bytes of metadata"),
        (SCHEMA_MESSAGE + b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"\xff" * 16, "broken header"),
        (
            SCHEMA_MESSAGE + b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"\0" * 16,
            "broken header|has the type|no header",
        ),
    ],
)
def test_a_stream_that_is_none_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(FrameError, match=why):
        decode_upload(data, DOC)


def test_another_schema_is_refused() -> None:
    batch = pa.RecordBatch.from_pylist([{"a": 1}])
    other = batch.schema.serialize().to_pybytes()

    with pytest.raises(FrameError, match="another schema"):
        decode_upload(other + batch.serialize().to_pybytes() + END, DOC)
    with pytest.raises(FrameError, match="another schema"):
        Reader().feed(other)


def test_bodies_compressed_by_arrow_are_refused() -> None:
    batch = pa.RecordBatch.from_pylist([ROW], SCHEMA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_batch(batch)

    with pytest.raises(FrameError, match="compressed body"):
        decode_upload(sink.getvalue().to_pybytes(), DOC)


def test_nulls_where_none_may_be_are_refused() -> None:
    loose = pa.schema([field.with_nullable(True) for field in SCHEMA])
    for name in ("doc", "op", "base", "shape", "buffers"):
        batch = pa.RecordBatch.from_pylist([ROW | {name: None}], loose)

        with pytest.raises(FrameError, match=f"{name} is null"):
            decode_upload(SCHEMA_MESSAGE + batch.serialize().to_pybytes() + END, DOC)


def test_limits_are_named() -> None:
    for limits, why in [
        (Limits(max_bytes=1000), "at most 1000"),
        (Limits(max_message_bytes=512), "at most 512"),
        (Limits(max_unpacked=1000), "more than 1000"),
        (Limits(max_ops=2), "more than 2 ops"),
        (Limits(max_rows=899), "more than 899"),
    ]:
        with pytest.raises(FrameError, match=why):
            decode_upload(GOOD, DOC, limits)


def test_a_reader_bounds_what_it_holds_of_an_open_change() -> None:
    reader = Reader(Limits(max_unpacked=20_000))
    reader.feed(SCHEMA_MESSAGE + 2 * kept([WALK]))

    with pytest.raises(FrameError, match="more than 20000"):
        reader.feed(kept([WALK]))


def test_a_commit_in_a_batch_with_others_is_refused_by_readers() -> None:
    rows = [
        ROW,
        ROW | {"op": 9, "seq": 1, "model": None, "column": None, "count": 0, "dtype": None, "buffers": []},
    ]
    rows[1]["json"] = "{}"

    with pytest.raises(FrameError, match="not alone"):
        Reader().feed(stream(*rows))


def test_a_bomb_takes_no_memory() -> None:
    size = 2**31 - 64
    bomb = struct.pack("<BBBBIII15xB", 5, 1, 0x25, 8, size, size, 32, 0x10)
    data = stream(*[{"column": str(n), "count": size // 8, "buffers": [b"", bomb]} for n in range(10)])

    tracemalloc.start()
    try:
        with pytest.raises(FrameError, match="more than 1000000000 bytes"):
            decode_upload(data, DOC, Limits(max_unpacked=1_000_000_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


def spoiled(data: bytes, draw: st.DataObject) -> bytes:
    """Cut, flipped or overwritten in a few places, more often where lengths are."""
    changed = bytearray(data)
    start = len(SCHEMA_MESSAGE)
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(data) - 1) | st.integers(start, start + 900)) % len(changed)
        kind = draw.draw(st.integers(0, 3))
        if kind == 0:
            changed[at] ^= 1 << draw.draw(st.integers(0, 7))
        elif kind == 1:
            value = draw.draw(st.sampled_from([0, 1, -1, 7, 2**31 - 1, -(2**31)]))
            struct.pack_into("<i", changed, min(at & ~3, len(changed) - 4), value)
        elif kind == 2:
            value = draw.draw(st.sampled_from([0, -1, 2**63 - 1, -(2**63), 2**40]))
            struct.pack_into("<q", changed, min(at & ~7, len(changed) - 8), value)
        elif draw.draw(st.booleans()):
            changed = changed[: max(at, 8)]
    return bytes(changed)


@thorough
@given(st.data())
def test_whatever_is_spoiled_gives_ops_that_apply_or_a_frame_error(data: st.DataObject) -> None:
    limits = Limits(max_unpacked=10_000_000)
    try:
        ops, _ = decode_upload(spoiled(GOOD, data), DOC, limits)
        for op in ops:
            if op.column and op.code is not OpCode.REMOVE:
                state = GrowingColumn()
                state.apply(op)
                state.column().values()
    except FrameError:
        pass


@thorough
@given(st.data())
def test_a_reader_of_spoiled_bytes_raises_nothing_but_frame_errors(data: st.DataObject) -> None:
    reader = Reader(Limits(max_unpacked=10_000_000))
    stream = SCHEMA_MESSAGE + spoiled(
        GOOD[len(SCHEMA_MESSAGE) : -8] + commit(DOC, 1, {"token": "t"}) + END, data
    )
    try:
        for at in range(0, len(stream), 701):
            reader.feed(stream[at : at + 701])
    except FrameError:
        pass


@thorough
@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    for data in (noise, SCHEMA_MESSAGE + noise, SCHEMA_MESSAGE + b"\xff\xff\xff\xff\x40\x00\x00\x00" + noise):
        with pytest.raises(FrameError):
            decode_upload(data, DOC)
