"""Converts any container that a ColumnDataSource accepts to a Column."""

import array
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bokeh_wsgi.exc import ColumnError

from .arrays import column_from_numbers, fill_masked
from .columns import Array, Column
from .lists import Fallback, column_from_integers, column_from_list
from .times import array_ms


def column_from(values: Any, *, fallback: Fallback | None = None) -> Column:
    """A column of an array, sequence, pandas or Arrow object; arrays of wire types are not copied.

    ``fallback`` converts an item without a wire type to JSON values; by default `plain.to_plain`.
    Raises ColumnError, with the type, for what cannot be a column.
    """
    return take_column(values, fallback=fallback)[0]


def take_column(values: Any, *, fallback: Fallback | None = None) -> tuple[Column, bool]:
    """As ``column_from``; and whether the column is a copy, so that the caller may keep it.

    Otherwise it may be a view, which changes with the array.
    """
    if isinstance(values, Column):
        return values, False
    if isinstance(values, list | tuple):
        return column_from_list(values, fallback), True
    if isinstance(values, range):
        return column_from_integers(_range(values)), True
    array_of = _as_array(values)
    if array_of is not None:
        column = _from_array(array_of, fallback)
        return column, not np.may_share_memory(array_of, column.data)
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return column_from_list(list(values), fallback), True
    raise ColumnError(f"a column can't be made of {type(values).__name__}: use an array or a list")


def _range(values: range) -> Array:
    try:
        return np.arange(values.start, values.stop, values.step, dtype=np.int64)
    except (OverflowError, ValueError) as e:
        raise ColumnError(f"{values} goes beyond 64-bit integers") from e


def _as_array(values: Any) -> Array | None:
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, array.array):
        return np.array(list(values)) if values.typecode in "uw" else np.frombuffer(values, values.typecode)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(values, pandas.PeriodIndex):
        return np.asarray(values.to_timestamp().values)
    if pandas is not None and isinstance(
        values, pandas.Series | pandas.Index | pandas.api.extensions.ExtensionArray
    ):
        return np.asarray(values.to_numpy())
    return np.asarray(values) if hasattr(values, "__array__") else None


def _from_array(values: Array, fallback: Fallback | None) -> Column:
    if isinstance(values, np.ma.MaskedArray):
        values = fill_masked(values)
    if values.ndim == 0:
        raise ColumnError("a column can't be made of a single value: use an array of one dimension or more")
    kind = values.dtype.kind
    if kind in "biufcmM":
        return column_from_numbers(values)
    if kind == "O" and values.ndim == 1 and len(values) and isinstance(values[0], dt.date):
        try:
            return column_from_numbers(array_ms(np.array([_as_utc(item) for item in values], dtype="M8[us]")))
        except (TypeError, ValueError):
            pass
    return _from_objects(values, fallback)


def _as_utc(item: Any) -> Any:
    """A time in UTC without a zone, as numpy's times have none."""
    aware = getattr(item, "tzinfo", None) is not None
    return item.astimezone(dt.UTC).replace(tzinfo=None) if aware else item


def _from_objects(values: Array, fallback: Fallback | None) -> Column:
    """As in Bokeh: strings and JSON remain an array, everything else becomes a list."""
    column = column_from_list(values.reshape(-1).tolist(), fallback)
    if values.ndim == 1:
        return replace(column, list_depth=0) if column.is_text and not column.shape else column
    if column.dtype == "utf8" and not column.shape and column.validity is None:
        return replace(column, shape=values.shape[1:], rows=values.shape[0], list_depth=0)
    return column_from_list(values.tolist(), fallback)
