"""Column ops of others: into the shadow, and into sources that may hold rows which were not sent yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, diff, take_column
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.models.state import State

from .bringing import Made, Mentioning
from .fired import Fired
from .live_data import Journal, LiveData, Told, columns_lock, live_data
from .publisher import Publisher
from .serializer import GraphSerializer, columns_of
from .undoing import Undo

_DIRECT: Final = (OpCode.APPEND, OpCode.WRITE)


class ColumnMerging:
    """Applies ops so that no side's rows are lost: what the script did since the last store stays on top.

    Called with the session's lock held.
    """

    def __init__(self, publisher: Publisher, made: Made, fired: Fired) -> None:
        self._publisher = publisher
        self._made = made
        self._fired = fired

    def apply(self, wire_id: str, changed: Mapping[str, Sequence[Op]], seq: int) -> None:
        """Ops of a change ``seq`` for columns of one model, by name.

        An error leaves a column out of the shadow, so that it is pulled.
        """
        model = self._made.find(wire_id)
        data = None if model is None else columns_of(model)
        live = None if data is None else live_data(data)
        if model is None or live is None:
            self._apply_to_shadow([op for ops in changed.values() for op in ops], seq)
            return
        with columns_lock:
            before = dict(live) if model._callbacks.get("data") else None
            journal = self._publisher.columns.journal(wire_id, live)
            for name, ops in changed.items():
                try:
                    self._apply_to_column(wire_id, live, journal, name, ops, seq)
                except BaseException:
                    self._publisher.shadow.columns.pop((wire_id, name), None)
                    journal.is_open = True
                    raise
        if before is not None:
            self._fired.add(model, "data", before, live)

    def take_back(self, undos: Sequence[Undo]) -> None:
        """Have the shadow be as it was before a step that was refused: what it did is not sent yet."""
        with columns_lock:
            for undo in reversed(undos):
                held = self._publisher.shadow.columns.get((undo.model, undo.name))
                if held is None:
                    undo.journal.is_open = True
                    continue
                held.values = undo.take_back(held.values)
                undo.tell_again()

    def rebase(self, wire_id: str, refused: Mapping[str, Sequence[Op]], state: State) -> None:
        """Take columns from the server's ``state``, and put what was refused, or not sent yet, on top."""
        shadow = self._publisher.shadow
        model = self._made.find(wire_id)
        data = None if model is None else columns_of(model)
        live = None if data is None else live_data(data)
        with columns_lock:
            before = None if model is None or live is None else dict(live)
            for name, ops in refused.items():
                key = wire_id, name
                mine = shadow.columns.pop(key, None)
                theirs = state.columns.get(key)
                if theirs is not None:
                    shadow.columns[key] = theirs
                if live is None or name not in live:
                    continue
                journal = self._publisher.columns.journal(wire_id, live)
                local = self._column(live[name])
                if mine is None or theirs is None or local is None:
                    journal.is_open = True
                    continue
                more = self._unsent(mine.values.column(), local, journal, name)
                self._put_on_top(live, journal, name, theirs.values, [*ops, *more])
        if before is not None and model is not None and live is not None and model._callbacks.get("data"):
            if any(before.get(name) is not live.get(name) for name in refused):
                self._fired.add(model, "data", before, live)

    def _apply_to_shadow(self, ops: Sequence[Op], seq: int) -> None:
        shadow = self._publisher.shadow
        own_seq = shadow.seq
        shadow.apply(ops, seq, shadow.graph)
        # `Session.seq` is the last change of its own.
        shadow.seq = own_seq

    def _apply_to_column(
        self, wire_id: str, live: LiveData, journal: Journal, name: str, ops: Sequence[Op], seq: int
    ) -> None:
        shadow = self._publisher.shadow
        held = shadow.columns.get((wire_id, name))
        rows = -1 if held is None else held.values.rows
        if held is not None and _is_direct(live.get(name), journal, name, held.values, ops):
            self._apply_to_shadow(ops, seq)
            for op in ops:
                _apply_directly(live, name, op)
            return
        local = self._column(live.get(name))
        unsent: list[Op] = []
        if held is not None and local is not None:
            unsent = self._unsent(held.values.column(), local, journal, name)
        elif local is not None and rows < 0:
            # A column that both sides have added: the script's is stored later.
            unsent = [Op(OpCode.REPLACE, count=local.rows, values=local)]
        # What was found are views of the local values, which stay; the shadow may move.
        self._apply_to_shadow(ops, seq)
        held = shadow.columns.get((wire_id, name))
        if held is None:
            live.drop(name)
            journal.told.pop(name, None)
            return
        drop = sum(op.drop for op in ops if op.code is OpCode.APPEND)
        self._put_on_top(live, journal, name, held.values, unsent, drop)

    def _put_on_top(
        self,
        live: LiveData,
        journal: Journal,
        name: str,
        theirs: GrowingColumn,
        unsent: Sequence[Op],
        shift: int = 0,
    ) -> None:
        """Set a column to theirs with what is unsent on top, and note that as `stream` and `patch` would."""
        old = live.get(name)
        if any(op.code not in _DIRECT for op in unsent):
            # All rows are the script's: so they stay.
            journal.is_open = True
            return
        told = Told()
        column = theirs
        if unsent:
            column = GrowingColumn(theirs.column().copy())
            for op in unsent:
                _apply_where_it_fits(column, op, told, shift)
        values = Mentioning(self._publisher, self._made).values(column.column())
        live.put(name, _as_before(old, values, column.column()))
        if told.appended or told.dropped or told.written:
            journal.told[name] = told
        else:
            journal.told.pop(name, None)

    def _unsent(self, held: Column, local: Column, journal: Journal, name: str) -> list[Op]:
        """What the script did to a column since it was as in the shadow."""
        if not held.same_layout(local):
            return diff(held, local)
        told = Told() if journal.is_open else journal.told.get(name, Told())
        kept = max(held.rows - told.dropped, 0)
        if held.rows + told.appended - told.dropped == local.rows:
            ops = []
            if local.rows > kept or kept < held.rows:
                drop = held.rows - kept
                more = local.slice(kept, local.rows).copy()
                ops.append(Op(OpCode.APPEND, start=kept, count=more.rows, drop=drop, values=more))
            old = held.slice(held.rows - kept, held.rows)
            return ops + _writes(old, local.slice(0, kept))
        if local.rows >= held.rows and local.slice(0, held.rows).equals(held):
            more = local.slice(held.rows, local.rows).copy()
            return [Op(OpCode.APPEND, start=held.rows, count=more.rows, values=more)]
        return diff(held, local)

    def _column(self, values: Any) -> Column | None:
        if values is None:
            return None
        try:
            return take_column(values, fallback=GraphSerializer(self._publisher.wire_ids).encode)[0]
        except (BokehWSGIError, ValueError):
            return None


def _writes(old: Column, new: Column) -> list[Op]:
    """WRITEs that make old of new, which has as many rows; of runs that differ."""
    if old.equals(new):
        return []
    ops = [op for op in diff(old, new) if op.code is OpCode.WRITE]
    ops = ops or [Op(OpCode.WRITE, start=0, count=new.rows, values=new)]
    return [replace(op, values=op.values.copy()) for op in ops if op.values is not None]


def _is_direct(values: Any, journal: Journal, name: str, held: GrowingColumn, ops: Sequence[Op]) -> bool:
    """Whether ops may be applied to the rows of an array as they are.

    Values that the script wrote in place besides stay there, for the next comparison to find.
    """
    if type(values) is not np.ndarray or journal.is_open or name in journal.told:
        return False
    like = held.like
    if values.ndim != 1 or like.dtype != values.dtype.name or like.list_depth or like.shape:
        return False
    return held.rows == len(values) and all(
        op.code in _DIRECT and op.values is not None and op.values.validity is None for op in ops
    )


def _apply_directly(live: LiveData, name: str, op: Op) -> None:
    assert op.values is not None
    more = op.values.values()
    if op.code is OpCode.WRITE:
        values: Any = live[name]
        values = values.copy()
        values[op.start : op.start + op.count] = more
        live.put(name, values)
    elif not live.extend(name, more, op.drop):
        live.put(name, np.concatenate([live[name][op.drop :], more]))


def _apply_where_it_fits(column: GrowingColumn, op: Op, told: Told, shift: int) -> None:
    """An own APPEND or WRITE, on a column that others changed: ``shift`` rows went in front."""
    values = op.values
    if values is None or not column.like.same_rows(values):
        return
    if op.code is OpCode.APPEND:
        drop = min(op.drop, column.rows)
        start = column.rows - drop
        column.apply(replace(op, start=start, count=values.rows, drop=drop))
        told.appended += values.rows
        told.dropped += drop
        return
    start = op.start - shift
    lo, hi = max(-start, 0), min(values.rows, column.rows - start)
    if lo < hi:
        part = values.slice(lo, hi)
        column.apply(replace(op, start=start + lo, count=part.rows, values=part))
        told.written.append((told.dropped + start + lo, told.dropped + start + hi))


def _as_before(old: Any, values: Any, column: Column) -> Any:
    """The values in an array of the dtype that there was before, if it says the same."""
    if type(old) is not np.ndarray or type(values) is not np.ndarray or old.dtype == values.dtype:
        return values
    try:
        if old.dtype.kind == "M":
            cast = values.astype("datetime64[ms]").astype(old.dtype)
        else:
            cast = values.astype(old.dtype)
        if take_column(cast)[0].equals(column):
            return cast
    except (BokehWSGIError, TypeError, ValueError, OverflowError):
        pass
    return values
