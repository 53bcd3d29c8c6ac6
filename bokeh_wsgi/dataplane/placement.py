"""`RowPlacement`: places the values of a long column, which arrive in many rows, in one piece of memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

import numpy as np

from bokeh_wsgi.exc import FrameError

from .batches import Row
from .codec import unpacked_bytes
from .columns import NUMBERS, Array
from .growable_buffer import ROOM
from .ops import OpCode
from .rows import INTEGERS, encoding_of

WORTH_BYTES: Final = 4 << 20
"""Smaller columns get no piece of their own."""


@dataclass(slots=True)
class _Piece:
    """Consecutive rows of one column; ``counts`` are their numbers of values."""

    dtype: np.dtype[Any]
    rows: list[Row] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    @property
    def nbytes(self) -> int:
        return sum(self.counts) * self.dtype.itemsize


class RowPlacement:
    """Where to decode the values of rows: directly after those of the previous row of a long column.

    Allocates at most ``max_bytes``, and only for rows whose chunk headers confirm the size of their values.
    """

    def __init__(self, rows: Iterable[Row], max_bytes: int) -> None:
        self._places: dict[int, Array] = {}
        for piece in _pieces(rows):
            if len(piece.rows) > 1 and WORTH_BYTES <= piece.nbytes <= max_bytes:
                max_bytes -= piece.nbytes
                count = sum(piece.counts)
                memory = np.empty(count + count // ROOM, dtype=piece.dtype)
                ends = np.cumsum(piece.counts).tolist()
                for row, count, end in zip(piece.rows, piece.counts, ends, strict=True):
                    self._places[id(row)] = memory[end - count : end]

    def place(self, row: Row) -> Array | None:
        """Memory for the data of a row; None if the row has no place."""
        return self._places.pop(id(row), None)


def _pieces(rows: Iterable[Row]) -> list[_Piece]:
    pieces: list[_Piece] = []
    last: dict[tuple[str | None, str | None], _Piece] = {}
    for row in rows:
        key = row.model, row.column
        before = last.pop(key, None)
        dtype = NUMBERS.get(row.dtype or "")
        if dtype is None or row.op not in (OpCode.REPLACE, OpCode.APPEND) or min(row.shape, default=0) < 0:
            continue
        count = row.count * prod(row.shape)
        if not _has_values(row, count, dtype):
            continue
        if before is None or row.op != OpCode.APPEND or row.drop or not _alike(before.rows[-1], row):
            before = _Piece(dtype)
            pieces.append(before)
        before.rows.append(row)
        before.counts.append(count)
        last[key] = before
    return pieces


def _has_values(row: Row, count: int, dtype: np.dtype[Any]) -> bool:
    """Whether a row has one chunk, whose header confirms this many values (of the dtype, or as integers)."""
    try:
        sent = dtype if encoding_of(row)[1] is None else INTEGERS
        return len(row.buffers) == 2 and unpacked_bytes(row.buffers[1]) == count * sent.itemsize
    except FrameError:
        return False


def _alike(row: Row, other: Row) -> bool:
    return row.dtype == other.dtype and list(row.shape) == list(other.shape)
