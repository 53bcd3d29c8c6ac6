"""The conformance suite of stores that several processes share; see `bokeh_wsgi.testing.store`."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from bokeh_wsgi.store import SequenceTaken, Store

from .store import StoreConformance


class SharedStoreConformance(StoreConformance):
    """Tests of a store that processes share and that is persistent, besides those of `StoreConformance`."""

    @contextmanager
    def worker(self, uri: str, *command: object) -> Iterator[subprocess.Popen[str]]:
        """Start a process that opens the store, and waits for a line on stdin before it runs the command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bokeh_wsgi.testing.store_worker", self.opener, uri, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
            process.communicate()

    def race(self, uri: str, *commands: tuple[object, ...]) -> list[list[list[str]]]:
        """Run each command in a process, all at the same time; their output, as lines of words."""
        with ExitStack() as stack:
            processes = [stack.enter_context(self.worker(uri, *command)) for command in commands]
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            outputs = [process.communicate(timeout=120)[0] for process in processes]
            assert [process.returncode for process in processes] == [0] * len(processes)
        return [[line.split() for line in output.splitlines()] for output in outputs]

    def test_everything_is_there_after_opening_again(
        self, store: Store, docid: str, reopen: Callable[[], Store]
    ) -> None:
        store.append(docid, 1, b"a", "k1")
        store.append(docid, 2, b"b", "k2", host="one")
        store.fold(docid, 1, b"s")
        secret = store.accounts.setting("secret", lambda: b"value")
        record = store.get_document(docid)
        assert record is not None
        assert record.host == "one"
        store.close()
        again = reopen()
        assert again.get_document(docid) == record
        assert again.list_documents("ada") == [record]
        assert again.changes(docid, 0) == [(2, b"b")]
        assert again.snapshot(docid) == (1, b"s")
        assert (again.applied(docid, "k1"), again.applied(docid, "k2")) == (1, 2)
        assert again.accounts.setting("secret", lambda: b"another") == secret
        assert again.append(docid, 3, b"c", "") == 3

    def test_two_handles_are_one_store(self, store: Store, docid: str, reopen: Callable[[], Store]) -> None:
        other = reopen()
        before = other.version()
        assert store.append(docid, 1, b"a", "k") == 1
        assert other.version() != before
        assert other.changes(docid, 0) == [(1, b"a")]
        with pytest.raises(SequenceTaken):
            other.append(docid, 1, b"b", "")
        assert other.append(docid, 1, b"b", "k") == 1

    def test_processes_that_append_get_each_seq_once(self, uri: str, store: Store, docid: str) -> None:
        lines = self.race(uri, *(("append", docid, name, 60) for name in "ab"))
        acknowledged = sorted((int(seq), label.encode()) for output in lines for seq, label in output)
        assert [seq for seq, _ in acknowledged] == list(range(1, 121))
        assert store.changes(docid, 0) == acknowledged

    def test_the_host_is_that_of_the_last_change_of_all_processes(
        self, uri: str, store: Store, docid: str
    ) -> None:
        lines = self.race(uri, *(("host", docid, name, 20) for name in "ab"))
        last = max((int(seq), host) for output in lines for seq, host in output)
        record = store.get_document(docid)
        assert record is not None
        assert (record.seq, record.host) == last

    def test_processes_that_create_get_one_document(self, uri: str, store: Store) -> None:
        lines = self.race(uri, *[("create", "ada", "race")] * 3)
        (docid,) = {docid for output in lines for docid, _ in output}
        assert [created for output in lines for _, created in output].count("True") == 1
        assert [record.docid for record in store.list_documents("ada")] == [docid]

    def test_processes_together_keep_no_more_than_there_may_be(
        self, uri: str, store: Store, docid: str
    ) -> None:
        store.accounts.create_user("ada", "")
        commands = [("limits", docid, name, 8) for name in "abc"]
        lines = self.race(uri, *commands)
        done = Counter(what for output in lines for (what,) in output)
        assert done == {"document": 4, "user": 4, "key": 5, "change": 6}
        assert len(store.list_documents("ada")) == store.accounts.count_users() == 5
        assert len(store.accounts.list_credentials("ada")) == 5
        assert store.usage("ada")[1] == 6

    def test_processes_that_open_a_new_store_make_it_once(self, uri: str) -> None:
        lines = self.race(uri, *[("setting", "secret")] * 4)
        assert len({value for output in lines for (value,) in output}) == 1

    def test_a_commit_of_another_process_changes_the_version(
        self, uri: str, store: Store, docid: str
    ) -> None:
        before = store.version()
        with self.worker(uri, "append", docid, "x", 3):
            assert store.version() == before
        self.race(uri, ("append", docid, "y", 3))
        assert store.version() != before

    def test_what_was_acknowledged_outlives_kill_9(
        self, uri: str, store: Store, docid: str, reopen: Callable[[], Store]
    ) -> None:
        acknowledged: dict[int, bytes] = {}
        for round_ in range(3):
            with self.worker(uri, "host", docid, round_, 1_000_000) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write("\n")
                process.stdin.flush()
                lines = [process.stdout.readline() for _ in range(40)]
                process.kill()
                lines += process.stdout.read().splitlines(keepends=True)
            for line in lines:
                if line.endswith("\n"):
                    seq, label = line.split()
                    acknowledged[int(seq)] = label.encode()
        again = reopen()
        kept = dict(again.changes(docid, 0))
        assert {seq: kept[seq] for seq in acknowledged} == acknowledged
        record = again.get_document(docid)
        assert record is not None
        assert record.host == kept[record.seq].decode()
        assert list(kept) == list(range(1, len(kept) + 1))
        assert store.append(docid, len(kept) + 1, b"on it goes", "") == len(kept) + 1

    def test_both_sides_of_a_fork_see_each_other(self, uri: str, reopen: Callable[[], Store]) -> None:
        printed = sorted(self._run_fork(uri))
        store = reopen()
        docid = store.create_document("ada", "forked")[0].docid
        assert [(seq, frame.decode()) for seq, frame in store.changes(docid, 0)] == printed
        assert [seq for seq, _ in printed] == [1, 2, 3, 4, 5]
