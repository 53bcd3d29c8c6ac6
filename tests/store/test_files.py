"""The files of an SQLite store under a server: deleted, replaced, emptied, on a full or read-only disk.

What is acknowledged is in the file that the next server opens; all else is a StoreError that says why.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bokeh_wsgi.exc import StoreError, StoreFull
from bokeh_wsgi.store import SQLiteStore
from tests.disks import fill, small_disk


@pytest.fixture
def docid(store: SQLiteStore) -> str:
    """Of a document with one change."""
    docid = store.create_document("ada", "x")[0].docid
    store.append(docid, 1, b"first", "k1")
    return docid


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def index_of(path: Path) -> Path:
    return path.with_name(path.name + "-shm")


def frames(path: Path, docid: str) -> list[bytes]:
    """What another server finds in the file."""
    store = SQLiteStore(path)
    found = [frame for _, frame in store.changes(docid, 0)]
    store.close()
    return found


def frames_after_a_crash(path: Path, docid: str) -> list[bytes]:
    """What would be found if this machine stopped now."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    shutil.copy(log_of(path), log_of(copy))
    return frames(copy, docid)


def delete(path: Path) -> None:
    path.unlink()


def delete_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def move_away(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def replace(path: Path) -> None:
    """By another store, as for a backup."""
    SQLiteStore(path.with_name("other")).close()
    path.with_name("other").replace(path)


def empty(path: Path) -> None:
    os.truncate(path, 0)


TROUBLES = [
    (delete, "deleted or moved away under the server: put it back, or restart"),
    (delete_all, "deleted or moved away under the server: put it back, or restart"),
    (move_away, "deleted or moved away under the server: put it back, or restart"),
    (replace, "replaced by another file under the server: restart"),
    (empty, "emptied under the server: put a backup in its place"),
]


@pytest.mark.parametrize(("trouble", "says"), TROUBLES, ids=[trouble.__name__ for trouble, _ in TROUBLES])
def test_nothing_is_kept_in_a_file_that_is_not_the_store_s_any_more(
    store: SQLiteStore, docid: str, path: Path, trouble: Callable[[Path], None], says: str
) -> None:
    trouble(path)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    for use in (
        lambda: store.append(docid, 2, b"second", "k2"),
        lambda: store.create_document("ada", "y"),
        lambda: store.changes(docid, 0),
        lambda: store.get_document(docid),
        store.version,
    ):
        with pytest.raises(StoreError, match=says) as caught:
            use()
        assert (caught.value.status, caught.value.code) == (503, "store")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_file_that_comes_back_is_used_again(store: SQLiteStore, docid: str, path: Path) -> None:
    move_away(path)
    with pytest.raises(StoreError):
        store.append(docid, 2, b"second", "k2")
    path.with_name("elsewhere").rename(path)
    assert store.append(docid, 2, b"second", "k2") == 2
    assert frames(path, docid) == [b"first", b"second"]


def test_a_copy_that_comes_back_asks_for_a_restart(store: SQLiteStore, docid: str, path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    delete_all(path)
    path.with_name("copy").rename(path)
    with pytest.raises(StoreError, match="restart the server to use that one"):
        store.append(docid, 2, b"second", "k2")


def test_a_file_deleted_while_a_change_is_written_has_not_kept_it(
    store: SQLiteStore, docid: str, path: Path
) -> None:
    def write() -> None:
        with store._connections.writing() as connection:
            connection.execute("UPDATE documents SET title = 'z'")
            delete_all(path)

    with pytest.raises(StoreError, match="deleted or moved away"):
        write()


def test_a_link_that_leads_elsewhere_now_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    path = tmp_path / "link.db"
    path.symlink_to(tmp_path / "there" / "store.db")
    store = SQLiteStore(path)
    docid = store.create_document("ada", "x")[0].docid
    SQLiteStore(tmp_path / "other.db").close()
    path.unlink()
    path.symlink_to(tmp_path / "other.db")
    with pytest.raises(StoreError, match="replaced by another file"):
        store.append(docid, 1, b"x", "")
    store.close()


def test_a_folder_that_cannot_be_reached_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "store.db"
    store = SQLiteStore(path)
    path.parent.rename(tmp_path / "moved")
    path.parent.touch()
    with pytest.raises(StoreError, match=r"cannot be reached \(Not a directory\): check its disk"):
        store.get_document("x")
    path.parent.unlink()
    (tmp_path / "moved").rename(path.parent)
    assert store.get_document("x") is None
    store.close()


def test_a_server_that_changes_its_folder_goes_on_with_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore("store.db")
    monkeypatch.chdir(tmp_path / "elsewhere")
    docid = store.create_document("ada", "x")[0].docid
    store.append(docid, 1, b"first", "")
    assert frames(tmp_path / "store.db", docid) == [b"first"]
    assert list((tmp_path / "elsewhere").iterdir()) == []
    store.close()


def delete_log(path: Path) -> None:
    log_of(path).unlink()


def delete_index(path: Path) -> None:
    index_of(path).unlink()


def delete_both(path: Path) -> None:
    log_of(path).unlink()
    index_of(path).unlink()


@pytest.mark.parametrize("trouble", [delete_log, delete_index, delete_both])
def test_what_is_in_a_log_that_was_deleted_is_not_lost(
    store: SQLiteStore,
    docid: str,
    path: Path,
    trouble: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    trouble(path)
    assert store.append(docid, 2, b"second", "k2") == 2
    assert "log of the store" in caplog.text
    assert [frame for _, frame in store.changes(docid, 0)] == [b"first", b"second"]
    assert frames_after_a_crash(path, docid) == [b"first", b"second"]


@pytest.mark.parametrize("trouble", [delete_log, delete_index, delete_both])
def test_servers_that_share_a_file_whose_log_is_deleted_lose_nothing(
    store: SQLiteStore, docid: str, path: Path, trouble: Callable[[Path], None]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path), docid],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None

        def ask(seq: int) -> None:
            """Have the other server add a change, once those before it are seen there."""
            print(seq, file=other.stdin, flush=True)
            assert other.stdout is not None
            assert other.stdout.readline().strip() == str(seq)

        ask(2)
        trouble(path)
        assert store.append(docid, 3, b"3", "") == 3
        assert store.append(docid, 4, b"4", "") == 4
        ask(5)
        ask(6)
        assert store.append(docid, 7, b"7", "") == 7
        trouble(path)
        ask(8)
        assert store.append(docid, 9, b"9", "") == 9
        expected = [b"first", *(str(seq).encode() for seq in range(2, 10))]
        assert [frame for _, frame in store.changes(docid, 0)] == expected
        # Neither ends in order: what was acknowledged is on the disk.
        other.send_signal(signal.SIGKILL)
    assert frames_after_a_crash(path, docid) == expected


OTHER = """
import sys
from bokeh_wsgi.store import SQLiteStore
store = SQLiteStore(sys.argv[1])
for line in sys.stdin:
    seq = int(line)
    assert [n for n, _ in store.changes(sys.argv[2], 0)] == list(range(1, seq))
    print(store.append(sys.argv[2], seq, line.strip().encode(), ""), flush=True)
"""


def test_a_second_store_in_one_process_does_not_end_the_first_one_s_locks(
    store: SQLiteStore, docid: str, path: Path
) -> None:
    """Else another process would take itself for the last one, and delete the log."""
    SQLiteStore(path).close()
    program = "import sys; from bokeh_wsgi.store import SQLiteStore; SQLiteStore(sys.argv[1]).close()"
    before = log_of(path).stat().st_ino
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert log_of(path).stat().st_ino == before
    store.append(docid, 2, b"second", "k2")
    assert frames(path, docid) == [b"first", b"second"]


def test_a_full_store_is_told_as_that_and_goes_on_when_there_is_room(
    store: SQLiteStore, docid: str, path: Path
) -> None:
    with store._connections.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(StoreFull, match="no space left on its disk: make some") as caught:
        store.append(docid, 2, b"x" * (1 << 20), "k2")
    assert (caught.value.status, caught.value.code) == (507, "store-full")
    assert [seq for seq, _ in store.changes(docid, 0)] == [1]
    assert store.append(docid, 2, b"second", "k2") == 2


def test_a_full_disk_is_told_as_that_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "store.db"
        store = SQLiteStore(path)
        docid = store.create_document("ada", "x")[0].docid
        store.append(docid, 1, b"first", "")
        fill(disk / "ballast")
        with pytest.raises(StoreFull, match="no space left on its disk"):
            store.append(docid, 2, b"x" * 100_000, "k2")
        assert [seq for seq, _ in store.changes(docid, 0)] == [1]
        with pytest.raises(StoreFull):  # even a store that is opened now: the log's index has no room
            SQLiteStore(disk / "new.db")
        (disk / "ballast").unlink()
        assert store.append(docid, 2, b"x" * 100_000, "k2") == 2
        store.close()
        assert [len(frame) for frame in frames(path, docid)] == [5, 100_000]


def test_a_deletion_that_is_told_to_have_failed_has_failed(
    store: SQLiteStore, docid: str, path: Path
) -> None:
    """Where there was room for it, and none for giving the space back afterwards."""
    for seq in range(2, 32):
        store.append(docid, seq, os.urandom(1 << 20), "")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with store._connections.reading() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for pages in range(1, 1000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (pages * 4120 + 32, hard))
        try:
            assert store.delete_document(docid)
            break
        except StoreError:
            assert store.get_document(docid) is not None
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert store.get_document(docid) is None


def test_a_disk_that_fails_is_told_as_that_and_goes_on_when_it_works(store: SQLiteStore, docid: str) -> None:
    """As where files may not grow any more: for SQLite, that is an input/output error."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(StoreError, match="cannot be read or written: check its disk") as caught:
            store.append(docid, 2, b"x" * (1 << 20), "k2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert caught.value.status == 503
    assert store.append(docid, 2, b"second", "k2") == 2
