"""Floats with a few decimals travel as integers, and arrive bit for bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import FilterMemory, Op, OpCode, column_from, decode_upload, encode_upload
from bokeh_wsgi.dataplane.decimals import find_decimals, from_integers, to_integers

from .strategies import thorough
from .streams import DOC, MODEL, NAME

RNG = np.random.default_rng(1)


def sent(values: Any, memory: FilterMemory | None = None) -> tuple[int, list[Op]]:
    column = column_from(values)
    ops = [Op(OpCode.APPEND, MODEL, NAME, base=1, count=column.rows, values=column)]
    upload = b"".join(encode_upload(DOC, ops, memory or FilterMemory(decimals=True)))
    return len(upload), decode_upload(upload, DOC)[0]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("decimals", range(1, 4))
def test_rounded_values_arrive_in_a_fraction_of_the_bytes(dtype: str, decimals: int) -> None:
    values = np.round(RNG.normal(20, 1, 300_000), decimals).astype(dtype)

    size, ops = sent(values)

    assert b"".join(op.values.data.tobytes() for op in ops if op.values) == values.tobytes()
    assert size < 0.9 * sent(values, FilterMemory())[0]


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
    assert size < 0.9 * sent(values, FilterMemory())[0]


@thorough
@given(st.lists(st.integers(-(2**31) + 3, 2**31 - 3), min_size=1), st.integers(0, 6))
def test_every_integer_with_every_scale_comes_back(integers: list[int], decimals: int) -> None:
    given = np.array(integers, dtype=np.int32)
    values = from_integers(given, decimals, np.dtype("f8"))

    again = to_integers(values, decimals)

    assert again is not None
    assert np.array_equal(again, given)
    assert (find_decimals(values) or 0) <= decimals
