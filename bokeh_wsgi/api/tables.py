"""Converts columns to a table of Arrow record batches, for exports."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from bokeh_wsgi.dataplane import Column, Ramp, arrow_array, arrow_type, rows_of, sizes_of_rows
from bokeh_wsgi.exc import LimitExceeded

Values = Ramp | Column
"""A column's values, as views of its memory."""

BATCH_ROWS = 1 << 16
BATCH_BYTES = 4 << 20
# Smallest part of a column in a batch: Parquet's footer has an entry for each part.
COLUMN_BYTES = 4 << 10
MAX_COLUMNS = 10_000
# Limit for the nulls that pad shorter columns.
FREE_BYTES = 64 << 20
FREE_SHARE = 4
NULL_BYTES = 8
# First characters of spreadsheet formulas, and those that spreadsheets skip before one.
FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"


class Table:
    """Named columns as a table; shorter columns are padded with nulls.

    With ``as_text``, list values are JSON. With ``is_safe``, strings and names that spreadsheets take for
    formulas get a leading ``'``.
    """

    def __init__(self, columns: Mapping[str, Values], *, as_text: bool, is_safe: bool) -> None:
        self._columns = list(columns.values())
        self._as_text = as_text
        self._is_safe = is_safe
        self.rows = max(values.rows for values in self._columns)
        names = [f"'{name}" if is_safe and re.match(FORMULA, name) else name for name in columns]
        types = [self._type(rows_of(values, 0, 0)) for values in self._columns]
        self.schema = pa.schema(list(zip(names, types, strict=True)))

    def check(self, max_row_bytes: int | None) -> None:
        """Raise `LimitExceeded` if a row is too large, or padding makes the table too large."""
        if len(self._columns) > MAX_COLUMNS:
            raise LimitExceeded(f"An export has {MAX_COLUMNS} columns at most.", limit=MAX_COLUMNS)
        size = held = 0
        for name, values in zip(self.schema.names, self._columns, strict=True):
            written, largest = _extent(values)
            if max_row_bytes is not None and largest > max_row_bytes:
                raise LimitExceeded(
                    f"A row of column {name[:60]!r} has {largest} bytes, and {max_row_bytes} at most in this "
                    "format: ask for .arrow.",
                    limit=max_row_bytes,
                )
            size += written + (self.rows - values.rows) * NULL_BYTES
            held += values.nbytes
        limit = FREE_BYTES + FREE_SHARE * held
        if size > limit:
            raise LimitExceeded(
                f"Side by side, with the shorter columns filled up to {self.rows} rows, these columns would "
                f"take {size} bytes instead of {held}: give them as many rows each.",
                limit=limit,
            )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, in batches of about `BATCH_BYTES` and at least one row."""
        most = max(BATCH_BYTES, COLUMN_BYTES * len(self._columns))
        rows = min(max(most // (NULL_BYTES * len(self._columns)), 1), BATCH_ROWS)
        lo = 0
        while lo < self.rows:
            parts = [rows_of(values, lo, min(lo + rows, self.rows)) for values in self._columns]
            count = _fitting(parts, min(rows, self.rows - lo), most)
            arrays = [self._array(part, count) for part in parts]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)
            lo += count

    def _type(self, column: Column) -> pa.DataType:
        return pa.string() if column.shape and self._as_text else arrow_type(column)

    def _array(self, part: Column, rows: int) -> pa.Array:
        """``rows`` rows of a column, padded with nulls."""
        array = arrow_array(part.slice(0, min(rows, part.rows)))
        if part.shape and self._as_text:
            array = pa.array([json.dumps(row) for row in array.to_pylist()], pa.string())
        if self._is_safe and (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            array = _quoted(array)
        missing = rows - len(array)
        return pa.concat_arrays([array, pa.nulls(missing, array.type)]) if missing else array


def _quoted(texts: pa.Array) -> pa.Array:
    """With ``'`` before what spreadsheets take for formulas."""
    import pyarrow.compute as pc

    quoted = pc.binary_join_element_wise(pa.scalar("'", texts.type), texts, pa.scalar("", texts.type))
    return pc.if_else(pc.match_substring_regex(texts, FORMULA), quoted, texts)


def buffers_of(columns: Iterable[Values]) -> dict[int, int]:
    """Bytes of the buffers that columns are views of, by the ``id`` of each."""
    found = {}
    for column in columns:
        if isinstance(column, Column):
            for array in (column.data, column.validity, *column.offsets):
                if array is not None:
                    found[id(_memory(array))] = array.nbytes
    return found


def has_memory_of(columns: Iterable[Values], others: Iterable[Values]) -> bool:
    """Whether ``others`` share the memory of all values of ``columns``."""
    return _data_of(columns) <= _data_of(others)


def _data_of(columns: Iterable[Values]) -> set[int]:
    return {id(_memory(column.data)) for column in columns if isinstance(column, Column)}


def _memory(array: np.ndarray) -> object:
    return array if array.base is None else array.base


def _extent(values: Values) -> tuple[int, int]:
    """Bytes of all rows as Arrow arrays, and of the largest row."""
    if isinstance(values, Ramp) or values.is_fixed:
        row = int(sizes_of_rows(rows_of(values, 0, 1)).sum())
        return row * values.rows, row
    total = largest = 0
    for lo in range(0, values.rows, BATCH_ROWS):
        sizes = sizes_of_rows(rows_of(values, lo, lo + BATCH_ROWS))
        total, largest = total + int(sizes.sum()), max(largest, int(sizes.max()))
    return total, largest


def _fitting(parts: list[Column], rows: int, max_bytes: int) -> int:
    """The number of rows, at least one, that fit into ``max_bytes``."""
    sizes = np.zeros(rows, dtype=np.int64)
    for part in parts:
        sizes[: part.rows] += sizes_of_rows(part)
        sizes[part.rows :] += NULL_BYTES
    return max(int(np.searchsorted(np.cumsum(sizes), max_bytes, side="right")), 1)
