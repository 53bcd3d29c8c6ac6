"""`Undo`: reverts what a refused step did to a column of the shadow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, concat

from .tracked_data import ColumnLog, RowChanges


@dataclass(frozen=True, slots=True)
class Undo:
    """What a step did to a column: its ops, each with the rows that it overwrote or dropped, and the changes
    that the log had before.
    """

    model: str
    name: str
    log: ColumnLog
    row_changes: RowChanges
    ops: Sequence[tuple[Op, Column]]

    def reverted(self, held: GrowingColumn) -> GrowingColumn:
        """The column as it was before the step."""
        for op, lost in reversed(self.ops):
            if op.code is OpCode.WRITE:
                held.apply(replace(op, values=lost))
            elif op.drop:
                held = GrowingColumn(concat(lost, held.slice(0, held.rows - op.count)), copy=False)
            else:
                held = GrowingColumn(held.slice(0, held.rows - op.count))
        return held

    def restore_log(self) -> None:
        """Put the changes back into the log, before what it has recorded since."""
        since, dropped = self.log.changes.get(self.name, RowChanges()), self.row_changes.dropped
        self.log.changes[self.name] = RowChanges(
            self.row_changes.appended + since.appended,
            dropped + since.dropped,
            [*self.row_changes.written, *((dropped + lo, dropped + hi) for lo, hi in since.written)],
        )


def lost_by(held: GrowingColumn, op: Op) -> Column:
    """A copy of the rows that an APPEND will drop from a column, or a WRITE overwrite."""
    lo, hi = (op.start, op.start + op.count) if op.code is OpCode.WRITE else (0, op.drop)
    return held.slice(lo, hi).copy()
