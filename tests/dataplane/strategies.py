"""Columns of every kind, and what may happen to them, for hypothesis."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from bokeh_wsgi.dataplane import Column, column_from, concat
from tests.effort import tries

NUMBER_DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"]
thorough = settings(max_examples=tries(150), deadline=None, suppress_health_check=list(HealthCheck))
"""For the tests of the wire: columns take a while to draw, and no single one may be late."""
TEXT = st.text(max_size=8)


def arrays(max_rows: int = 60) -> st.SearchStrategy[Any]:
    """Numbers of every wire type: random bits, few values, or counting."""
    shapes = st.one_of(
        st.integers(0, max_rows).map(lambda n: (n,)),
        st.tuples(st.integers(0, 8), st.integers(0, 3)),
        st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(1, 3)),
    )
    dtypes = st.sampled_from(NUMBER_DTYPES)
    few = st.tuples(dtypes, shapes).flatmap(
        lambda kind: npst.arrays(kind[0], kind[1], elements=st.sampled_from([0, 1]), fill=st.nothing())
    )
    random = st.tuples(dtypes, shapes).flatmap(lambda kind: npst.arrays(kind[0], kind[1]))
    counting = st.builds(
        lambda n, start, step: start + step * np.arange(n),
        st.integers(0, max_rows), st.sampled_from([0.0, -5.0, 0.1]), st.sampled_from([0.0, 1.0, 0.1, -2.5]),
    )  # fmt: skip
    return st.one_of(few, random, counting)


def lists(max_rows: int = 40) -> st.SearchStrategy[Any]:
    floats = st.floats(width=64)
    rows: list[st.SearchStrategy[Any]] = [
        floats,
        st.integers(-10, 10),
        st.integers(),
        st.booleans(),
        st.none() | st.integers(0, 3),
        TEXT,
        st.none() | TEXT,
        st.sampled_from(["a", "b"]),
        st.tuples(TEXT, TEXT),
        st.lists(TEXT, max_size=3).map(tuple),
        st.lists(floats, max_size=4),
        st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=3),
        st.lists(TEXT, max_size=3),
        npst.arrays("f4", st.integers(0, 4)),
        npst.arrays("u4", st.tuples(st.integers(1, 3), st.integers(1, 3))),
        npst.arrays("i2", st.just((2, 2))),
        st.dictionaries(TEXT, st.integers(), max_size=2),
        st.none() | TEXT | st.integers(0, 3) | st.booleans(),
    ]
    return st.sampled_from(rows).flatmap(lambda row: st.lists(row, max_size=max_rows))


def columns(max_rows: int = 60) -> st.SearchStrategy[Column]:
    return st.one_of(arrays(max_rows), lists(max_rows)).filter(_fits_a_float).map(column_from)


def _fits_a_float(values: Any) -> bool:
    return isinstance(values, np.ndarray) or all(not isinstance(v, int) or abs(v) < 2**1000 for v in values)


@st.composite
def updates(draw: st.DrawFn) -> tuple[Column, Column]:
    """A column, and one that a script may publish after it."""
    old = draw(columns())
    steps: list[Callable[[], Column]] = [
        lambda: old,
        lambda: draw(columns()),
        lambda: concat(old, old),
        lambda: concat(old.slice(_row(draw, old), old.rows), old.slice(0, _row(draw, old))),
        lambda: old.slice(_row(draw, old), old.rows),
        lambda: old.slice(0, _row(draw, old)),
        lambda: _rewritten(draw, old),
        lambda: _rewritten(draw, _rewritten(draw, old)),
        lambda: _inserted(draw, old),
    ]
    return old, draw(st.sampled_from(steps))()


def _row(draw: st.DrawFn, column: Column) -> int:
    return draw(st.integers(0, column.rows))


def _rewritten(draw: st.DrawFn, column: Column) -> Column:
    """Some rows overwritten by others of the same column."""
    source, target = _row(draw, column), _row(draw, column)
    count = min(draw(st.integers(0, 5)), column.rows - source, column.rows - target)
    rows, rest = column.slice(source, source + count), column.slice(target + count, column.rows)
    return concat(column.slice(0, target), rows, rest)


def _inserted(draw: st.DrawFn, column: Column) -> Column:
    at = _row(draw, column)
    grown = concat(column.slice(0, at), column.slice(0, min(2, column.rows)))
    return concat(grown, column.slice(at, column.rows))
