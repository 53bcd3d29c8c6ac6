"""`Step`: one change of this session, ready to be sent."""

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
    """One change of this session, ready to be sent.

    ``graph``: the shadow's graph after it (None: unchanged). ``objects``: the models that were compared, by
    wire id. ``generation``: the generation of the document that it is for (None: not known).
    """

    ops: Sequence[Op]
    graph: Graph | None
    objects: Mapping[str, Model]
    generation: str | None = None
    undos: Sequence[Undo] | None = None
    """How to undo its changes to the shadow's columns; None if that is not possible."""
    count: int = 0
    """How many changes Bokeh had reported when the step was created."""
    is_document: bool = False
    """Whether the whole document was compared."""

    @property
    def starts_anew(self) -> bool:
        """Whether it replaces the whole document, and so begins a generation."""
        return bool(self.ops) and self.ops[0].code is OpCode.GRAPH


def is_rows(step: Step) -> bool:
    """Whether a step only changes rows of columns, so that it can be joined with others."""
    return step.graph is None and all(op.code in _ROWS for op in step.ops)


def joined(steps: Sequence[Step]) -> Step:
    """One step with the effect of all: without what a later op replaces, and with appends put together."""
    objects = {key: model for step in steps for key, model in step.objects.items()}
    ops = [op for step in steps for op in step.ops]
    return Step(_merged_ops(ops) if len(steps) > 1 else ops, steps[-1].graph, objects, steps[-1].generation)


def _merged_ops(ops: Iterable[Op]) -> list[Op]:
    merged: list[tuple[Op, list[Column]]] = []
    last: dict[tuple[str, str], int] = {}
    for op in ops:
        if op.code in _STARTS and op.key in last:
            merged = [earlier for earlier in merged if earlier[0].key != op.key]
            last = {earlier.key: place for place, (earlier, _) in enumerate(merged)}
        place = last.get(op.key)
        if place is not None and op.values is not None and _continues(merged[place][0], op):
            before, values = merged[place]
            drop, start, count = before.drop + op.drop, before.start - op.drop, before.count + op.count
            merged[place] = replace(before, drop=drop, start=start, count=count), [*values, op.values]
        else:
            last[op.key] = len(merged)
            merged.append((op, [] if op.values is None else [op.values]))
    return [replace(op, values=concat(*values)) if len(values) > 1 else op for op, values in merged]


def _continues(before: Op, op: Op) -> bool:
    """Whether two APPENDs can be put together: the second must not drop rows of the first."""
    return before.code is op.code is OpCode.APPEND and op.drop <= before.start
