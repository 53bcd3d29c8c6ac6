"""Merges the changes that a reader has missed into one."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Buffer, Op, OpCode

from .patch import combined
from .state import Place, State

# A merged change has this many events at most, the last ones.
MAX_EVENTS = 10_000
# Stored changes have been checked already, so they have no limits.
STORED = dataplane.Limits(max_bytes=1 << 62, max_message_bytes=1 << 62, max_unpacked=1 << 62, max_ops=1 << 62)


def merged_ops(state: State, seq: int, missed: list[list[Buffer]]) -> list[Op]:
    """The ops that bring a reader at ``seq`` to the current state; ``missed`` are the changes since then."""
    placed = state.columns_since(seq)
    events: list[Op] = []
    if seq < max(state.graph_seq, state.event_seq):
        patches, events = _passed_on(missed)
        placed += patches
    placed.sort(key=itemgetter(0))
    return [*_with_patches_combined(op for _, op in placed), *events[-MAX_EVENTS:]]


def _passed_on(missed: list[list[Buffer]]) -> tuple[list[tuple[Place, Op]], list[Op]]:
    """The PATCHes of missed changes with their places, and the EVENTs."""
    placed, events = [], []
    for pieces in missed:
        for seq, ops in dataplane.read_model_ops(b"".join(pieces), STORED):
            patches = (op for op in ops if op.code is OpCode.PATCH)
            placed += [(Place(seq, number, 0), op) for number, op in enumerate(patches, 1)]
            events += [op for op in ops if op.code is OpCode.EVENT]
    return placed, events


def _with_patches_combined(ops: Iterable[Op]) -> Iterator[Op]:
    """The ops, with consecutive PATCHes combined."""
    for is_patch, group in groupby(ops, lambda op: op.code is OpCode.PATCH):
        if is_patch:
            for patch in combined(json.loads(op.json) for op in group):
                yield Op(OpCode.PATCH, json=json.dumps(patch, separators=(",", ":")))
        else:
            yield from group
