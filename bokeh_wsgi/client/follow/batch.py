"""`Batch`: changes of the stream that are applied together, before callbacks are called."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bokeh_wsgi.dataplane import Op, OpCode

from .stream_reader import Arrived


@dataclass(slots=True)
class Batch:
    """Changes, of which only the last one may have events: callbacks see the values of that moment."""

    changes: list[Arrived] = field(default_factory=list)
    events: list[Op] = field(default_factory=list)
    viewers: int | None = None


def batches_of(arrived: Iterable[Arrived]) -> list[Batch]:
    """As few batches as possible, in the order of the changes."""
    batches: list[Batch] = []
    for one in arrived:
        if not batches or batches[-1].events:
            batches.append(Batch())
        batch = batches[-1]
        batch.changes.append(one)
        batch.events = [op for op in one.change.ops if op.code is OpCode.EVENT]
        batch.viewers = one.change.meta.get("viewers", batch.viewers)
    return batches
