"""The conformance suites of stores: a server can use a store that passes.

Inherit one in your tests, and define how to open your store::

    class TestMyStore(SharedStoreConformance):
        opener = "my_package:open_my_store"     # importable; takes a uri, returns a Store

        @pytest.fixture
        def uri(self, tmp_path):
            return f"mine://{tmp_path}"         # of a new empty store in each test

`StoreConformance` is for stores in the memory of one process; `SharedStoreConformance`, in `shared_store`,
adds tests for persistent stores that several processes share. The fixtures ``store`` (an open store) and
``reopen`` (opens it once more) are built from these two, and close it afterwards.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from bokeh_wsgi.exc import Conflict, NotFound, StoreError
from bokeh_wsgi.store import KEPT_KEYS, SequenceTaken, Store, StoreLimit

from .accounts import AccountsConformance
from .store_machine import StoreMachine
from .store_worker import append_next, open_with


def together(threads: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work(0)``, ``work(1)``, … in threads that start together; their results."""
    barrier = threading.Barrier(threads)
    results: list[Any] = [None] * threads

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001
            results[number] = error

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


class StoreConformance(AccountsConformance):
    """Tests that every store has to pass."""

    opener: ClassVar[str] = "bokeh_wsgi.store:open_store"

    @pytest.fixture
    def uri(self) -> str:
        raise NotImplementedError("override this fixture: the uri of an empty store")

    @pytest.fixture
    def reopen(self, uri: str) -> Iterator[Callable[[], Store]]:
        with ExitStack() as stack:

            def reopen() -> Store:
                store = open_with(self.opener, uri)
                stack.callback(store.close)
                return store

            yield reopen

    @pytest.fixture
    def store(self, reopen: Callable[[], Store]) -> Store:
        return reopen()

    @pytest.fixture
    def docid(self, store: Store) -> str:
        return store.create_document("ada", "line")[0].docid

    # Documents

    def test_a_document_is_made_once(self, store: Store) -> None:
        record, created = store.create_document("ada", "line")
        same, again = store.create_document("ada", "line")
        assert (created, again) == (True, False)
        assert same == record
        assert (record.owner, record.title, record.seq, record.bytes) == ("ada", "line", 0, 0)
        assert record.changed == record.created > 1.7e9
        assert store.get_document(record.docid) == record

    def test_no_more_documents_are_made_than_an_owner_may_have(self, store: Store, docid: str) -> None:
        with pytest.raises(StoreLimit) as caught:
            store.create_document("ada", "curve", limit=1)
        assert (caught.value.limit, len(store.list_documents("ada"))) == (1, 1)
        assert store.create_document("ada", "line", limit=1)[0].docid == docid
        assert store.create_document("bob", "curve", limit=1)[1]
        assert store.create_document("ada", "curve", limit=2)[1]

    def test_documents_of_two_owners_may_have_one_title(self, store: Store) -> None:
        assert store.create_document("ada", "line")[0].docid != store.create_document("bob", "line")[0].docid

    @pytest.mark.parametrize(
        "title", ["", " ", "Größe 大きさ 🙂", "a\x00b", "'; DROP TABLE documents; --", "x" * 10_000]
    )
    def test_a_title_may_be_any_text(self, store: Store, title: str) -> None:
        record, _ = store.create_document(title, title)
        assert store.get_document(record.docid) == record
        assert (record.owner, record.title) == (title, title)
        assert store.create_document(title, title) == (record, False)

    def test_docids_fit_into_urls_and_command_lines(self, store: Store) -> None:
        docids = {store.create_document("ada", str(n))[0].docid for n in range(200)}
        assert len(docids) == 200
        for docid in docids:
            assert 12 <= len(docid) <= 64
            assert docid.isascii()
            assert docid.replace("-", "").replace("_", "").isalnum()
            assert docid[0] != "-"

    def test_documents_are_listed_by_their_last_change(self, store: Store) -> None:
        docids = [store.create_document("ada", title)[0].docid for title in "abc"]
        store.create_document("bob", "other")
        assert [record.docid for record in store.list_documents("ada")] == docids[::-1]
        store.append(docids[0], 1, b"x", "")
        assert [record.docid for record in store.list_documents("ada")] == [docids[0], docids[2], docids[1]]
        assert store.list_documents("nobody") == []

    def test_a_document_gets_another_title(self, store: Store, docid: str) -> None:
        store.append(docid, 1, b"x", "k")
        store.rename_document(docid, "curve")
        record, created = store.create_document("ada", "curve")
        assert (record.docid, record.seq, created) == (docid, 1, False)
        assert store.create_document("ada", "line")[1]

    def test_a_title_that_is_taken_is_refused(self, store: Store, docid: str) -> None:
        other, _ = store.create_document("ada", "curve")
        with pytest.raises(Conflict):
            store.rename_document(docid, "curve")
        store.rename_document(docid, "line")
        assert [r.title for r in store.list_documents("ada")].count("curve") == 1
        assert store.get_document(other.docid) == other

    def test_a_deleted_document_is_gone_with_all_it_had(self, store: Store, docid: str) -> None:
        store.append(docid, 1, b"x", "k")
        store.append(docid, 2, b"y", "")
        store.fold(docid, 1, b"s")
        assert store.delete_document(docid)
        assert store.get_document(docid) is None
        assert store.list_documents("ada") == []
        assert (store.changes(docid, 0), store.snapshot(docid), store.history_bytes(docid)) == ([], None, 0)
        assert store.applied(docid, "k") is None
        assert not store.delete_document(docid)

    def test_a_new_document_has_nothing_of_a_deleted_one(self, store: Store, docid: str) -> None:
        store.append(docid, 1, b"x", "k")
        store.delete_document(docid)
        record, created = store.create_document("ada", "line")
        assert created
        assert record.docid != docid
        assert store.changes(record.docid, 0) == []
        assert store.append(record.docid, 1, b"z", "k") == 1
        assert store.changes(record.docid, 0) == [(1, b"z")]

    def test_writing_to_a_document_that_is_not_there_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.append("nothing", 1, b"x", "k")
        with pytest.raises(NotFound):
            store.fold("nothing", 0, b"x")
        with pytest.raises(NotFound):
            store.rename_document("nothing", "x")
        assert store.get_document("nothing") is None

    # History

    def test_changes_come_back_in_order(self, store: Store, docid: str) -> None:
        frames = [bytes([n]) * n for n in range(1, 31)]
        for seq, frame in enumerate(frames, 1):
            assert store.append(docid, seq, frame, f"key {seq}") == seq
        assert store.changes(docid, 0) == list(enumerate(frames, 1))
        assert store.changes(docid, 28) == [(29, frames[28]), (30, frames[29])]
        assert store.changes(docid, -5) == store.changes(docid, 0)
        assert store.changes(docid, 30) == store.changes(docid, 2**70) == []

    def test_a_record_follows_its_history(self, store: Store, docid: str) -> None:
        before = store.get_document(docid)
        store.append(docid, 1, b"four", "")
        store.append(docid, 2, b"seven..", "")
        after = store.get_document(docid)
        assert before is not None
        assert after is not None
        assert (after.seq, after.bytes, store.history_bytes(docid)) == (2, 11, 11)
        assert after.changed > before.changed
        assert after.created == before.created

    @pytest.mark.parametrize("seq", [-1, 0, 1, 2, 4, 2**40])
    def test_only_the_next_seq_is_taken(self, store: Store, docid: str, seq: int) -> None:
        store.append(docid, 1, b"a", "")
        store.append(docid, 2, b"b", "")
        with pytest.raises(SequenceTaken) as taken:
            store.append(docid, seq, b"c", "fresh")
        assert taken.value.current == 2
        assert store.changes(docid, 0) == [(1, b"a"), (2, b"b")]
        assert store.applied(docid, "fresh") is None

    def test_a_key_is_good_for_one_change(self, store: Store, docid: str) -> None:
        assert store.applied(docid, "k") is None
        assert store.append(docid, 1, b"a", "k") == 1
        store.append(docid, 2, b"b", "other")
        for seq in (1, 2, 3, 99):
            assert store.append(docid, seq, b"again", "k") == 1
        assert store.applied(docid, "k") == 1
        assert store.changes(docid, 0) == [(1, b"a"), (2, b"b")]

    def test_nothing_is_added_where_the_owner_has_too_many_bytes(self, store: Store, docid: str) -> None:
        other = store.create_document("ada", "other")[0].docid
        assert store.append(other, 1, b"12345", "", max_owner_bytes=0) == 1
        with pytest.raises(StoreLimit) as caught:
            store.append(docid, 1, b"x", "k", max_owner_bytes=4)
        assert (caught.value.limit, store.changes(docid, 0), store.applied(docid, "k")) == (4, [], None)
        assert store.append(docid, 1, b"x", "k", max_owner_bytes=5) == 1
        assert store.append(docid, 2, b"x", "k", max_owner_bytes=0) == 1
        bobs = store.create_document("bob", "line")[0].docid
        assert store.append(bobs, 1, b"x", "", max_owner_bytes=0) == 1

    def test_keys_belong_to_their_document(self, store: Store, docid: str) -> None:
        other = store.create_document("ada", "other")[0].docid
        store.append(docid, 1, b"a", "k")
        assert store.applied(other, "k") is None
        assert store.append(other, 1, b"b", "k") == 1
        assert store.changes(other, 0) == [(1, b"b")]

    def test_no_key_is_no_promise(self, store: Store, docid: str) -> None:
        assert store.append(docid, 1, b"a", "") == 1
        assert store.append(docid, 2, b"a", "") == 2
        assert store.applied(docid, "") is None

    @pytest.mark.parametrize("size", [0, 1, 255, 100_000, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, 17 << 20])
    def test_a_frame_of_any_size_comes_back_exactly(self, store: Store, docid: str, size: int) -> None:
        frame = (bytes(range(256)) * (size // 256 + 1))[:size]
        store.append(docid, 1, frame, "")
        store.append(docid, 2, b"next", "")
        assert store.changes(docid, 0) == [(1, frame), (2, b"next")]
        store.fold(docid, 1, frame)
        assert store.snapshot(docid) == (1, frame)
        assert store.history_bytes(docid) == 4

    def test_the_host_is_of_the_last_change_that_said_one(self, store: Store, docid: str) -> None:
        def host() -> str:
            record = store.get_document(docid)
            assert record is not None
            assert store.list_documents("ada") == [record]
            return record.host

        assert host() == ""
        store.append(docid, 1, b"a", "k", host="rechner-größe")
        store.append(docid, 2, b"b", "")
        assert host() == "rechner-größe"
        store.fold(docid, 2, b"s")
        store.rename_document(docid, "curve")
        assert host() == "rechner-größe"
        store.append(docid, 3, b"c", "k", host="of a change that was there already")
        with pytest.raises(SequenceTaken):
            store.append(docid, 9, b"c", "", host="of a change that comes too early")
        assert host() == "rechner-größe"
        store.append(docid, 3, b"c", "", host="other")
        assert host() == "other"
        store.append(docid, 4, b"d", "", host="")
        assert host() == ""
        assert store.create_document("ada", "new")[0].host == ""

    # Snapshots

    def test_folding_puts_a_snapshot_in_place_of_the_history(self, store: Store, docid: str) -> None:
        for seq in range(1, 6):
            store.append(docid, seq, b"x" * seq, "")
        assert store.snapshot(docid) is None
        store.fold(docid, 3, b"snapshot")
        assert store.snapshot(docid) == (3, b"snapshot")
        assert store.changes(docid, 0) == [(4, b"xxxx"), (5, b"xxxxx")]
        record = store.get_document(docid)
        assert record is not None
        assert (record.seq, record.bytes, store.history_bytes(docid)) == (5, 17, 9)
        assert store.append(docid, 6, b"y", "") == 6

    def test_folding_never_goes_back(self, store: Store, docid: str) -> None:
        for seq in range(1, 4):
            store.append(docid, seq, b"x", "")
        store.fold(docid, 2, b"two")
        store.fold(docid, 2, b"two again")
        store.fold(docid, 1, b"one")
        assert store.snapshot(docid) == (2, b"two")
        store.fold(docid, 3, b"three")
        assert store.snapshot(docid) == (3, b"three")
        assert store.changes(docid, 0) == []

    def test_what_has_not_happened_cannot_be_folded(self, store: Store, docid: str) -> None:
        store.append(docid, 1, b"x", "")
        with pytest.raises(ValueError, match="2"):
            store.fold(docid, 2, b"future")
        assert store.snapshot(docid) is None
        assert store.changes(docid, 0) == [(1, b"x")]

    def test_folding_is_no_change(self, store: Store, docid: str) -> None:
        store.append(docid, 1, b"x", "")
        before = store.get_document(docid)
        store.fold(docid, 1, b"s")
        after = store.get_document(docid)
        assert before is not None
        assert after is not None
        assert (after.seq, after.changed) == (1, before.changed)

    def test_the_last_keys_outlive_folding(self, store: Store, docid: str) -> None:
        last = KEPT_KEYS + 20
        for seq in range(1, last + 1):
            store.append(docid, seq, b"x", f"k{seq}")
        store.fold(docid, last, b"s")
        for seq in range(last - KEPT_KEYS + 1, last + 1):
            assert store.applied(docid, f"k{seq}") == seq
        assert store.append(docid, last + 1, b"again", f"k{last}") == last
        assert store.changes(docid, 0) == []

    # Settings, version, close

    def test_a_setting_is_made_once(self, store: Store) -> None:
        assert store.accounts.setting("secret", lambda: b"\x00first") == b"\x00first"
        assert store.accounts.setting("secret", lambda: pytest.fail("made again")) == b"\x00first"
        assert store.accounts.setting("other", lambda: b"second") == b"second"

    def test_the_version_tells_every_commit(self, store: Store, docid: str) -> None:
        seen = {store.version()}
        for commit in (
            lambda: store.create_document("ada", "new"),
            lambda: store.append(docid, 1, b"x", ""),
            lambda: store.append(docid, 2, b"x", ""),
            lambda: store.fold(docid, 1, b"s"),
            lambda: store.rename_document(docid, "y"),
            lambda: store.accounts.setting("s", lambda: b"v"),
            lambda: store.delete_document(docid),
        ):
            commit()
            version = store.version()
            assert version not in seen
            assert version == store.version()
            seen.add(version)

    def test_reading_is_no_commit(self, store: Store, docid: str) -> None:
        before = store.version()
        store.get_document(docid)
        store.list_documents("ada")
        store.create_document("ada", "line")
        store.changes(docid, 0)
        assert store.version() == before

    def test_viewers_are_those_of_all_processes(self, store: Store, docid: str) -> None:
        assert store.viewers(docid) == 0
        store.set_viewers(docid, "one", 2)
        store.set_viewers(docid, "other", 1)
        assert store.viewers(docid) == 3
        before = store.version()
        store.set_viewers(docid, "one", 1)
        assert store.viewers(docid) == 2
        assert store.version() != before
        store.set_viewers(docid, "one", 0)
        store.set_viewers(docid, "other", 0)
        assert store.viewers(docid) == 0

    def test_viewers_go_with_their_document(self, store: Store, docid: str) -> None:
        store.set_viewers(docid, "one", 2)
        store.delete_document(docid)
        assert store.viewers(docid) == 0
        with pytest.raises(NotFound):
            store.set_viewers(docid, "one", 2)

    def test_a_closed_store_says_so(self, store: Store, docid: str) -> None:
        store.close()
        store.close()
        for use in (
            lambda: store.get_document(docid),
            lambda: store.append(docid, 1, b"x", ""),
            store.version,
        ):
            with pytest.raises(StoreError, match="closed"):
                use()

    # Many at once

    def test_threads_that_append_get_each_seq_once(self, store: Store, docid: str) -> None:
        def work(number: int) -> list[tuple[int, bytes]]:
            labels = [f"{number}:{n}".encode() for n in range(25)]
            return [(append_next(store, docid, label), label) for label in labels]

        acknowledged = sorted(chain.from_iterable(together(6, work)))
        assert [seq for seq, _ in acknowledged] == list(range(1, 151))
        assert store.changes(docid, 0) == acknowledged

    def test_threads_that_retry_with_one_key_make_one_change(self, store: Store, docid: str) -> None:
        assert set(together(8, lambda _: append_next(store, docid, b"x", "same key"))) == {1}
        assert store.changes(docid, 0) == [(1, b"x")]

    def test_threads_that_create_get_one_document(self, store: Store) -> None:
        results = together(8, lambda _: store.create_document("ada", "race"))
        assert len({record.docid for record, _ in results}) == 1
        assert sum(created for _, created in results) == 1

    def test_threads_that_ask_for_a_setting_get_one_value(self, store: Store) -> None:
        assert len(set(together(8, lambda n: store.accounts.setting("s", lambda: bytes([n]))))) == 1

    def test_readers_see_whole_changes_while_others_write(self, store: Store, docid: str) -> None:
        writing = threading.Event()
        writing.set()

        def write() -> None:
            try:
                for seq in range(1, 61):
                    store.append(docid, seq, bytes([seq]) * 5000, "")
                    if seq % 20 == 0:
                        store.fold(docid, seq - 5, bytes([seq - 5]) * 7000)
            finally:
                writing.clear()

        def read() -> None:
            while writing.is_set():
                for seq, frame in store.changes(docid, 0):
                    assert frame == bytes([seq]) * 5000
                snapshot = store.snapshot(docid)
                assert snapshot is None or snapshot[1] == bytes([snapshot[0]]) * 7000

        together(4, lambda number: read() if number else write())

    def test_a_fork_leaves_the_store_usable_on_both_sides(self, uri: str) -> None:
        assert len(self._run_fork(uri)) == 5

    def _run_fork(self, uri: str) -> list[tuple[int, str]]:
        script = (
            "import sys; from bokeh_wsgi.testing import store_worker as w; s = w.open_with(*sys.argv[1:]);"
            "d = [s.create_document('ada', t)[0].docid for t in ('forked', 'busy')];"
            "w.COMMANDS['fork'](s, *d, 4)"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, self.opener, uri],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [(int(seq), label) for seq, label in map(str.split, done.stdout.splitlines())]

    def test_it_does_what_a_dict_does(self, store: Store) -> None:
        machine: Any = partial(StoreMachine, store)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=40,
                stateful_step_count=25,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
