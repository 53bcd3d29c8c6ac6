"""Floats with a few decimals travel as integers, and arrive bit for bit."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import (
    FilterMemory,
    GrowingColumn,
    Op,
    OpCode,
    column_from,
    decode_upload,
    encode,
    encode_upload,
    frame,
)
from bokeh_wsgi.dataplane.codec import compress
from bokeh_wsgi.dataplane.decimals import (
    find_decimals,
    from_integers,
    integers_within,
    spread,
    to_integers,
)

from .strategies import thorough
from .streams import DOC, MODEL, NAME

RNG = np.random.default_rng(1)


def sent(values: Any, memory: FilterMemory | None = None) -> tuple[int, list[Op]]:
    column = column_from(values)
    ops = [Op(OpCode.APPEND, MODEL, NAME, base=1, count=column.rows, values=column)]
    upload = b"".join(encode_upload(DOC, ops, memory))
    return len(upload), decode_upload(upload, DOC)[0]


def decimals_of_rows(ops: list[Op], memory: FilterMemory | None = None) -> list[int | None]:
    """What each row of the stream says."""
    rows = pa.ipc.open_stream(b"".join(encode_upload(DOC, ops, memory))).read_all().to_pylist()
    return [json.loads(row["json"] or "{}").get("decimals") for row in rows]


def replaced(values: Any) -> Op:
    column = column_from(values)
    return Op(OpCode.REPLACE, MODEL, NAME, count=column.rows, values=column)


def rounded(rows: int, decimals: int = 2) -> Any:
    return np.round(100 + RNG.normal(0, 0.05, rows).cumsum(), decimals)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("decimals", range(1, 4))
def test_rounded_values_arrive_in_a_fraction_of_the_bytes(dtype: str, decimals: int) -> None:
    values = np.round(RNG.normal(20, 1, 300_000), decimals).astype(dtype)

    size, ops = sent(values)

    assert b"".join(op.values.data.tobytes() for op in ops if op.values) == values.tobytes()
    assert size < 0.9 * len(compress(values))


@pytest.mark.parametrize("odd", [np.inf, -np.inf, 1e300, 0.1 + 0.2, 2.0**31, -np.nan])
def test_one_value_that_is_none_is_enough_to_send_floats(odd: float) -> None:
    values = np.round(RNG.normal(20, 1, 10_000), 2)
    values[7777] = odd

    _, ops = sent(values)

    assert ops[0].values is not None
    assert ops[0].values.data.tobytes() == values.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_minus_zero_and_nan_may_be_among_them(dtype: str) -> None:
    values = np.round(RNG.normal(0, 0.1, 10_000), 2).astype(dtype)
    values[::100] = np.nan
    assert np.signbit(values[values == 0]).any()

    size, ops = sent(values)

    assert ops[0].values is not None
    assert ops[0].values.data.tobytes() == values.tobytes()
    assert size < 0.9 * len(compress(values))


@thorough
@given(st.lists(st.integers(-(2**31) + 3, 2**31 - 3), min_size=1), st.integers(0, 6))
def test_every_integer_with_every_scale_comes_back(integers: list[int], decimals: int) -> None:
    given = np.array(integers, dtype=np.int32)
    values = from_integers(given, decimals, np.dtype("f8"))

    again = to_integers(values, decimals)

    assert again is not None
    assert np.array_equal(again, given)
    assert (find_decimals(values) or 0) <= decimals


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("rows", [0, 1, 2, 16383, 16384, 16385, 50_001])
def test_integers_become_values_within_the_values_memory(dtype: str, rows: int) -> None:
    integers = RNG.integers(-(2**31), 2**31, rows).astype(np.int32)
    integers[::7] = RNG.integers(-(2**31), -(2**31) + 3, len(integers[::7]))
    values = np.empty(rows, dtype=dtype)
    integers_within(values)[:] = integers

    spread(values, 3)

    assert values.tobytes() == from_integers(integers, 3, np.dtype(dtype)).tobytes()


@pytest.mark.parametrize("decimals", range(7))
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_values_with_so_many_decimals_are_found(dtype: str, decimals: int) -> None:
    values = np.round(RNG.normal(0, 3, 1000), decimals).astype(dtype)
    values[::9] = np.nan

    assert find_decimals(values) == decimals


@pytest.mark.parametrize(
    "values", [RNG.random(1000), RNG.random(1000).astype("f4"), np.array([np.inf, 1e300])]
)
def test_others_are_none(values: Any) -> None:
    assert find_decimals(values) is None


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_column_of_which_only_a_part_is_rounded_arrives_too(dtype: str) -> None:
    values = rounded(4_000_000).astype(dtype)
    values[1_500_000:1_500_010] = RNG.random(10)
    ops = [replaced(values)]

    told = decimals_of_rows(ops)
    back, _ = decode_upload(b"".join(encode_upload(DOC, ops)), DOC)

    assert set(told) == {2, None}
    column = GrowingColumn()
    for op in back:
        column.apply(op, copy=False)
    assert column.column().data.tobytes() == values.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_rows_of_a_long_column_share_memory(dtype: str) -> None:
    values = rounded(3_000_000).astype(dtype)
    ops = [replaced(values)]
    assert set(decimals_of_rows(ops)) == {2}

    back, _ = decode_upload(b"".join(encode_upload(DOC, ops)), DOC)

    memory = [op.values.data.base for op in back if op.values]
    assert len(memory) > 4
    assert memory[0] is not None
    assert all(base is memory[0] for base in memory)


def test_the_list_depth_and_the_decimals_are_told_together() -> None:
    values = [rounded(700).tolist(), [], rounded(50).tolist()]

    (op,), _ = decode_upload(b"".join(encode_upload(DOC, [replaced(values)])), DOC)

    assert decimals_of_rows([replaced(values)]) == [2]
    assert op.values is not None
    assert op.values.list_depth == 2
    assert [list(row) for row in op.values.values()] == values


def test_rows_of_none_may_be_among_them() -> None:
    values = [None if row % 5 == 0 else value for row, value in enumerate(rounded(2000).tolist())]

    (op,), _ = decode_upload(b"".join(encode_upload(DOC, [replaced(values)])), DOC)

    assert decimals_of_rows([replaced(values)]) == [2]
    assert op.values is not None
    assert list(op.values.values()) == values


def test_a_few_values_are_sent_as_they_are() -> None:
    assert decimals_of_rows([replaced(rounded(500))]) == [None]
    assert decimals_of_rows([replaced(rounded(520))]) == [2]


def test_the_choice_follows_the_data() -> None:
    memory, told = FilterMemory(), []
    for values in [rounded(2000)] * 3 + [RNG.random(2000)] * 3 + [rounded(2000, 3)] * 40:
        told += decimals_of_rows([replaced(values)], memory)

    assert told[:6] == [2, 2, 2, None, None, None]
    assert told[-1] == 3


@pytest.mark.parametrize(
    "values",
    [
        np.arange(100_000) * 2.0**20,
        np.full(100_000, 0.25),
        np.zeros(100_000),
        RNG.integers(-(2**30), 2**30, 100_000) / 1000,
        (RNG.integers(0, 4, 100_000) * 0.25).astype("f4"),
        np.repeat(RNG.integers(0, 9, 1000) / 10, 100),
        rounded(100_000, 4),
    ],
    ids=["multiples", "one value", "zeros", "wide", "quarters", "steps", "prices"],
)
def test_it_never_takes_more_bytes_than_floats(values: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(b"".join(encode(DOC, [replaced(values)])))

    monkeypatch.setattr(frame, "DECIMALS_BYTES", 1 << 30)
    assert size <= len(b"".join(encode(DOC, [replaced(values)]))) + len('{"decimals":2}') + 8
