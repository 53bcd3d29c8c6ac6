"""Takes rows back out of a shadow's column that were put in for a step which the server has refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bokeh_wsgi.dataplane import Column, GrowingColumn, Op, OpCode, concat

from .tracked_data import ColumnLog, RowChanges


@dataclass(frozen=True, slots=True)
class Undo:
    """What a step did to a column: ops, the rows that each took away, and the changes that were noted."""

    model: str
    name: str
    log: ColumnLog
    row_changes: RowChanges
    ops: Sequence[tuple[Op, Column]]

    def take_back(self, held: GrowingColumn) -> GrowingColumn:
        """The column as it was before."""
        for op, lost in reversed(self.ops):
            if op.code is OpCode.WRITE:
                held.apply(replace(op, values=lost))
            elif op.drop:
                held = GrowingColumn(concat(lost, held.slice(0, held.rows - op.count)), copy=False)
            else:
                held = GrowingColumn(held.slice(0, held.rows - op.count))
        return held

    def note_again(self) -> None:
        """Have the log say it, before what it has noted since."""
        since, dropped = self.log.changes.get(self.name, RowChanges()), self.row_changes.dropped
        self.log.changes[self.name] = RowChanges(
            self.row_changes.appended + since.appended,
            dropped + since.dropped,
            [*self.row_changes.written, *((dropped + lo, dropped + hi) for lo, hi in since.written)],
        )


def lost_by(held: GrowingColumn, op: Op) -> Column:
    """The rows that an APPEND or a WRITE is about to take from a column."""
    lo, hi = (op.start, op.start + op.count) if op.code is OpCode.WRITE else (0, op.drop)
    return held.slice(lo, hi).copy()
