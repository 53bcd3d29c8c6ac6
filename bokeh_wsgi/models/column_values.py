"""Reads column values from Bokeh's JSON and converts them to the type of a column."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any, Final

import numpy as np

from bokeh_wsgi.dataplane import ARRAY_NUMBERS, NUMBERS, Column, column_from, texts_column
from bokeh_wsgi.dataplane.plain import from_plain, to_plain
from bokeh_wsgi.exc import BadRequest, LimitExceeded

from .packed import ARRAYS, Unpacking

Values = list[Any] | np.ndarray[Any, np.dtype[Any]]

MAX_LEVELS: Final = 8

INTEGERS: Final = frozenset({"int8", "uint8", "int16", "uint16", "int32", "uint32"})


def read_values(rep: Any, unpacking: Unpacking, levels: int = MAX_LEVELS) -> Values:
    """The values of a list or array rep; arrays inside a list are decoded too.

    Arrays may be nested in up to ``levels`` lists. Raises BadRequest or LimitExceeded.
    """
    if isinstance(rep, list):
        return [
            read_array(item, unpacking) if _is_array(item) else _read_row(item, unpacking, levels - 1)
            for item in rep
        ]
    if not _is_array(rep):
        raise BadRequest(f"a column's values are a list or an array, not {str(rep)[:40]!r}")
    return read_array(rep, unpacking)


def _read_row(row: Any, unpacking: Unpacking, levels: int) -> Any:
    if levels and isinstance(row, list):
        return read_values(row, unpacking, levels)
    if isinstance(row, dict | list):
        unpacking.check(row)
    return row


def _is_array(rep: Any) -> bool:
    kind = rep.get("type") if isinstance(rep, dict) else None
    return isinstance(kind, str) and kind in ARRAYS


def read_array(rep: dict[str, Any], unpacking: Unpacking) -> Values:
    content, dtype = rep.get("array"), rep.get("dtype")
    if isinstance(content, list):
        return read_values(content, unpacking)
    if not isinstance(dtype, str) or dtype not in ARRAY_NUMBERS:
        raise BadRequest(f"unknown type of an array: {str(dtype)[:40]!r}")
    order = {"little": "<", "big": ">"}.get(str(rep.get("order")), "=")
    kind = np.dtype("bool" if dtype == "bool" else dtype).newbyteorder(order)  # type: ignore[arg-type]
    try:
        array = np.frombuffer(unpacking.unpacked(content["data"]), dtype=kind)  # type: ignore[index]
    except LimitExceeded:
        raise
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise BadRequest(f"an array's bytes cannot be read: {error}") from error
    shape = rep.get("shape", [len(array)])
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape) or not shape:
        raise BadRequest(f"{str(shape)[:40]} is not the shape of an array")
    if prod(shape) != len(array):
        raise BadRequest(f"an array of shape {shape} has {prod(shape)} items, not {len(array)}")
    return array.reshape(shape).astype(kind.newbyteorder("="))


def column_of(values: Values) -> Column:
    """A column of these values; raises ColumnError."""
    return column_from(values if isinstance(values, np.ndarray) else from_plain(values))


def fitted(values: Values, like: Column) -> Column | None:
    """A column of ``values`` with the layout of ``like``; None if a value does not fit."""
    if like.dtype == "json" and not like.shape:
        reps = values.tolist() if isinstance(values, np.ndarray) else values
        texts = [_json_text(rep) for rep in reps]
        return replace(texts_column("json", texts), list_depth=like.list_depth)
    if not len(values):
        return like
    column = column_of(values)
    if like.integers and not (column.integers or column.dtype in INTEGERS):
        return None
    if not column.same_rows(like):
        if column.shape != like.shape or column.is_text or like.is_text:
            return None
        cast = _cast(column, like.dtype)
        if cast is None:
            return None
        column = replace(column, dtype=like.dtype, data=cast)
    return replace(column, list_depth=like.list_depth, integers=like.integers)


def _json_text(rep: Any) -> str:
    try:
        return json.dumps(rep, separators=(",", ":"), allow_nan=False, default=to_plain)
    except ValueError as error:
        raise BadRequest(f"a number is too large: {error}") from error


def _cast(column: Column, dtype: str) -> np.ndarray[Any, np.dtype[Any]] | None:
    """The numbers as ``dtype``; None if that changes a value, except by rounding to single precision."""
    if (column.dtype == "bool") != (dtype == "bool"):
        # A column of nulls fits any type.
        return (
            None if column.validity is None or column.validity.any() else column.data.astype(NUMBERS[dtype])
        )
    with np.errstate(all="ignore"):
        cast = column.data.astype(NUMBERS[dtype])
        if dtype == "float32" or np.array_equal(cast.astype(np.float64), column.data, equal_nan=True):
            return cast
    return None


def widened(rows: Column, more: Values) -> Column:
    """A column of ``rows`` followed by ``more``, in a type that all values fit into."""
    together = column_from(
        [*_items(rows), *(more.tolist() if isinstance(more, np.ndarray) else from_plain(more))]
    )
    if not rows.list_depth and together.list_depth == 1:
        return replace(together, list_depth=0, integers=False)
    return together


def _items(column: Column) -> Sequence[Any]:
    values = column.values()
    return values.tolist() if isinstance(values, np.ndarray) else values  # type: ignore[no-any-return]
