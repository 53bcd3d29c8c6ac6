"""`ColumnMerger`: applies column ops of others to the shadow, and to sources that may have unsent rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from bokeh_wsgi.client.columns.source_data import columns_of
from bokeh_wsgi.client.columns.tracked_data import ColumnLog, RowChanges, TrackedData, columns_lock, tracked
from bokeh_wsgi.client.columns.undo import Undo
from bokeh_wsgi.client.publish.publisher import Publisher
from bokeh_wsgi.client.publish.serializer import GraphSerializer
from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, diff, take_column
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.models.state import State

from .model_index import MentionDecoder, ModelIndex
from .pending_callbacks import PendingCallbacks

_DIRECT: Final = (OpCode.APPEND, OpCode.WRITE)


class ColumnMerger:
    """Applies ops so that no rows are lost: what the script did since the last store is applied after them.

    Called with the session's lock held.
    """

    def __init__(self, publisher: Publisher, index: ModelIndex, pending: PendingCallbacks) -> None:
        self._publisher = publisher
        self._index = index
        self._pending = pending

    def apply(self, wire_id: str, changed: Mapping[str, Sequence[Op]], seq: int) -> None:
        """Apply ops of a change ``seq`` to columns of one model, by name.

        After an error, the column is removed from the shadow, so that it gets pulled.
        """
        model = self._index.find(wire_id)
        data = None if model is None else columns_of(model)
        ours = None if data is None else tracked(data)
        if model is None or ours is None:
            self._apply_to_shadow([op for ops in changed.values() for op in ops], seq)
            return
        with columns_lock:
            before = dict(ours) if model._callbacks.get("data") else None
            log = self._publisher.columns.log(wire_id, ours)
            for name, ops in changed.items():
                try:
                    self._apply_to_column(wire_id, ours, log, name, ops, seq)
                except BaseException:
                    self._publisher.shadow.columns.pop((wire_id, name), None)
                    log.needs_compare = True
                    raise
        if before is not None:
            self._pending.add(model, "data", before, ours)

    def revert(self, undos: Sequence[Undo]) -> None:
        """Revert what a refused step did to the shadow: it counts as not sent."""
        with columns_lock:
            for undo in reversed(undos):
                held = self._publisher.shadow.columns.get((undo.model, undo.name))
                if held is None:
                    undo.log.needs_compare = True
                    continue
                held.values = undo.reverted(held.values)
                undo.restore_log()

    def rebase(self, wire_id: str, refused: Mapping[str, Sequence[Op]], state: State) -> None:
        """Take columns from the server's ``state``, and apply what was refused or is unsent after that."""
        shadow = self._publisher.shadow
        model = self._index.find(wire_id)
        data = None if model is None else columns_of(model)
        ours = None if data is None else tracked(data)
        with columns_lock:
            before = None if model is None or ours is None else dict(ours)
            for name, ops in refused.items():
                key = wire_id, name
                mine = shadow.columns.pop(key, None)
                theirs = state.columns.get(key)
                if theirs is not None:
                    shadow.columns[key] = theirs
                if ours is None or name not in ours:
                    continue
                log = self._publisher.columns.log(wire_id, ours)
                local = self._column(ours[name])
                if mine is None or theirs is None or local is None:
                    log.needs_compare = True
                    continue
                more = self._unsent(mine.values.column(), local, log, name)
                self._put_on_top(ours, log, name, theirs.values, [*ops, *more])
        if before is not None and model is not None and ours is not None and model._callbacks.get("data"):
            if any(before.get(name) is not ours.get(name) for name in refused):
                self._pending.add(model, "data", before, ours)

    def _apply_to_shadow(self, ops: Sequence[Op], seq: int) -> None:
        shadow = self._publisher.shadow
        own_seq = shadow.seq
        shadow.apply(ops, seq, shadow.graph)
        # `Session.seq` is the session's own last change.
        shadow.seq = own_seq

    def _apply_to_column(
        self, wire_id: str, ours: TrackedData, log: ColumnLog, name: str, ops: Sequence[Op], seq: int
    ) -> None:
        shadow = self._publisher.shadow
        held = shadow.columns.get((wire_id, name))
        if held is not None and _is_direct(ours.get(name), log, name, held.values, ops):
            self._apply_to_shadow(ops, seq)
            for op in ops:
                _apply_directly(ours, name, op)
            return
        local = self._column(ours.get(name))
        unsent: list[Op] = []
        if held is not None and local is not None:
            unsent = self._unsent(held.values.column(), local, log, name)
        elif local is not None and held is None:
            # Both sides have added a column: the script's is stored later.
            unsent = [Op(OpCode.REPLACE, count=local.rows, values=local)]
        # The unsent ops are views of local values, not of the shadow, which may change now.
        self._apply_to_shadow(ops, seq)
        held = shadow.columns.get((wire_id, name))
        if held is None:
            ours.drop(name)
            log.changes.pop(name, None)
            return
        drop = sum(op.drop for op in ops if op.code is OpCode.APPEND)
        self._put_on_top(ours, log, name, held.values, unsent, drop)

    def _put_on_top(
        self,
        ours: TrackedData,
        log: ColumnLog,
        name: str,
        theirs: GrowingColumn,
        unsent: Sequence[Op],
        shift: int = 0,
    ) -> None:
        """Set a column to theirs with the unsent ops applied, which are logged as `stream` and `patch` do."""
        old = ours.get(name)
        if any(op.code not in _DIRECT for op in unsent):
            # The script has replaced all rows: keep them.
            log.needs_compare = True
            return
        row_changes = RowChanges()
        column = theirs
        if unsent:
            column = GrowingColumn(theirs.column().copy())
            for op in unsent:
                _apply_where_it_fits(column, op, row_changes, shift)
        values = MentionDecoder(self._publisher.shadow.graph, self._index).values(column.column())
        ours.put(name, _cast_like(old, values, column.column()))
        if row_changes.appended or row_changes.dropped or row_changes.written:
            log.changes[name] = row_changes
        else:
            log.changes.pop(name, None)

    def _unsent(self, held: Column, local: Column, log: ColumnLog, name: str) -> list[Op]:
        """The ops for what the script did to a column since the last store."""
        if not held.same_layout(local):
            return diff(held, local)
        row_changes = RowChanges() if log.needs_compare else log.changes.get(name, RowChanges())
        kept = max(held.rows - row_changes.dropped, 0)
        if held.rows + row_changes.appended - row_changes.dropped == local.rows:
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
            return take_column(values, fallback=GraphSerializer(self._publisher.ownership.ids).encode)[0]
        except (BokehWSGIError, ValueError):
            return None


def _writes(old: Column, new: Column) -> list[Op]:
    """WRITEs that change old into new, which has as many rows."""
    if old.equals(new):
        return []
    ops = [op for op in diff(old, new) if op.code is OpCode.WRITE]
    ops = ops or [Op(OpCode.WRITE, start=0, count=new.rows, values=new)]
    return [replace(op, values=op.values.copy()) for op in ops if op.values is not None]


def _is_direct(values: Any, log: ColumnLog, name: str, held: GrowingColumn, ops: Sequence[Op]) -> bool:
    """Whether ops can be applied to an array without a comparison.

    Values that the script wrote in place stay, and are found by a later comparison.
    """
    if type(values) is not np.ndarray or log.needs_compare or name in log.changes:
        return False
    like = held.like
    if values.ndim != 1 or like.dtype != values.dtype.name or like.list_depth or like.shape:
        return False
    return held.rows == len(values) and all(
        op.code in _DIRECT and op.values is not None and op.values.validity is None for op in ops
    )


def _apply_directly(ours: TrackedData, name: str, op: Op) -> None:
    assert op.values is not None
    more = op.values.values()
    if op.code is OpCode.WRITE:
        values: Any = ours[name]
        values = values.copy()
        values[op.start : op.start + op.count] = more
        ours.put(name, values)
    elif not ours.extend(name, more, op.drop):
        ours.put(name, np.concatenate([ours[name][op.drop :], more]))


def _apply_where_it_fits(column: GrowingColumn, op: Op, row_changes: RowChanges, shift: int) -> None:
    """Apply an own APPEND or WRITE to a column from which others have dropped ``shift`` rows."""
    values = op.values
    if values is None or not column.like.same_rows(values):
        return
    if op.code is OpCode.APPEND:
        drop = min(op.drop, column.rows)
        start = column.rows - drop
        column.apply(replace(op, start=start, count=values.rows, drop=drop))
        row_changes.appended += values.rows
        row_changes.dropped += drop
        return
    start = op.start - shift
    lo, hi = max(-start, 0), min(values.rows, column.rows - start)
    if lo < hi:
        part = values.slice(lo, hi)
        column.apply(replace(op, start=start + lo, count=part.rows, values=part))
        row_changes.written.append((row_changes.dropped + start + lo, row_changes.dropped + start + hi))


def _cast_like(old: Any, values: Any, column: Column) -> Any:
    """The values as an array of the old one's dtype, if that changes none of them."""
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
