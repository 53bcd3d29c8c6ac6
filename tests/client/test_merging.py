"""Several steps as one: a column comes out the same."""

import random
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.client.publish.steps import Step, is_rows, joined
from bokeh_wsgi.dataplane import GrowingColumn, Op, OpCode, column_from
from bokeh_wsgi.models.graph import Graph


def append(rows: int, drop: int, *values: float) -> Op:
    column = column_from(np.array(values))
    return Op(OpCode.APPEND, "m", "y", start=rows - drop, count=len(values), drop=drop, values=column)


def write(start: int, *values: float) -> Op:
    return Op(OpCode.WRITE, "m", "y", start=start, count=len(values), values=column_from(np.array(values)))


def replace(*values: float) -> Op:
    return Op(OpCode.REPLACE, "m", "y", count=len(values), values=column_from(np.array(values)))


def steps(*ops: Op) -> list[Step]:
    return [Step([op], None, {}) for op in ops]


def test_appends_become_one() -> None:
    (op,) = joined(steps(append(5, 1, 6.0), append(5, 2, 7.0, 8.0))).ops
    assert (op.code, op.start, op.count, op.drop) == (OpCode.APPEND, 2, 3, 3)
    assert op.values is not None
    assert op.values.data.tolist() == [6.0, 7.0, 8.0]


def test_rows_that_are_replaced_are_not_sent_before() -> None:
    (op,) = joined(steps(write(0, 1.0), append(5, 0, 2.0), replace(3.0))).ops
    assert op.code is OpCode.REPLACE


def test_a_change_of_models_is_not_only_rows() -> None:
    assert is_rows(Step([write(0, 1.0)], None, {}))
    assert not is_rows(Step([write(0, 1.0)], Graph(), {}))
    assert not is_rows(Step([Op(OpCode.REMOVE, "m", "y")], None, {}))


@pytest.mark.parametrize("seed", range(30))
def test_a_column_comes_out_the_same(seed: int) -> None:
    rng = random.Random(seed)
    start: Any = np.arange(20.0)
    apart, together = GrowingColumn(column_from(start)), GrowingColumn(column_from(start))
    ops: list[Op] = []
    for _ in range(rng.randrange(1, 12)):
        rows = apart.rows
        values = [rng.random() for _ in range(rng.randrange(1, 9))]
        kinds = [append(rows, rng.randrange(rows + 1), *values), append(rows, 0, *values)]
        if rows >= len(values):
            kinds.append(write(rng.randrange(rows - len(values) + 1), *values))
        if rng.random() < 0.2:
            kinds = [replace(*values)]
        ops.append(rng.choice(kinds))
        apart.apply(ops[-1])
    for op in joined(steps(*ops)).ops:
        together.apply(op)
    assert together.column().equals(apart.column())
