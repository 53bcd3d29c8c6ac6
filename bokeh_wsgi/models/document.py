"""A document: its history in the store, and the state that this process has of it."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Buffer, Change, Op, OpCode
from bokeh_wsgi.exc import NotFound, PastGeneration
from bokeh_wsgi.store import SequenceTaken, Store

from .columns_so_far import COLUMN_OPS, ColumnsSoFar
from .folding import fold, is_due
from .graph import Graph
from .patch import joined
from .state import Place, State
from .undrawn import Report

# Recent frames kept in memory, so that viewers who keep up cost the store nothing.
RECENT_BYTES = 32 << 20
# Frames up to this are sent in one piece with their COMMIT, made once for all readers.
SMALL_BYTES = 256 << 10
# A viewer that is behind gets the missed frames one by one if they are less than this, or than what they
# changed; else one merged change.
FORWARD_BYTES = 16 << 10


class Update(NamedTuple):
    """What a reader needs to come to ``seq``: pieces of an Arrow stream, to be written in order."""

    seq: int
    pieces: Sequence[Buffer]


@dataclass(frozen=True, slots=True)
class Limits:
    """``max_change_bytes`` of one upload, encoded or not; ``max_edit_bytes`` of what a page sends at once;
    ``max_document_bytes`` of a document's values."""

    max_change_bytes: int
    max_edit_bytes: int
    max_document_bytes: int

    @property
    def frame(self) -> dataplane.Limits:
        return dataplane.Limits(max_bytes=self.max_change_bytes, max_unpacked=self.max_change_bytes)


class Document:
    """One document in one process. Thread-safe; any number of processes may commit to the same document."""

    def __init__(self, store: Store, docid: str, limits: Limits) -> None:
        self.docid = docid
        self._store = store
        self._limits = limits
        self._lock = threading.RLock()
        self._state = State()
        self._store_version: int | None = None
        self._recent: OrderedDict[int, list[Buffer]] = OrderedDict()
        self._recent_bytes = 0
        self._columns = ColumnsSoFar(docid)
        # By the seq of the readers; forgotten with the next change.
        self._updates: dict[int, Update] = {}
        self._history_bytes = 0

    @property
    def nbytes(self) -> int:
        """Memory that the values take in this process."""
        return self._state.nbytes

    @contextmanager
    def reading(self) -> Iterator[State]:
        """The present state, which stays as it is until the ``with`` block ends."""
        with self._lock:
            self._catch_up()
            yield self._state

    @property
    def undrawn(self) -> list[Report]:
        """What pages said that they cannot draw, as far as this process has seen."""
        with self._lock:
            return list(self._state.undrawn)

    def commit(
        self,
        ops: Sequence[Op],
        frame: Buffer,
        key: str,
        *,
        generation: str | None = None,
        host: str = "",
    ) -> int:
        """Keep a change and return its seq; atomic, and in the store when this returns.

        ``frame`` is the publisher's record batches, ``ops`` what they say, ``key`` the idempotency key: a key
        that was used before gives the seq it got then. ``generation`` is the one that the change was made
        for, None if it fits all; a change that starts the document anew fits all, and its ``host`` is kept.
        Raises `PastGeneration`, `Conflict`, `BadRequest`, `LimitExceeded`, `NotFound` or `StoreError`; then
        nothing was applied.
        """
        if any(op.code is OpCode.GRAPH for op in ops):
            return self._commit(lambda _: (ops, frame), key, None, host)
        return self._commit(lambda _: (ops, frame), key, generation, None)

    def edit(self, edit: Callable[[State], Sequence[Op]], key: str, *, generation: str | None = None) -> int:
        """As `commit`, of the ops that ``edit`` makes of the present state; these hold no GRAPH."""

        def made(state: State) -> tuple[Sequence[Op], Buffer]:
            ops = edit(state)
            return ops, b"".join(dataplane.encode(self.docid, ops))

        return self._commit(made, key, generation, None)

    def _commit(
        self,
        made: Callable[[State], tuple[Sequence[Op], Buffer]],
        key: str,
        generation: str | None,
        host: str | None,
    ) -> int:
        """Keep the ops and the frame that are ``made`` of the state; anew if another process was faster."""
        with self._lock:
            while True:
                self._catch_up()
                done = self._store.applied(self.docid, key)
                if done is not None:
                    return done
                self._check_generation(generation)
                ops, frame = made(self._state)
                if not ops:
                    return self._state.seq
                graph = self._state.check(ops, self._limits.max_document_bytes)
                got = self._append(ops, frame, key, graph, host)
                if got is not None:
                    return got

    def _check_generation(self, generation: str | None) -> None:
        present = self._state.graph.generation
        if generation is not None and generation != present:
            record = self._store.get_document(self.docid)
            raise PastGeneration(present, "" if record is None else record.host)

    def _append(
        self, ops: Sequence[Op], frame: Buffer, key: str, graph: Graph | None, host: str | None
    ) -> int | None:
        """The seq of the change; None if another process has committed since: that has to be seen first."""
        seq = self._state.seq + 1
        try:
            got = self._store.append(self.docid, seq, frame, key, host=host)
        except SequenceTaken:
            self._store_version = None
            return None
        if got == seq:
            self._state.apply(ops, seq, graph)
            self._remember(seq, frame)
        return got

    def since(self, seq: int) -> Update:
        """What a reader that is at ``seq`` needs to come to now: nothing, the changes it missed, or one
        merged change where those outweigh what they changed."""
        with self._lock:
            self._catch_up()
            now = self._state.seq
            if seq == now:
                return Update(now, [])
            if seq not in self._updates:
                self._updates[seq] = self._update(seq, now)
            return self._updates[seq]

    def _update(self, seq: int, now: int) -> Update:
        if seq <= 0 or seq > now or seq < self._state.whole_graph_seq:
            return self._from_nothing()
        missed = self._missed(seq)
        if missed is not None and self._worth_forwarding(missed, seq):
            return Update(now, list(chain.from_iterable(missed)))
        return self._merge(seq, missed)

    def fold_is_due(self) -> bool:
        """Whether the history may outweigh the columns by now; costs next to nothing."""
        return is_due(self._history_bytes, self._state)

    def fold(self) -> bool:
        """Fold the history into a snapshot in the store, if it outweighs the columns."""
        with self._lock:
            self._catch_up()
            self._history_bytes = self._store.history_bytes(self.docid)
            if not self.fold_is_due():
                return False
            fold(self._store, self.docid, self._state)
            self._history_bytes = 0
            return True

    def _catch_up(self) -> None:
        version = self._store.version()
        if version == self._store_version:
            return
        record = self._store.get_document(self.docid)
        if record is None:
            raise NotFound(f"No document {self.docid!r}: it was deleted, or its link is wrong.")
        while record.seq > self._state.seq:
            changes = self._store.changes(self.docid, self._state.seq)
            if changes and changes[0][0] == self._state.seq + 1:
                for seq, frame in changes:
                    self._take(seq, frame)
                break
            self._load_snapshot()
        self._store_version = version

    def _load_snapshot(self) -> None:
        snapshot = self._store.snapshot(self.docid)
        if snapshot is None:
            raise NotFound(f"No document {self.docid!r}: it was deleted, or its link is wrong.")
        seq, frame = snapshot
        self._state = State()
        self._take(seq, frame)
        self._forget()
        self._columns = ColumnsSoFar(self.docid)

    def _take(self, seq: int, frame: bytes) -> None:
        reader = dataplane.Reader(limits=None)
        reader.feed(dataplane.SCHEMA_MESSAGE)
        reader.feed(frame)
        for change in reader.feed(dataplane.commit(self.docid, seq)):
            self._state.apply(change.ops, seq)
        self._remember(seq, frame)

    def _remember(self, seq: int, frame: Buffer) -> None:
        self._updates.clear()
        self._history_bytes += len(frame)
        self._recent[seq] = pieces = self._pieces(seq, frame)
        self._recent_bytes += _size(pieces)
        while self._recent_bytes > RECENT_BYTES and len(self._recent) > 1:
            _, old = self._recent.popitem(last=False)
            self._recent_bytes -= _size(old)

    def _forget(self) -> None:
        self._recent.clear()
        self._recent_bytes = 0
        self._updates.clear()

    def _pieces(self, seq: int, frame: Buffer) -> list[Buffer]:
        """A frame and the COMMIT after it."""
        commit = dataplane.commit(self.docid, seq)
        return [b"".join([frame, commit])] if len(frame) <= SMALL_BYTES else [frame, commit]

    def _missed(self, seq: int) -> list[list[Buffer]] | None:
        """The changes after ``seq``, or None where the history no longer reaches back so far."""
        now = self._state.seq
        if seq == now:
            return []
        if seq + 1 in self._recent:
            return [self._recent[n] for n in range(seq + 1, now + 1)]
        changes = [(n, frame) for n, frame in self._store.changes(self.docid, seq) if n <= now]
        return [self._pieces(*change) for change in changes] if changes and changes[0][0] == seq + 1 else None

    def _worth_forwarding(self, missed: list[list[Buffer]], seq: int) -> bool:
        if len(missed) == 1:
            return True
        size = sum(map(_size, missed))
        if size <= FORWARD_BYTES:
            return True
        return size <= sum(self._state.columns[key].values.nbytes for key in self._state.touched_since(seq))

    def _from_nothing(self) -> Update:
        """One change: the graph as it is now, and its columns. So BokehJS has nothing to replay."""
        graph = dataplane.encode(self.docid, [self._state.graph_op()])
        columns = self._columns.pieces(self._state, self._column_ops_since)
        return Update(self._state.seq, [*graph, *columns, dataplane.commit(self.docid, self._state.seq)])

    def _column_ops_since(self, seq: int, max_bytes: int) -> list[Op] | None:
        """Those of changes after ``seq``; None where these take more than ``max_bytes``, or are not there."""
        missed = self._missed(seq)
        if missed is None or sum(map(_size, missed)) > max_bytes:
            return None
        return [op for change in _changes(missed) for op in change.ops if op.code in COLUMN_OPS]

    def _merge(self, seq: int, missed: list[list[Buffer]] | None) -> Update:
        if seq < self._state.graph_seq and (missed is None or seq < self._state.reuse_seq):
            return self._from_nothing()
        placed = self._state.columns_since(seq)
        events: list[Op] = []
        if seq < max(self._state.graph_seq, self._state.event_seq):
            patches, events = _passed_on(missed or [])
            placed += patches
        placed.sort(key=itemgetter(0))
        return self._encode([*_joined(op for _, op in placed), *events])

    def _encode(self, ops: Iterable[Op]) -> Update:
        seq = self._state.seq
        return Update(seq, [*dataplane.encode(self.docid, ops), dataplane.commit(self.docid, seq)])


def _changes(missed: list[list[Buffer]]) -> list[Change]:
    reader = dataplane.Reader(limits=None)
    reader.feed(dataplane.SCHEMA_MESSAGE)
    return list(reader.feed(b"".join(chain.from_iterable(missed))))


def _passed_on(missed: list[list[Buffer]]) -> tuple[list[tuple[Place, Op]], list[Op]]:
    """PATCHes of missed changes and their places; and EVENTs, which nothing replaces."""
    placed, events = [], []
    for change in _changes(missed):
        patches = (op for op in change.ops if op.code is OpCode.PATCH)
        placed += [(Place(change.seq, number, 0), op) for number, op in enumerate(patches, 1)]
        events += [op for op in change.ops if op.code is OpCode.EVENT]
    return placed, events


def _joined(ops: Iterable[Op]) -> Iterator[Op]:
    """The same with as few PATCHes as do where several follow each other."""
    for is_patch, group in groupby(ops, lambda op: op.code is OpCode.PATCH):
        if is_patch:
            for patch in joined(json.loads(op.json) for op in group):
                yield Op(OpCode.PATCH, json=json.dumps(patch, separators=(",", ":")))
        else:
            yield from group


def _size(pieces: list[Buffer]) -> int:
    return sum(map(len, pieces))
