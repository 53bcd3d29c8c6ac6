"""Whatever changes in a column, its reader has the same bits afterwards."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from bokeh_wsgi.dataplane import Column, Op, OpCode, column_from, diff

from .javascript import as_page_shows, same
from .strategies import arrays, columns, lists, thorough, updates
from .streams import applied, keyed, through_the_wire


@thorough
@given(updates())
def test_diff_sent_and_applied_gives_the_new_column_bit_for_bit(update: tuple[Column, Column]) -> None:
    old, new = update

    ops = diff(old, new)

    assert applied(old, through_the_wire(keyed(ops)) if ops else []).equals(new)


@thorough
@given(columns())
def test_a_column_sent_whole_is_the_same_column(column: Column) -> None:
    ops = diff(None, column)

    assert applied(None, through_the_wire(keyed(ops, base=0))).equals(column)


@thorough
@given(columns())
def test_a_column_does_not_differ_from_itself(column: Column) -> None:
    assert diff(column, column.copy()) == []


@thorough
@given(arrays() | lists())
def test_values_give_the_same_column_again(values: Any) -> None:
    column = column_from(values)

    again = column_from(column.values())

    assert same(as_page_shows(again), as_page_shows(column))


def test_long_columns_of_every_kind_are_cut_into_several_rows_and_put_together_again() -> None:
    rng = np.random.default_rng(1)
    words = [f"word {n}" * (n % 7) for n in range(400_000)]
    kinds: list[Any] = [
        rng.normal(size=700_000),
        rng.integers(0, 255, (1000, 90, 90), dtype=np.uint8),
        words,
        [None if n % 3 else word for n, word in enumerate(words)],
        [rng.normal(size=n) for n in rng.integers(0, 3000, 800)],
        [(word, word) for word in words[:200_000]],
    ]
    for values in kinds:
        column = column_from(values)

        ops = through_the_wire(keyed(diff(None, column), base=0))

        assert [op.code for op in ops] == [OpCode.REPLACE] + [OpCode.APPEND] * (len(ops) - 1)
        assert len(ops) > 1
        assert all(op.values is not None and op.values.nbytes < 3 << 20 for op in ops)
        assert applied(None, ops).equals(column)


@pytest.mark.parametrize("dtype", ["f8", "u1"])
def test_a_long_write_is_cut_too(dtype: str) -> None:
    values = np.random.default_rng(1).integers(0, 200, 8_000_000).astype(dtype)
    changed = values.copy()
    changed[1000:4_500_000] += 1

    ops = through_the_wire(keyed(diff(column_from(values), column_from(changed))))

    assert {op.code for op in ops} == {OpCode.WRITE}
    assert len(ops) > 1
    assert applied(column_from(values), ops).equals(column_from(changed))


def test_a_row_larger_than_a_batch_travels_alone() -> None:
    image = np.random.default_rng(1).integers(0, 2**32, (1500, 1500), dtype=np.uint32)
    op = Op(OpCode.REPLACE, count=2, values=column_from([image, image]))

    first, second = through_the_wire(keyed([op], base=0))

    assert (first.count, second.code, second.start) == (1, OpCode.APPEND, 1)
