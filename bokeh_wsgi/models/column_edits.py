"""Converts the column edits of pages to ops on the current columns."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, concat
from bokeh_wsgi.exc import BadRequest, ColumnError, Conflict, LimitExceeded

from .column_values import Values, column_of, fitted, read_values, widened
from .packed import Unpacking
from .reps import Rep, checked_list, checked_object, checked_text
from .state import Key, State

MAX_ROWS: Final = 2**31 - 1
MAX_WRITES: Final = 20_000
"""Largest number of runs of patched rows in a batch. Readers accept five times as many ops in a change."""
MAX_WIDENED_BYTES: Final = 512 << 10
"""Bytes of columns that a batch may convert to another type. Each value is a Python object meanwhile."""
MAX_ROW_BYTES: Final = 64 << 20
"""Bytes of rows that a batch may change in part. Such a row is copied and sent whole."""


@dataclass(slots=True)
class _Edited:
    """The edits of one column: its values before, dropped rows, added rows and changed rows.

    ``place`` identifies a row: the number of rows before it, dropped ones included.
    """

    held: GrowingColumn | None
    version: int
    like: Column | None
    stop: int
    first: int = 0
    given: Column | None = None
    starts: list[int] = field(default_factory=list)
    added: list[Column] = field(default_factory=list)
    changed: dict[int, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.stop - self.first

    @property
    def nbytes(self) -> int:
        """Approximate bytes of the values."""
        before = 0 if self.held is None else self.held.nbytes
        given = 0 if self.given is None else self.given.nbytes
        return max(before + given + sum(column.nbytes for column in self.added), 8 * self.rows)

    def put(self, column: Column) -> None:
        """Replace the whole column."""
        self.held, self.given, self.like = None, column, column.slice(0, 0)
        self.first, self.stop = 0, column.rows
        self.starts, self.added, self.changed = [], [], {}

    def append(self, column: Column, drop: int) -> None:
        self.starts.append(self.stop)
        self.added.append(column)
        self.first += drop
        self.stop += column.rows

    def row(self, place: int) -> Column:
        """The row at ``place``, which must be unchanged."""
        number = bisect_right(self.starts, place) - 1
        if number >= 0:
            at = place - self.starts[number]
            return self.added[number].slice(at, at + 1)
        before = self.held if self.given is None else self.given
        assert before is not None
        return before.slice(place, place + 1)

    def present_changes(self) -> dict[int, Any]:
        """The new values of the rows that were not dropped, by row."""
        return {
            place - self.first: self.changed[place] for place in sorted(self.changed) if place >= self.first
        }

    def base_ops(self) -> list[Op]:
        """The ops without the changed rows."""
        begun = self.starts[0] if self.starts else self.stop
        kept = max(begun - self.first, 0)
        ops = []
        if self.given is not None:
            column = self.given.slice(begun - kept, begun)
            ops.append(Op(OpCode.REPLACE, count=column.rows, values=column))
        if self.added:
            column = concat(*self.added)
            column = column.slice(max(self.first - begun, 0), column.rows)
            drop = 0 if self.given is not None else begun - kept
            ops.append(Op(OpCode.APPEND, start=kept, count=column.rows, drop=drop, values=column))
        return ops

    def column(self, ops: Sequence[Op]) -> Column:
        """The column after ``ops``."""
        now = GrowingColumn() if self.held is None else GrowingColumn(self.held.column())
        for op in ops:
            now.apply(op)
        return now.column()


class ColumnEdits:
    """Collects the column edits of a batch, without changing the state.

    Time and memory are proportional to the edits. A row that is patched repeatedly is written once.
    """

    def __init__(self, state: State, unpacking: Unpacking) -> None:
        self._state = state
        self._unpacking = unpacking
        self._edited: dict[Key, _Edited] = {}
        self._removed: dict[Key, None] = {}
        self._writes = self._widened_bytes = self._row_bytes = 0

    def ops(self) -> list[Op]:
        ops = [Op(OpCode.REMOVE).of(*key, self._state.columns[key].version) for key in self._removed]
        for key, edited in self._edited.items():
            made = self._ops(key, edited)
            if edited.held is not None:
                self._unpacking.take(edited.held.written_out_by(made))
            ops += [op.of(*key, edited.version) for op in made]
        return ops

    def _ops(self, key: Key, edited: _Edited) -> list[Op]:
        changes = edited.present_changes()
        if not changes:
            return edited.base_ops()
        assert edited.like is not None
        changes = {row: _listed(value) for row, value in changes.items()}
        try:
            column = fitted(list(changes.values()), edited.like)
        except ColumnError as error:
            raise BadRequest(f"column {key[1][:60]!r} cannot be patched: {error.message}") from error
        if column is None:
            self._check_widened(key, edited)
            edited.put(_with_rows(edited.column(edited.base_ops()), changes))
            return edited.base_ops()
        rows = list(changes)
        runs = list(_runs(rows))
        self._take_writes(len(runs))
        writes = [_write(rows[lo], column.slice(lo, hi)) for lo, hi in runs]
        return [*edited.base_ops(), *writes]

    def stream(self, edit: Rep) -> None:
        """``ColumnsStreamed``: append rows. ``rollover`` is the number of rows to keep."""
        model, data = _model(edit), checked_object(edit.get("data"), "data")
        rollover = edit.get("rollover")
        if rollover is not None and not _is_index(rollover):
            raise BadRequest(f"rollover is a number of rows, not {str(rollover)[:40]!r}")
        columns = {name: self._values(rep) for name, rep in data.items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise BadRequest("columns are streamed with as many rows each")
        for name, values in columns.items():
            key, edited = self._column(model, name)
            self._append(key, edited, values, rollover)

    def patch(self, edit: Rep) -> None:
        """``ColumnsPatched``: change the values of some rows."""
        model = _model(edit)
        for name, patches in checked_object(edit.get("patches"), "patches").items():
            key, edited = self._column(model, name)
            for patch in checked_list(patches, f"the patches of column {name!r}"):
                self._patch(key, edited, *_pair(patch, name))

    def replace(self, edit: Rep) -> None:
        """``ColumnDataChanged``: replace and remove whole columns."""
        model = _model(edit)
        for name in checked_list(edit.get("removed", []), "removed"):
            key = (model, checked_text(name, "a column's name"))
            if key in self._state.columns:
                self._removed[key] = None
            self._edited.pop(key, None)
        for name, rep in checked_object(edit.get("data"), "data").items():
            key = (model, checked_text(name, "a column's name"))
            self._removed.pop(key, None)
            edited = self._edited[key] = self._begin(key)
            edited.put(_in_type_of(self._values(rep), edited.like))

    def _values(self, rep: Any) -> Values:
        return read_values(rep, self._unpacking)

    def _column(self, model: str, name: str) -> tuple[Key, _Edited]:
        key = (model, checked_text(name, "a column's name"))
        edited = self._edited.get(key)
        if edited is None:
            if key not in self._state.columns or key in self._removed:
                raise gone(key, f"Model {model} has no column {name[:60]!r}")
            edited = self._edited[key] = self._begin(key)
        return key, edited

    def _begin(self, key: Key) -> _Edited:
        held = self._state.columns.get(key)
        if held is None:
            return _Edited(None, 0, None, 0)
        return _Edited(held.values, held.version, held.values.like, held.values.rows)

    def _append(self, key: Key, edited: _Edited, values: Values, rollover: int | None) -> None:
        assert edited.like is not None
        if rollover is not None and len(values) > rollover:
            values = values[len(values) - rollover :]
        drop = 0 if rollover is None else max(edited.rows + len(values) - rollover, 0)
        column = fitted(values, edited.like)
        if column is not None:
            edited.append(column, drop)
            return
        self._check_widened(key, edited)
        before = edited.column(self._ops(key, edited))
        edited.put(widened(before.slice(drop, before.rows), values))

    def _patch(self, key: Key, edited: _Edited, at: Any, value: Any) -> None:
        """Record one patch."""
        name = key[1]
        if isinstance(at, dict):
            rows = _rows(at, edited.rows, key)
            values = self._values(value)
            if len(values) != len(rows):
                raise BadRequest(f"column {name!r}: {len(values)} values for {len(rows)} rows")
            items = values.tolist() if isinstance(values, np.ndarray) else values
            edited.changed.update((edited.first + row, item) for row, item in zip(rows, items, strict=True))
            return
        row, *within = at if isinstance(at, list) and at else [at]
        if not _is_index(row):
            raise BadRequest(f"column {name!r} has no row {str(row)[:40]}")
        if row >= edited.rows:
            raise gone(key, f"Column {name!r} has {edited.rows} rows, and no row {row}")
        if within:
            self._patch_part(name, edited, edited.first + row, within, value)
        else:
            if isinstance(value, dict | list):
                self._unpacking.check(value)
            edited.changed[edited.first + row] = value

    def _patch_part(self, name: str, edited: _Edited, place: int, within: list[Any], value: Any) -> None:
        """Patch part of a row that is an array, such as an image."""
        try:
            array = self._array(edited, place)
            places = tuple(_slice(item) if isinstance(item, dict) else item for item in within)
            values = self._values(value) if isinstance(value, list | dict) else value
            # Like Bokeh, requires one value for each place.
            array[places] = np.array(values, dtype=array.dtype).reshape(np.shape(array[places]))
        except (IndexError, TypeError, ValueError, OverflowError) as error:
            raise BadRequest(f"column {name!r}: the patch does not fit its row: {error}") from error

    def _array(self, edited: _Edited, place: int) -> np.ndarray[Any, Any]:
        """A copy of the row as an array, to be changed in place. Each row is copied once."""
        before = edited.changed.get(place)
        if isinstance(before, np.ndarray):
            return before
        row = edited.row(place)
        self._row_bytes += row.nbytes
        if self._row_bytes > MAX_ROW_BYTES:
            raise LimitExceeded(
                f"One batch of edits changes parts of rows with at most {MAX_ROW_BYTES} bytes in total.",
                limit=MAX_ROW_BYTES,
            )
        values = row.values()[0] if place not in edited.changed else before
        array = edited.changed[place] = np.array(values, dtype=object if row.is_text else None)
        return array

    def _take_writes(self, count: int) -> None:
        self._writes += count
        if self._writes > MAX_WRITES:
            raise LimitExceeded(
                f"One batch of edits patches at most {MAX_WRITES} rows that are not adjacent: send the "
                "columns as a whole.",
                limit=MAX_WRITES,
            )

    def _check_widened(self, key: Key, edited: _Edited) -> None:
        """Raise `LimitExceeded` if the batch converts too many bytes to another type."""
        self._widened_bytes += edited.nbytes
        if self._widened_bytes > MAX_WIDENED_BYTES:
            raise LimitExceeded(
                f"The new values need another type for column {key[1][:60]!r}, which is too large for that: "
                f"edits convert at most {MAX_WIDENED_BYTES} bytes. Send the column as a whole.",
                limit=MAX_WIDENED_BYTES,
            )


def _in_type_of(values: Values, like: Column | None) -> Column:
    """A column of ``values``. A list gets the type of ``like`` if it fits: BokehJS sends arrays as lists."""
    if like is None or not isinstance(values, list) or like.dtype == "json":
        return column_of(values)
    column = fitted(values, like)
    return column_of(values) if column is None else column


def gone(key: Key, message: str) -> Conflict:
    """The error for an edit of something that another client may have removed."""
    return Conflict(f"{message} (any more): nothing was applied.", columns=[(*key, 0)])


def _model(edit: Rep) -> str:
    model: str = edit["model"]["id"]
    return model


def _pair(patch: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(patch, list) or len(patch) != 2:
        raise BadRequest(f"a patch of column {name!r} is [index, value]")
    return patch[0], patch[1]


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ROWS


def _rows(rep: Mapping[str, Any], rows: int, key: Key) -> range:
    name = key[1]
    bounds = [rep.get(key) for key in ("start", "stop", "step")]
    if rep.get("type") != "slice" or not all(bound is None or _is_index(bound) for bound in bounds):
        raise BadRequest(f"column {name!r}: {str(dict(rep))[:60]} is no slice of rows")
    if bounds[2] == 0:
        raise BadRequest(f"column {name!r}: {str(dict(rep))[:60]} is no slice of rows")
    if (bounds[1] or 0) > rows:
        raise gone(key, f"Column {name!r} has {rows} rows, not {bounds[1]}")
    return range(*slice(*bounds).indices(rows))


def _slice(rep: Rep) -> slice:
    return slice(*(rep.get(key) for key in ("start", "stop", "step")))


def _listed(value: Any) -> Any:
    """The value, with object arrays (rows of strings or JSON) converted to lists."""
    return value.tolist() if isinstance(value, np.ndarray) and value.dtype.kind == "O" else value


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(start, end) of each run of consecutive numbers in ``rows``, which is ascending."""
    lo = 0
    for hi in range(1, len(rows) + 1):
        if hi == len(rows) or rows[hi] != rows[hi - 1] + 1:
            yield lo, hi
            lo = hi


def _write(start: int, values: Column) -> Op:
    if values.validity is not None and values.validity.all():
        values = replace(values, validity=None)
    return Op(OpCode.WRITE, start=start, count=values.rows, values=values)


def _with_rows(column: Column, changed: Mapping[int, Any]) -> Column:
    """The column with some rows changed, in a type that all values fit into."""
    merged = widened(column, list(changed.values()))
    sources = np.arange(column.rows)
    sources[list(changed)] = np.arange(column.rows, merged.rows)
    items = merged.values()
    taken = [items[row] for row in sources.tolist()]
    return column_of(np.array(taken) if isinstance(items, np.ndarray) and items.dtype.kind != "O" else taken)
