"""A step: one change ready to be sent; and several steps joined to one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bokeh.model import Model

from bokeh_wsgi.client.columns.undo import Undo
from bokeh_wsgi.dataplane import Column, Op, OpCode, concat
from bokeh_wsgi.models.graph import Graph

_STARTS = (OpCode.REPLACE, OpCode.RAMP)
_ROWS = (*_STARTS, OpCode.APPEND, OpCode.WRITE)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One change ready to be sent.

    ``graph``: the shadow's after it (None: as it was). ``objects``: the models that were looked at, by wire
    id. ``generation``: the one of the document that it was made for (None: that is not known).
    """

    ops: Sequence[Op]
    graph: Graph | None
    objects: Mapping[str, Model]
    generation: str | None = None
    undos: Sequence[Undo] | None = None
    """How to take back what was done to the shadow's columns; None if that cannot be done."""
    count: int = 0
    """How many changes Bokeh had told of when it was made."""
    is_document: bool = False
    """Whether the whole document was looked at."""

    @property
    def starts_anew(self) -> bool:
        """Whether it replaces all that the document holds."""
        return bool(self.ops) and self.ops[0].code is OpCode.GRAPH


def is_rows(step: Step) -> bool:
    """Whether a step only changes rows of columns: so that it can be joined with others."""
    return step.graph is None and all(op.code in _ROWS for op in step.ops)


def joined(steps: Sequence[Step]) -> Step:
    """One step of the same effect as all of them: less what is written over again, and appends as one."""
    objects = {key: model for step in steps for key, model in step.objects.items()}
    ops = [op for step in steps for op in step.ops]
    return Step(_merged_ops(ops) if len(steps) > 1 else ops, steps[-1].graph, objects, steps[-1].generation)


def _merged_ops(ops: Iterable[Op]) -> list[Op]:
    found: list[tuple[Op, list[Column]]] = []
    last: dict[tuple[str, str], int] = {}
    for op in ops:
        if op.code in _STARTS and op.key in last:
            found = [earlier for earlier in found if earlier[0].key != op.key]
            last = {earlier.key: place for place, (earlier, _) in enumerate(found)}
        place = last.get(op.key)
        if place is not None and op.values is not None and _continues(found[place][0], op):
            before, values = found[place]
            drop, start, count = before.drop + op.drop, before.start - op.drop, before.count + op.count
            found[place] = replace(before, drop=drop, start=start, count=count), [*values, op.values]
        else:
            last[op.key] = len(found)
            found.append((op, [] if op.values is None else [op.values]))
    return [replace(op, values=concat(*values)) if len(values) > 1 else op for op, values in found]


def _continues(before: Op, op: Op) -> bool:
    """Whether two APPENDs are one: the second must not drop rows that the first one brought."""
    return before.code is op.code is OpCode.APPEND and op.drop <= before.start
