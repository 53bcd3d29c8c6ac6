"""The encoded columns of a document, shared by all readers that start from nothing."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Op, OpCode

from .state import State

COLUMN_OPS: Final = frozenset({OpCode.REPLACE, OpCode.RAMP, OpCode.APPEND, OpCode.WRITE, OpCode.REMOVE})
LATER_BYTES: Final = 256 << 10
"""Bytes of later changes that may follow the encoded columns before these are encoded again …"""
LATER_PART: Final = 16
"""… or this fraction of the columns' bytes, if that is less."""

OpsSince = Callable[[int, int], list[Op] | None]
"""``(seq, max_bytes)``: the column ops after ``seq``; None if they are larger, or no longer available."""


class ColumnsSoFar:
    """Encoded record batches: the columns at one ``seq``, followed by later ops.

    The graph is not included. Not thread-safe: `Document` has the lock.
    """

    def __init__(self, docid: str) -> None:
        self._docid = docid
        self._seq = -1
        self._models: set[str] = set()
        self._whole: list[bytes] = []
        self._later: list[bytes] = []

    @property
    def pieces(self) -> Sequence[bytes]:
        """The record batches that create all columns."""
        return [*self._whole, *self._later]

    def begin(self, seq: int, ops: Iterable[Op], pieces: list[bytes]) -> None:
        """Start again with ``pieces``, the encoded ``ops`` of the columns at ``seq``."""
        self._seq = seq
        self._models = {op.model for op in ops}
        self._whole, self._later = pieces, []

    def follow(self, state: State, ops_since: OpsSince) -> bool:
        """Append the ops since the last call; False if the columns must be encoded again."""
        if not max(state.whole_graph_seq, state.reuse_seq, 1) <= self._seq <= state.seq:
            return False
        room = min(LATER_BYTES, state.nbytes // LATER_PART) - sum(map(len, self._later))
        ops = [] if self._seq == state.seq else ops_since(self._seq, room)
        if ops is None:
            return False
        there = [op for op in ops if op.model in state.graph.models]
        self._models |= {op.model for op in there}
        self._later += dataplane.encode(self._docid, there)
        self._seq = state.seq
        return self._models <= state.graph.models.keys()
