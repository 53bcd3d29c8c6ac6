"""`OwnChanges`: what this session's own changes wrote, until the stream has brought them back."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bokeh_wsgi.dataplane import Op, OpCode

Place = tuple[str, ...]
"""What a change writes: ("attr", model, attribute), ("column", model, name), ("roots",), ("config",) …"""

ROOTS: Place = ("roots",)


@dataclass(slots=True)
class OwnChanges:
    """The places that own changes wrote, by ``seq``. Not thread-safe."""

    _places: dict[int, frozenset[Place]] = field(default_factory=dict)

    def add(self, seq: int, ops: Iterable[Op]) -> None:
        self._places[seq] = frozenset(place for op in ops for place in places_of(op))

    def has(self, seq: int) -> bool:
        return seq in self._places

    def any_between(self, after: int, seq: int) -> bool:
        """Whether an own change has a seq greater than ``after``, up to ``seq``."""
        return any(after < own <= seq for own in self._places)

    def written_after(self, seq: int) -> frozenset[Place]:
        """The places where own changes have overwritten a change ``seq`` of somebody else."""
        return frozenset().union(*(places for own, places in self._places.items() if own > seq))

    def forget(self, seq: int) -> None:
        """Drop the changes up to ``seq``: the stream has brought them."""
        for own in [own for own in self._places if own <= seq]:
            del self._places[own]

    def clear(self) -> None:
        self._places.clear()


def places_of(op: Op) -> Iterable[Place]:
    """The places that an op writes."""
    if op.code is OpCode.PATCH:
        content = json.loads(op.json)
        yield from (place_of(event) for event in content.get("events", ()))
        yield from ((key,) for key in content if key != "events")
    elif op.code is not OpCode.EVENT:
        yield ("column", op.model, op.column)


def place_of(event: dict[str, Any]) -> Place:
    """The place that an event of a patch writes."""
    kind = event["kind"]
    if kind == "ModelChanged":
        return "attr", event["model"]["id"], event["attr"]
    return ("title",) if kind == "TitleChanged" else ROOTS
