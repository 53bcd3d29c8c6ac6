"""What readers of one document were sent lately, kept in memory for those who come next."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bokeh_wsgi import dataplane
from bokeh_wsgi.dataplane import Buffer

# Recent frames kept in memory, so that viewers who keep up cost the store nothing.
RECENT_BYTES = 32 << 20
# Frames up to this are sent in one piece with their COMMIT, made once for all readers.
SMALL_BYTES = 256 << 10
# What readers of so many different seqs need is kept until the next change, up to RECENT_BYTES of it.
MAX_UPDATES = 16


Key = int | tuple[str, int]
"""The seq of readers, or what else says whom an update is for."""


class Update(NamedTuple):
    """What a reader needs to come to ``seq``: pieces of an Arrow stream, to be written in order."""

    seq: int
    pieces: Sequence[Buffer]


class ReaderCache:
    """The last frames with their COMMITs, and updates to the present seq. Not thread-safe."""

    def __init__(self, docid: str) -> None:
        self.max_bytes = RECENT_BYTES
        self.nbytes = 0
        """Of the frames."""
        self._docid = docid
        self._frames: OrderedDict[int, list[Buffer]] = OrderedDict()
        # With their bytes; the longest unused first.
        self._updates: OrderedDict[Key, tuple[Update, int]] = OrderedDict()

    def add(self, seq: int, frame: Buffer) -> None:
        """Keep the frame of a new change; updates to the one before it are forgotten."""
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
        """The pieces of each change after ``after`` up to ``last``; None where they are not all kept."""
        if after + 1 not in self._frames:
            return None
        return [self._frames[seq] for seq in range(after + 1, last + 1)]

    def update(self, key: Key) -> Update | None:
        """What was kept under this key."""
        if key not in self._updates:
            return None
        self._updates.move_to_end(key)
        return self._updates[key][0]

    def keep(self, key: Key, update: Update) -> None:
        """For other readers; the longest unused go where they ask for too many different ones."""
        self._updates[key] = update, size_of(update.pieces)
        size = sum(size for _, size in self._updates.values())
        while len(self._updates) > 1 and (len(self._updates) > MAX_UPDATES or size > self.max_bytes):
            size -= self._updates.popitem(last=False)[1][1]


def size_of(pieces: Iterable[Buffer]) -> int:
    return sum(map(len, pieces))
