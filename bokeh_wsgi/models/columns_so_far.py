"""A document's columns as readers from nothing get them: encoded once, for many readers and changes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Op, OpCode

from .state import State

COLUMN_OPS: Final = frozenset({OpCode.REPLACE, OpCode.RAMP, OpCode.APPEND, OpCode.WRITE, OpCode.REMOVE})
LATER_BYTES: Final = 256 << 10
"""Changes of so many bytes are put behind the columns, before these are encoded anew …"""
LATER_PART: Final = 16
"""… or of this part of the columns: the less there is, the sooner."""

OpsSince = Callable[[int, int], list[Op] | None]
"""Column ops of the changes after a seq; None if these take more than so many bytes, or are not there."""


class ColumnsSoFar:
    """The columns at one ``seq`` as record batches: whole, and behind them the ops that came later.

    Which columns belong to the document is a matter of its graph, which is not in here and can change all the
    time. Not thread-safe: `Document` holds the lock.
    """

    def __init__(self, docid: str) -> None:
        self._docid = docid
        self._seq = -1
        self._models: set[str] = set()
        self._whole: list[bytes] = []
        self._later: list[bytes] = []

    @property
    def pieces(self) -> Sequence[bytes]:
        """Batches that make the columns, for a reader who has none."""
        return [*self._whole, *self._later]

    def begin(self, seq: int, ops: Iterable[Op], pieces: list[bytes]) -> None:
        """Take the columns as they are at ``seq``, of which ``pieces`` are the batches."""
        self._seq = seq
        self._models = {op.model for op in ops}
        self._whole, self._later = pieces, []

    def follow(self, state: State, ops_since: OpsSince) -> bool:
        """Put what is new behind the rest; False where that cannot be done, or is more than it is worth."""
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
