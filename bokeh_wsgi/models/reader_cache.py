"""A memory cache of a document's recent frames and updates, shared by its readers."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Buffer

# Bytes of recent frames in memory: for readers that are up to date the store is not read.
RECENT_BYTES = 32 << 20
# Frames up to this size are joined with their COMMIT, once for all readers.
SMALL_BYTES = 256 << 10
# Number of cached updates, which are dropped at the next change. RECENT_BYTES also limits them.
MAX_UPDATES = 16


Key = int | tuple[str, int]
"""The key of a cached update: the seq of its readers, or (kind, seq)."""


class Update(NamedTuple):
    """The pieces of an Arrow stream that bring a reader to ``seq``."""

    seq: int
    pieces: Sequence[Buffer]


class ReaderCache:
    """Caches recent frames with their COMMITs, and updates to the current seq. Not thread-safe."""

    def __init__(self, docid: str) -> None:
        self.max_bytes = RECENT_BYTES
        self.nbytes = 0
        """Bytes of the cached frames."""
        self._docid = docid
        self._frames: OrderedDict[int, list[Buffer]] = OrderedDict()
        # With their bytes; the least recently used first.
        self._updates: OrderedDict[Key, tuple[Update, int]] = OrderedDict()

    def add(self, seq: int, frame: Buffer) -> None:
        """Cache the frame of a new change, and drop all updates, which are outdated."""
        self._updates.clear()
        self._frames[seq] = pieces = self.pieces(seq, frame)
        self.nbytes += size_of(pieces)
        while self.nbytes > self.max_bytes and len(self._frames) > 1:
            _, old = self._frames.popitem(last=False)
            self.nbytes -= size_of(old)

    def clear(self) -> None:
        self._frames.clear()
        self.nbytes = 0
        self._updates.clear()

    def pieces(self, seq: int, frame: Buffer) -> list[Buffer]:
        """A frame and the COMMIT after it."""
        commit = dataplane.commit(self._docid, seq)
        return [b"".join([frame, commit])] if len(frame) <= SMALL_BYTES else [frame, commit]

    def frames(self, after: int, last: int) -> list[list[Buffer]] | None:
        """The pieces of each change after ``after`` up to ``last``; None unless all are cached."""
        if after + 1 not in self._frames:
            return None
        return [self._frames[seq] for seq in range(after + 1, last + 1)]

    def update(self, key: Key) -> Update | None:
        """The cached update of this key."""
        if key not in self._updates:
            return None
        self._updates.move_to_end(key)
        return self._updates[key][0]

    def keep(self, key: Key, update: Update) -> None:
        """Cache an update; drop the least recently used if there are too many."""
        self._updates[key] = update, size_of(update.pieces)
        size = sum(size for _, size in self._updates.values())
        while len(self._updates) > 1 and (len(self._updates) > MAX_UPDATES or size > self.max_bytes):
            size -= self._updates.popitem(last=False)[1][1]


def size_of(pieces: Iterable[Buffer]) -> int:
    return sum(map(len, pieces))
