"""A hypothesis state machine that compares a store with a model of it in dicts."""

import secrets
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from bokeh_wsgi.exc import Conflict, NotFound
from bokeh_wsgi.store import SequenceTaken, Store

frames = st.binary(max_size=50)
titles = st.sampled_from(["a", "b", "Größe 大", "' OR 1=1 --", "%", ""])
keys = st.sampled_from(["", "k1", "k2", "k3"])
distances = st.integers(-3, 3)
hosts = st.sampled_from([None, "", "one", "Größe 大"])


@dataclass
class Expected:
    """The expected state of a document."""

    owner: str
    title: str
    frames: list[bytes] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    folded: int = 0
    snapshot: tuple[int, bytes] | None = None
    host: str = ""


class StoreMachine(RuleBasedStateMachine):
    """Compares a store with `Expected` states. Each run has its own owners, so that runs share a store."""

    documents = Bundle("documents")
    deleted = Bundle("deleted")

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.run = secrets.token_hex(8)
        self.expected: dict[str, Expected] = {}

    def _titled(self, owner: str, title: str) -> str | None:
        found = [d for d, e in self.expected.items() if (e.owner, e.title) == (owner, title)]
        return found[0] if found else None

    @rule(target=documents, owner=st.sampled_from("xy"), title=titles)
    def create(self, owner: str, title: str) -> object:
        owner += self.run
        known = self._titled(owner, title)
        record, created = self.store.create_document(owner, title)
        assert (record.owner, record.title) == (owner, title)
        assert created == (known is None)
        if known is not None:
            assert record.docid == known
            return multiple()
        assert record.docid not in self.expected
        self.expected[record.docid] = Expected(owner, title)
        return record.docid

    @rule(docid=documents, distance=distances, frame=frames, key=keys, host=hosts)
    def append(self, docid: str, distance: int, frame: bytes, key: str, host: str | None) -> None:
        expected = self.expected[docid]
        last = len(expected.frames)
        if key in expected.keys:
            assert self.store.append(docid, last + 1 + distance, frame, key, host=host) == expected.keys[key]
        elif distance:
            with pytest.raises(SequenceTaken) as taken:
                self.store.append(docid, last + 1 + distance, frame, key, host=host)
            assert taken.value.current == last
        else:
            assert self.store.append(docid, last + 1, frame, key, host=host) == last + 1
            if host is not None:
                expected.host = host
            expected.frames.append(frame)
            if key:
                expected.keys[key] = last + 1

    @rule(docid=documents, back=st.integers(0, 4), frame=frames)
    def fold(self, docid: str, back: int, frame: bytes) -> None:
        expected = self.expected[docid]
        seq = max(0, len(expected.frames) - back)
        self.store.fold(docid, seq, frame)
        if expected.snapshot is None or seq > expected.snapshot[0]:
            expected.snapshot, expected.folded = (seq, frame), seq

    @rule(docid=documents, title=titles)
    def rename(self, docid: str, title: str) -> None:
        expected = self.expected[docid]
        if self._titled(expected.owner, title) not in (None, docid):
            with pytest.raises(Conflict):
                self.store.rename_document(docid, title)
        else:
            self.store.rename_document(docid, title)
            expected.title = title

    @rule(target=deleted, docid=consumes(documents))
    def delete(self, docid: str) -> str:
        assert self.store.delete_document(docid)
        del self.expected[docid]
        return docid

    @rule(docid=deleted, frame=frames)
    def use_what_is_deleted(self, docid: str, frame: bytes) -> None:
        assert not self.store.delete_document(docid)
        assert self.store.get_document(docid) is None
        assert self.store.changes(docid, 0) == []
        assert self.store.snapshot(docid) is None
        assert self.store.history_bytes(docid) == 0
        with pytest.raises(NotFound):
            self.store.append(docid, 1, frame, "")
        with pytest.raises(NotFound):
            self.store.fold(docid, 1, frame)
        with pytest.raises(NotFound):
            self.store.rename_document(docid, "x")

    @rule(docid=documents, after=st.integers(-1, 12))
    def read_some(self, docid: str, after: int) -> None:
        expected = self.expected[docid]
        first = max(after, expected.folded, 0) + 1
        assert self.store.changes(docid, after) == list(enumerate(expected.frames[first - 1 :], first))

    @invariant()
    def holds_what_it_should(self) -> None:
        for owner in ("x" + self.run, "y" + self.run):
            listed = {record.docid for record in self.store.list_documents(owner)}
            assert listed == {d for d, e in self.expected.items() if e.owner == owner}
        for docid, expected in self.expected.items():
            record = self.store.get_document(docid)
            assert record is not None
            assert (record.title, record.host) == (expected.title, expected.host)
            assert record.seq == len(expected.frames)
            history = expected.frames[expected.folded :]
            assert self.store.history_bytes(docid) == sum(map(len, history))
            snapshot_bytes = 0 if expected.snapshot is None else len(expected.snapshot[1])
            assert record.bytes == sum(map(len, history)) + snapshot_bytes
            assert self.store.changes(docid, 0) == list(enumerate(history, expected.folded + 1))
            assert self.store.snapshot(docid) == expected.snapshot
            for key, seq in expected.keys.items():
                assert self.store.applied(docid, key) == seq
