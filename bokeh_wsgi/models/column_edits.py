"""What pages did to columns, as ops on the columns as they are now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode
from bokeh_wsgi.exc import BadRequest, Conflict

from .column_values import Values, column_of, fitted, read_values, widened
from .reps import Rep, checked_list, checked_object, checked_text
from .state import Key, State

MAX_ROWS: Final = 2**31 - 1


@dataclass(slots=True)
class _Edited:
    """A column under edits; ``rows`` and ``like`` are as its ops leave it."""

    held: GrowingColumn | None
    version: int
    rows: int
    like: Column | None
    ops: list[Op] = field(default_factory=list)

    def add(self, op: Op) -> None:
        self.ops.append(op)

    def put(self, column: Column) -> None:
        """All of it anew."""
        self.ops = [Op(OpCode.REPLACE, count=column.rows, values=column)]
        self.rows, self.like = column.rows, column.slice(0, 0)

    def column(self) -> Column:
        """The values as they are after the edits so far."""
        if self.held is None or (self.ops and self.ops[0].code is OpCode.REPLACE):
            now = GrowingColumn()
        else:
            now = GrowingColumn(self.held.column())
        for op in self.ops:
            now.apply(op)
        return now.column()


class ColumnEdits:
    """Gathers the edits of a batch; nothing of the state is changed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._edited: dict[Key, _Edited] = {}
        self._removed: dict[Key, None] = {}

    def ops(self) -> list[Op]:
        ops = [Op(OpCode.REMOVE).of(*key, self._state.columns[key].version) for key in self._removed]
        for key, edited in self._edited.items():
            ops += [op.of(*key, edited.version) for op in edited.ops]
        return ops

    def stream(self, edit: Rep) -> None:
        """``ColumnsStreamed``: rows behind those there are; with a ``rollover`` only so many are kept."""
        model, data = _model(edit), checked_object(edit.get("data"), "data")
        rollover = edit.get("rollover")
        if rollover is not None and not _is_index(rollover):
            raise BadRequest(f"rollover is a number of rows, not {str(rollover)[:40]!r}")
        columns = {name: read_values(rep) for name, rep in data.items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise BadRequest("columns are streamed with as many rows each")
        for name, values in columns.items():
            self._append(self._column(model, name), values, rollover)

    def patch(self, edit: Rep) -> None:
        """``ColumnsPatched``: other values in some rows."""
        model = _model(edit)
        for name, patches in checked_object(edit.get("patches"), "patches").items():
            edited = self._column(model, name)
            changed: dict[int, Any] = {}
            for patch in checked_list(patches, f"the patches of column {name!r}"):
                at, value = _pair(patch, name)
                _set_rows(changed, edited, at, value, (model, name))
            _write(edited, changed)

    def replace(self, edit: Rep) -> None:
        """``ColumnDataChanged``: whole columns, and which are gone."""
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
            edited.put(_as_before(read_values(rep), edited.like))

    def _column(self, model: str, name: str) -> _Edited:
        key = (model, checked_text(name, "a column's name"))
        edited = self._edited.get(key)
        if edited is None:
            if key not in self._state.columns or key in self._removed:
                raise gone(key, f"Model {model} has no column {name[:60]!r}")
            edited = self._edited[key] = self._begin(key)
        return edited

    def _begin(self, key: Key) -> _Edited:
        held = self._state.columns.get(key)
        if held is None:
            return _Edited(None, 0, 0, None)
        return _Edited(held.values, held.version, held.values.rows, held.values.like)

    @staticmethod
    def _append(edited: _Edited, values: Values, rollover: int | None) -> None:
        assert edited.like is not None
        if rollover is not None and len(values) > rollover:
            values = values[len(values) - rollover :]
        drop = 0 if rollover is None else max(edited.rows + len(values) - rollover, 0)
        kept = edited.rows - drop
        column = fitted(values, edited.like)
        if column is None:
            edited.put(widened(edited.column().slice(drop, edited.rows), values))
            return
        edited.add(Op(OpCode.APPEND, start=kept, count=column.rows, drop=drop, values=column))
        edited.rows = kept + column.rows


def _as_before(values: Values, like: Column | None) -> Column:
    """A list goes on being what the column was, where that works: BokehJS's tools make lists of arrays."""
    if like is None or not isinstance(values, list) or like.dtype == "json":
        return column_of(values)
    column = fitted(values, like)
    return column_of(values) if column is None else column


def gone(key: Key, message: str) -> Conflict:
    """Somebody else may have taken away what a page saw."""
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


def _set_rows(changed: dict[int, Any], edited: _Edited, at: Any, value: Any, key: Key) -> None:
    """Note in ``changed`` what rows become by one patch."""
    name = key[1]
    if isinstance(at, dict):
        rows = _rows(at, edited.rows, key)
        values = read_values(value)
        if len(values) != len(rows):
            raise BadRequest(f"column {name!r}: {len(values)} values for {len(rows)} rows")
        changed.update(zip(rows, values.tolist() if isinstance(values, np.ndarray) else values, strict=True))
        return
    row = at[0] if isinstance(at, list) and at else at
    if not _is_index(row):
        raise BadRequest(f"column {name!r} has no row {str(row)[:40]}")
    if row >= edited.rows:
        raise gone(key, f"Column {name!r} has {edited.rows} rows, and no row {row}")
    if isinstance(at, list):
        before = changed.get(row)
        value = _part(edited.column().slice(row, row + 1) if before is None else before, at[1:], value, name)
    changed[row] = value


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


def _part(row: Any, at: list[Any], value: Any, name: str) -> Any:
    """A row that is an image, or a line of one, with another value in a part of it."""
    try:
        array = np.array(row.values()[0] if isinstance(row, Column) else row)
        places: list[Any] = [
            slice(*(item.get(key) for key in ("start", "stop", "step"))) if isinstance(item, dict) else item
            for item in at
        ]
        array[tuple(places)] = np.array(read_values(value) if isinstance(value, list | dict) else value)
    except (IndexError, TypeError, ValueError) as error:
        raise BadRequest(f"column {name!r}: the patch does not fit its row: {error}") from error
    return array


def _write(edited: _Edited, changed: Mapping[int, Any]) -> None:
    """Rows that follow each other as one WRITE."""
    assert edited.like is not None
    rows = sorted(changed)
    lo = 0
    ops = []
    for hi in range(1, len(rows) + 1):
        if hi < len(rows) and rows[hi] == rows[hi - 1] + 1:
            continue
        column = fitted([changed[row] for row in rows[lo:hi]], edited.like)
        if column is None:
            edited.put(_with_rows(edited, changed))
            return
        ops.append(Op(OpCode.WRITE, start=rows[lo], count=hi - lo, values=column))
        lo = hi
    for op in ops:
        edited.add(op)


def _with_rows(edited: _Edited, changed: Mapping[int, Any]) -> Column:
    """The whole column with other values in some rows, of a type that they fit into."""
    column = edited.column()
    merged = widened(column, list(changed.values()))
    sources = np.arange(column.rows)
    sources[list(changed)] = np.arange(column.rows, merged.rows)
    items = merged.values()
    taken = [items[row] for row in sources.tolist()]
    return column_of(np.array(taken) if isinstance(items, np.ndarray) and items.dtype.kind != "O" else taken)
