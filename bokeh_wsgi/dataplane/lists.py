"""Columns from Python lists and tuples: numbers, strings, factors, ragged arrays, or JSON per row."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from bokeh_wsgi.exc import ColumnError

from .arrays import column_from_numbers
from .columns import Array, Column, fit_offsets, offsets_of
from .plain import to_plain
from .times import scalar_ms
from .wire_types import wire_numbers

Fallback: TypeAlias = Callable[[Any], Any]
MAX_DEPTH: Final = 8


def column_from_list(values: Sequence[Any], fallback: Fallback | None = None) -> Column:
    """A column with list_depth >= 1: of scalars if possible, else of nested values, else of JSON."""
    return _scalars(values) or _nested(values) or _json(values, fallback or to_plain)


@lru_cache(maxsize=256)
def _kind(kind: type[Any]) -> str:
    """The kind of column for a type of scalars; "" for all other types."""
    if kind.__module__.split(".")[0] == "pandas":
        names = {
            "NAType": "none",
            "NaTType": "time",
            "Timestamp": "time",
            "Timedelta": "time",
            "Period": "time",
        }
        return names.get(kind.__name__, "")
    kinds: tuple[tuple[str, tuple[type, ...]], ...] = (
        ("none", (type(None),)),
        ("bool", (bool, np.bool_)),
        ("time", (dt.datetime, dt.time, dt.timedelta, np.datetime64, np.timedelta64)),
        ("date", (dt.date,)),
        ("int", (int, np.integer)),
        ("float", (float, np.floating)),
        ("str", (str,)),
    )
    return next((name for name, types in kinds if issubclass(kind, types)), "")


def _scalars(items: Sequence[Any]) -> Column | None:
    types = set(map(type, items))
    kinds = {_kind(kind) for kind in types}
    validity = None
    if "none" in kinds:
        kinds.discard("none")
        absent = {kind for kind in types if _kind(kind) == "none"}
        validity = np.array([kind not in absent for kind in map(type, items)])
        filler: Any = "" if kinds <= {"str", "date"} and kinds else False if kinds == {"bool"} else 0
        items = [item if valid else filler for item, valid in zip(items, validity.tolist(), strict=True)]
    column = _present(items, kinds)
    return column and replace(column, list_depth=1, validity=validity)


def _present(items: Sequence[Any], kinds: set[str]) -> Column | None:
    if kinds == {"bool"}:
        return column_from_numbers(np.array(items, dtype=bool))
    if kinds == {"int"}:
        return column_from_integers(_integers(items))
    if kinds <= {"int", "float"}:
        return column_from_numbers(_floats(items))
    if kinds <= {"int", "float", "time"}:
        return column_from_numbers(_floats([scalar_ms(item) for item in items]))
    if "date" in kinds and kinds <= {"date", "str"}:
        return _strings([item.isoformat() if isinstance(item, dt.date) else item for item in items])
    return _strings(items) if kinds == {"str"} else None


def column_from_integers(array: Array) -> Column:
    """A column of a list's integers, which are restored as integers even if it has to store floats."""
    column = column_from_numbers(array)
    return replace(column, list_depth=1, integers=column.dtype == "float64")


def _integers(items: Sequence[Any]) -> Array:
    try:
        return np.array(items, dtype=np.int64)
    except OverflowError:
        return _floats(items)


def _floats(items: Sequence[Any]) -> Array:
    try:
        return np.array(items, dtype=np.float64)
    except OverflowError as e:
        raise ColumnError(f"an integer is too large for a number: {e}") from e


def _strings(items: Sequence[Any]) -> Column | None:
    """A column of strings; None if one cannot be encoded as UTF-8 (a lone surrogate), which JSON can."""
    try:
        texts = pa.array(items, type=pa.large_string())
    except UnicodeEncodeError:
        return None
    return text_column("utf8", texts)


def text_column(dtype: str, texts: pa.Array) -> Column:
    """A flat column of a large_string array without nulls."""
    _, ends, data = texts.buffers()
    offsets = (
        np.frombuffer(ends, dtype=np.int64, count=len(texts) + 1) if ends else np.zeros(1, dtype=np.int64)
    )
    flat = (
        np.frombuffer(data, dtype=np.uint8, count=int(offsets[-1])) if data else np.zeros(0, dtype=np.uint8)
    )
    return Column(dtype, (), len(texts), 0, flat, (fit_offsets(offsets),))


def texts_column(dtype: str, texts: Sequence[str]) -> Column:
    """A column of strings, or of JSON texts."""
    return replace(text_column(dtype, pa.array(texts, type=pa.large_string())), list_depth=1)


def _nested(values: Sequence[Any]) -> Column | None:
    """A column of nested lists, tuples or arrays of one depth; None for other values."""
    factors = bool(values) and all(issubclass(kind, tuple) for kind in set(map(type, values)))
    items: Sequence[Any] = values
    levels: list[Array] = []
    while items and len(levels) < MAX_DEPTH:
        items = [_without_wrapper(item) for item in items]
        if all(isinstance(item, np.ndarray) for item in items):
            return _of_arrays(items, levels)
        if not all(isinstance(item, list | tuple | np.ndarray) for item in items):
            break
        levels.append(np.fromiter(map(len, items), np.int64, len(items)))
        items = list(chain.from_iterable(items))
    leaf = _scalars(items)
    if not levels:
        return leaf
    if leaf is None or leaf.validity is not None:
        return None
    if leaf.is_text and factors and len(levels) == 1:
        return _factors(leaf, levels[0])
    return _ragged(leaf, levels, len(levels) + 1)


def _without_wrapper(item: Any) -> Any:
    """Array-likes as arrays, or as lists if they are not of numbers."""
    if isinstance(item, np.generic | list | tuple | str) or not hasattr(item, "__array__"):
        return item
    array = np.asarray(item)
    return array if array.ndim and array.dtype.kind in "biufmM" else array.tolist()


def _factors(leaf: Column, lengths: Array) -> Column:
    levels = int(lengths[0])
    if levels and bool(np.all(lengths == levels)):
        return replace(leaf, shape=(levels,), rows=len(lengths), list_depth=1)
    return _ragged(leaf, [lengths], 1)


def _ragged(leaf: Column, levels: list[Array], list_depth: int) -> Column:
    offsets = (*map(offsets_of, levels), *leaf.offsets)
    shape = (-1,) * len(levels) + leaf.shape
    return replace(leaf, shape=shape, rows=len(levels[0]), list_depth=list_depth, offsets=offsets)


def _of_arrays(items: list[Array], levels: list[Array]) -> Column | None:
    """A column whose innermost items are arrays: of fixed dimensions, or ragged if their shapes differ."""
    shapes = [item.shape for item in items]
    ndim = len(shapes[0])
    if any(len(shape) != ndim for shape in shapes):
        return None
    list_depth = len(levels) + 1
    flat = [item.reshape(-1) for item in items]
    if len({item.dtype for item in flat}) > 1:
        flat = [wire_numbers(item) for item in flat]
        if len({item.dtype for item in flat}) > 1:
            # As JSON instead, so that each array keeps its type.
            return None
    leaf = column_from_numbers(np.concatenate(flat))
    if ndim > 1 and len(set(shapes)) == 1:
        leaf = replace(leaf, shape=shapes[0])
        return _ragged(leaf, levels, list_depth) if levels else replace(leaf, rows=len(items), list_depth=1)
    sizes = np.array(shapes, dtype=np.int64)
    for axis in range(ndim):
        repeats = sizes[:, :axis].prod(axis=1)
        levels = [*levels, np.repeat(sizes[:, axis], repeats)]
    return _ragged(leaf, levels, list_depth)


def _json(values: Sequence[Any], fallback: Fallback) -> Column:
    texts = [_json_text(row, value, fallback) for row, value in enumerate(values)]
    return texts_column("json", texts)


def _json_text(row: int, value: Any, fallback: Fallback) -> str:
    try:
        return json.dumps(fallback(value), allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, OverflowError, RecursionError) as e:
        raise ColumnError(f"row {row} can't be sent: {e}") from e
