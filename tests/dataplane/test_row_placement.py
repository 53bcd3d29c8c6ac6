"""Values of a long column, which come in many rows, are decoded behind one another and not copied again."""

from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.dataplane import GrowingColumn, Limits, Op, OpCode, column_from, decode_upload, encode_upload
from bokeh_wsgi.exc import FrameError

ROWS = 2_000_000
DOC = "doc1"


def replace(values: Any, name: str = "y") -> Op:
    column = column_from(values)
    return Op(OpCode.REPLACE, "m", name, count=column.rows, values=column)


def append(values: Any, start: int, drop: int = 0) -> Op:
    column = column_from(values)
    return Op(OpCode.APPEND, "m", "y", 1, start, column.rows, drop, values=column)


def upload(*ops: Op) -> bytes:
    return b"".join(encode_upload(DOC, ops))


def memory_of(op: Op) -> Any:
    assert op.values is not None
    return op.values.data.base


@pytest.fixture(scope="module")
def noise() -> Any:
    return np.random.default_rng(1).standard_normal(ROWS)


def test_the_rows_of_a_long_column_share_memory(noise: Any) -> None:
    ops, _ = decode_upload(upload(replace(noise)), DOC)
    assert len(ops) > 4
    assert all(memory_of(op) is memory_of(ops[0]) for op in ops)


def test_a_column_takes_that_memory_over(noise: Any) -> None:
    ops, _ = decode_upload(upload(replace(noise)), DOC)
    memory = memory_of(ops[0])
    column = GrowingColumn()
    for op in ops:
        column.apply(op, copy=False)
    assert column.column().data.tobytes() == noise.tobytes()
    assert np.shares_memory(column.column().data, memory)
    del op, ops
    column.apply(append(noise[:10], ROWS - 5, drop=5))
    column.apply(Op(OpCode.WRITE, "m", "y", start=3, count=2, values=column_from(noise[:2])))
    expected = np.concatenate([noise[5:], noise[:10]])
    expected[3:5] = noise[:2]
    assert column.column().data.tobytes() == expected.tobytes()


def test_columns_that_come_by_turns_stay_apart(noise: Any) -> None:
    ops, _ = decode_upload(upload(replace(noise, "a"), replace(-noise, "b"), append(noise, 0)), DOC)
    columns = {name: GrowingColumn() for name in "ab"}
    for op in ops:
        if op.column in columns:
            columns[op.column].apply(op, copy=False)
    assert columns["a"].column().data.tobytes() == noise.tobytes()
    assert columns["b"].column().data.tobytes() == (-noise).tobytes()


def test_a_long_append_follows_a_column_that_was_there(noise: Any) -> None:
    column = GrowingColumn(column_from(noise[:100]))
    ops, _ = decode_upload(upload(append(noise, 60, drop=40)), DOC)
    for op in ops:
        column.apply(op, copy=False)
    assert column.column().data.tobytes() == np.concatenate([noise[40:100], noise]).tobytes()


def test_ops_in_between_part_the_rows(noise: Any) -> None:
    part = column_from(noise[:5])
    write = Op(OpCode.WRITE, "m", "y", start=0, count=5, values=part)
    more = Op(OpCode.APPEND, "m", "y", start=ROWS, count=ROWS, values=column_from(noise))
    column = GrowingColumn()
    ops, _ = decode_upload(upload(replace(-noise), write, more), DOC)
    for op in ops:
        column.apply(op, copy=False)
    expected = np.concatenate([-noise, noise])
    expected[:5] = noise[:5]
    assert column.column().data.tobytes() == expected.tobytes()


def test_small_columns_are_decoded_apart() -> None:
    ops, _ = decode_upload(upload(replace(np.arange(10.0) ** 2)), DOC)
    assert memory_of(ops[0]) is None


def test_no_memory_is_taken_beyond_the_limit(noise: Any) -> None:
    with pytest.raises(FrameError, match="unpacks to more than"):
        decode_upload(upload(replace(noise)), DOC, Limits(max_unpacked=noise.nbytes - 1))
