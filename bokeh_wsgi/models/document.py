"""A document: its history in the store and its state in this process."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Buffer, Op, OpCode
from bokeh_wsgi.exc import BokehWSGIError, FrameError, NotFound, PastGeneration, StoreDamaged, StoreError
from bokeh_wsgi.store import SequenceTaken, Store

from .columns_so_far import COLUMN_OPS, ColumnsSoFar
from .compaction import fold, is_due
from .graph import Graph
from .merged_change import STORED, merged_ops
from .reader_cache import Key, ReaderCache, Update, size_of
from .state import State
from .undrawn import Report

# A reader that is behind gets the missed frames if they are smaller than this, or than the columns they
# changed; otherwise one merged change.
FORWARD_BYTES = 16 << 10
# Limits for decoding the changes that are appended to already encoded columns.
LATER_UNPACKED = dataplane.Limits(
    max_bytes=1 << 62, max_message_bytes=1 << 62, max_unpacked=4 << 20, max_ops=1 << 16
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Size limits: of one upload (encoded or not), of one batch of a page's edits, of a document's values,
    and of a user's documents in the store."""

    max_change_bytes: int
    max_edit_bytes: int
    max_document_bytes: int
    max_user_bytes: int | None = None

    @property
    def frame(self) -> dataplane.Limits:
        return dataplane.Limits(max_bytes=self.max_change_bytes, max_unpacked=self.max_change_bytes)


class _Plan(NamedTuple):
    """How to build an update to ``seq``: call ``ops`` under the lock, then encode without it.

    ``key`` is the cache key of the update; None: the reader's seq.
    """

    seq: int
    ops: Callable[[], Sequence[Op]]
    is_whole: bool = False
    key: Key | None = None


class Document:
    """One document in one process. Thread-safe; any number of processes may commit to the same document."""

    def __init__(self, store: Store, docid: str, limits: Limits) -> None:
        self.docid = docid
        self._store = store
        self._limits = limits
        self._lock = threading.RLock()
        # Serializes encoding for readers. Lock order: this one first.
        self._encoding = threading.Lock()
        self._state = State()
        self._store_version: int | None = None
        self._cache = ReaderCache(docid)
        self._columns = ColumnsSoFar(docid)
        self._snapshot: Update | None = None
        self._history_bytes = 0

    @property
    def seq(self) -> int:
        """The seq of the last change that this process has seen."""
        return self._state.seq

    @property
    def nbytes(self) -> int:
        """Bytes of memory of the graph, the values and the reader caches in this process."""
        snapshot, state = self._snapshot, self._state
        kept = self._cache.nbytes + (0 if snapshot is None else size_of(snapshot.pieces))
        return state.nbytes + state.graph_bytes + kept

    @contextmanager
    def reading(self) -> Iterator[State]:
        """The current state, locked until the ``with`` block ends."""
        with self._locked():
            self._catch_up()
            yield self._state

    @property
    def undrawn(self) -> list[Report]:
        """The reports of pages about models they cannot draw, as far as this process has seen."""
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
        check: Callable[[], object] | None = None,
    ) -> int:
        """Store and apply a change, atomically, and return its seq.

        ``frame`` is the publisher's record batches, and ``ops`` their content. A repeated idempotency ``key``
        returns the seq of the first change. ``generation`` is the generation that the change requires (None:
        any). A change with a GRAPH ignores it, and stores ``host``. ``check`` is called under the lock before
        the change is stored, and may raise.
        Raises `PastGeneration`, `Conflict`, `BadRequest`, `LimitExceeded`, `NotFound` or `StoreError`; then
        nothing was applied.
        """

        def made(_: State) -> tuple[Sequence[Op], Buffer]:
            if check is not None:
                check()
            return ops, frame

        if any(op.code is OpCode.GRAPH for op in ops):
            return self._commit(made, key, None, host)
        return self._commit(made, key, generation, None)

    def edit(self, edit: Callable[[State], Sequence[Op]], key: str, *, generation: str | None = None) -> int:
        """Like `commit`, with the ops that ``edit`` returns for the current state. No GRAPH among them."""

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
        """Commit the ops and frame that ``made`` returns; retry if another process committed first."""
        with self._locked():
            while True:
                self._catch_up()
                done = self._store.applied(self.docid, key)
                if done is not None:
                    return done
                self._check_generation(generation)
                ops, frame = made(self._state)
                if not ops:
                    return self._state.seq
                limits = self._limits
                graph = self._state.check(ops, limits.max_document_bytes, limits.max_change_bytes)
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
        """The seq of the change; None if another process has committed first, and this one must catch up."""
        seq = self._state.seq + 1
        try:
            room = self._limits.max_user_bytes
            got = self._store.append(self.docid, seq, frame, key, host=host, max_owner_bytes=room)
        except SequenceTaken:
            self._store_version = None
            return None
        if got == seq:
            self._state.apply(ops, seq, graph)
            self._remember(seq, frame)
        return got

    def since(self, seq: int) -> Update:
        """The update that brings a reader at ``seq`` to the current state: nothing, the missed changes, or
        one merged change if that is smaller."""
        found = self._found(seq)
        if isinstance(found, Update):
            return found
        # One reader at a time encodes. Commits do not wait for it.
        with self._encoding:
            with self._lock:
                made = self._snapshot
                if found.is_whole and made is not None and made.seq >= found.seq:
                    # Another reader has encoded it meanwhile.
                    return made
                found = self._found(seq)
                if isinstance(found, Update):
                    return found
                now, ops, columns = self._state.seq, found.ops(), self._columns
            # The graph is encoded separately: the encoded columns are reused with later graphs.
            pieces, rest = dataplane.encode(self.docid, ops[:1]), dataplane.encode(self.docid, ops[1:])
            update = Update(now, [*pieces, *rest, dataplane.commit(self.docid, now)])
            with self._lock:
                if found.is_whole and (self._snapshot is None or self._snapshot.seq < now):
                    self._snapshot = update
                    columns.begin(now, ops[1:], rest)
                if self._state.seq == now:
                    self._cache.keep(seq if found.key is None else found.key, update)
            return update

    def _found(self, seq: int) -> Update | _Plan:
        """The update for a reader at ``seq``, or the plan to encode it."""
        with self._locked():
            self._catch_up()
            now = self._state.seq
            if seq == now:
                return Update(now, [])
            kept = self._cache.update(seq)
            if kept is not None:
                return kept
            found = self._update(seq, now)
            if isinstance(found, Update):
                self._cache.keep(seq, found)
            return found

    def _update(self, seq: int, now: int) -> Update | _Plan:
        if seq <= 0 or seq > now or seq < self._state.whole_graph_seq:
            return self._from_nothing()
        missed = self._missed(seq)
        if missed is not None and self._worth_forwarding(missed, seq):
            return Update(now, list(chain.from_iterable(missed)))
        return self._merge(seq, missed)

    def written_out_by(self, ops: Sequence[Op]) -> int:
        """Approximate bytes of the arrays that ramps would become by ``ops``."""
        with self._lock:
            return self._state.written_out_by(ops)

    def fold_is_due(self) -> bool:
        """Whether the history may be larger than the columns. Cheap."""
        return is_due(self._history_bytes, self._state)

    def fold(self) -> bool:
        """Replace the history by a snapshot in the store, if it is larger than the columns."""
        with self._locked():
            self._catch_up()
            self._history_bytes = self._store.history_bytes(self.docid)
            if not self.fold_is_due():
                return False
            seq, ops = self._state.seq, list(self._state.snapshot())
        fold(self._store, self.docid, seq, ops)
        with self._lock:
            self._history_bytes = self._store.history_bytes(self.docid)
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock. `StoreDamaged` errors get the document's id."""
        with self._lock:
            try:
                yield
            except StoreDamaged as error:
                if error.document:
                    raise
                raise StoreDamaged(f"Document {self.docid!r}: {error}", document=self.docid) from error

    def _catch_up(self) -> None:
        version = self._store.version()
        if version == self._store_version:
            return
        record = self._store.get_document(self.docid)
        if record is None:
            raise self._not_found()
        if record.seq < self._state.seq:
            self._begin_anew()  # the store was replaced by an older copy
        try:
            self._come_to(record.seq)
        except (StoreError, NotFound, MemoryError):
            raise
        except Exception as error:
            # Changes are checked before they are stored, so any error means damage.
            self._begin_anew()
            reason = error.message if isinstance(error, BokehWSGIError) else repr(error)
            raise self._damaged(reason) from error
        self._store_version = version

    def _come_to(self, seq: int) -> None:
        """Apply the stored changes up to ``seq``, and any later ones that were read with them."""
        while self._state.seq < seq:
            before = self._state.seq
            changes = self._store.changes(self.docid, before)
            if changes and changes[0][0] == before + 1:
                for number, frame in changes:
                    if number == self._state.seq + 1:
                        self._take(number, frame)
            else:
                self._load_snapshot()
            if self._state.seq <= before:
                raise self._damaged(f"change {before + 1} is not there")

    def _load_snapshot(self) -> None:
        snapshot = self._store.snapshot(self.docid)
        if snapshot is None:
            if self._store.get_document(self.docid) is None:
                raise self._not_found()
            return
        seq, frame = snapshot
        self._begin_anew()
        self._take(seq, frame)
        self._cache.clear()

    def _begin_anew(self) -> None:
        self._state, self._columns = State(), ColumnsSoFar(self.docid)
        self._store_version = self._snapshot = None
        self._cache.clear()

    def _not_found(self) -> NotFound:
        return NotFound(f"No document {self.docid!r}: it was deleted, or its link is wrong.")

    def _damaged(self, reason: str) -> StoreDamaged:
        return StoreDamaged(
            f"The history of the document {self.docid!r} is damaged in the store ({reason.rstrip('.')}): "
            "put a backup of the store in its place, or delete the document.",
            document=self.docid,
        )

    def _take(self, seq: int, frame: bytes) -> None:
        reader = dataplane.Reader(limits=STORED)
        reader.feed(dataplane.SCHEMA_MESSAGE)
        reader.feed(frame)
        (change,) = reader.feed(dataplane.commit(self.docid, seq))
        self._state.apply(change.ops, seq)
        self._remember(seq, frame)

    def _remember(self, seq: int, frame: Buffer) -> None:
        self._history_bytes += len(frame)
        self._cache.add(seq, frame)

    def _missed(self, seq: int) -> list[list[Buffer]] | None:
        """The pieces of the changes after ``seq``; None if the history no longer has them, or is too long."""
        now = self._state.seq
        if seq == now:
            return []
        kept = self._cache.frames(seq, now)
        if kept is not None:
            return kept
        if self._history_bytes > 2 * self._cache.max_bytes:
            # Too much to read from the store for one reader.
            return None
        changes = [(n, frame) for n, frame in self._store.changes(self.docid, seq) if n <= now]
        is_whole = bool(changes) and changes[0][0] == seq + 1
        return [self._cache.pieces(*change) for change in changes] if is_whole else None

    def _worth_forwarding(self, missed: list[list[Buffer]], seq: int) -> bool:
        if len(missed) == 1:
            return True
        size = sum(map(size_of, missed))
        if size <= FORWARD_BYTES:
            return True
        return size <= sum(self._state.columns[key].values.nbytes for key in self._state.touched_since(seq))

    def _from_nothing(self) -> Update | _Plan:
        """An update that creates the current graph and columns in one change."""
        now, state = self._state.seq, self._state
        if self._columns.follow(state, self._column_ops_since):
            graph = dataplane.encode(self.docid, [state.graph_op()])
            return Update(now, [*graph, *self._columns.pieces, dataplane.commit(self.docid, now)])
        return _Plan(now, lambda: list(state.snapshot()), is_whole=True)

    def _column_ops_since(self, seq: int, max_bytes: int) -> list[Op] | None:
        """The column ops after ``seq``; None if they are larger than ``max_bytes``, or not available."""
        missed = [] if seq == self._state.seq else self._missed(seq)
        if missed is None or sum(map(size_of, missed)) > max_bytes:
            return None
        reader = dataplane.Reader(limits=LATER_UNPACKED)
        reader.feed(dataplane.SCHEMA_MESSAGE)
        try:
            changes = reader.feed(b"".join(chain.from_iterable(missed)))
        except FrameError:
            return None
        return [op for change in changes for op in change.ops if op.code in COLUMN_OPS]

    def _merge(self, seq: int, missed: list[list[Buffer]] | None) -> Update | _Plan:
        if seq < self._state.graph_seq and (missed is None or seq < self._state.reuse_seq):
            return self._from_nothing()
        base = self._state.shared_base(seq)
        key = seq if base == seq else ("merged", base)
        shared = self._cache.update(key)
        if shared is not None:
            return shared
        return _Plan(self._state.seq, lambda: merged_ops(self._state, base, missed or []), key=key)
