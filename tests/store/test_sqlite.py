"""The store in an SQLite file, beyond what every store does."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bokeh_wsgi.exc import StoreError
from bokeh_wsgi.store import KEPT_KEYS, DocumentRecord, SQLiteStore, open_store
from bokeh_wsgi.store.sqlite.errors import explain
from bokeh_wsgi.store.sqlite.schema import APPLICATION_ID, MIGRATIONS
from bokeh_wsgi.testing.shared_store import SharedStoreConformance


class TestSQLiteStore(SharedStoreConformance):
    @pytest.fixture
    def uri(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/store.db"


def _pragma(path: Path, name: str) -> object:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]
    finally:
        connection.close()


def _fill(store: SQLiteStore, title: str, mib: int) -> str:
    docid = store.create_document("ada", title)[0].docid
    for seq in range(1, mib + 1):
        store.append(docid, seq, os.urandom(1 << 20), f"k{seq}")
    return docid


@pytest.mark.parametrize(
    ("uri", "relative"),
    [
        ("sqlite:///store.db", "store.db"),
        ("sqlite:///a/b/store.db", "a/b/store.db"),
        ("sqlite:///with%20space%3F.db?synchronous=normal", "with space?.db"),
    ],
)
def test_a_relative_uri_is_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, relative: str
) -> None:
    monkeypatch.chdir(tmp_path)
    open_store(uri).close()
    assert (tmp_path / relative).is_file()


def test_four_slashes_begin_an_absolute_path_and_a_tilde_is_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store(f"sqlite:///{tmp_path}/one.db").close()
    open_store("sqlite:///~/two.db").close()
    assert {entry.name for entry in tmp_path.iterdir()} == {"one.db", "two.db"}


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("", "sqlite:///"),
        ("postgres://x", "memory: or sqlite:///"),
        ("redis://localhost", "memory: or sqlite:///"),
        ("memory:x", "memory:"),
        ("sqlite:", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://store.db", "names no file"),
        ("sqlite:///x.db?synchronous=off", "full or normal"),
        ("sqlite:///x.db?mode=ro", "no option mode"),
    ],
)
def test_a_uri_that_names_no_store_is_told_what_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=says) as caught:
        open_store(uri)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_files_are_for_nobody_else_to_read(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "store.db"
    store = SQLiteStore(path)
    store.create_document("ada", "x")
    assert [entry.name for entry in sorted(path.parent.iterdir())] == [
        "store.db",
        "store.db-shm",
        "store.db-wal",
    ]
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()


def test_a_path_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "store.db", tmp_path):
        with pytest.raises(StoreError, match=r"cannot be written .*: check"):
            SQLiteStore(path)


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_text("important notes " * 1000)
    with pytest.raises(StoreError, match="not an SQLite database: choose"):
        SQLiteStore(path)
    assert path.read_text() == "important notes " * 1000


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program: choose"):
        SQLiteStore(path)
    assert path.read_bytes() == before


def test_a_store_of_a_later_version_is_left_alone(path: Path) -> None:
    SQLiteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"later bokeh_wsgi .*: upgrade"):
        SQLiteStore(path)


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_file_of_a_former_version_gets_what_it_lacks(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    for schema in MIGRATIONS[:version]:
        for statement in schema.split(";"):
            connection.execute(statement)
    connection.execute(
        "INSERT INTO documents (docid, owner, title, created, changed) VALUES ('d', 'o', 't', 1, 2)"
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()
    for _ in range(2):
        store = SQLiteStore(path)
        assert store.get_document("d") == DocumentRecord("d", "o", "t", 1, 2, 0, 0, host="")
        store.accounts.create_user("ada", "")
        assert store.accounts.count_users() == 1
        store.close()
    store = SQLiteStore(path)
    store.append("d", 1, b"x", "", host="one")
    record = store.get_document("d")
    assert record is not None
    assert record.host == "one"
    store.close()


def test_a_damaged_file_is_a_clear_error(path: Path) -> None:
    store = SQLiteStore(path)
    _fill(store, "x", 1)
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged: put a backup"):
        SQLiteStore(path).list_documents("ada")


def test_a_full_disk_is_a_clear_error(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA max_page_count = 4")
    with pytest.raises(sqlite3.Error) as caught:
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()
    assert "no space left on its disk: make some" in str(explain(caught.value, path))


def test_a_failed_append_leaves_nothing_and_the_store_usable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SQLiteStore(path)
    docid = store.create_document("ada", "x")[0].docid
    with pytest.raises(TypeError):
        store.append(docid, 1, None, "k")  # type: ignore[arg-type]
    with pytest.raises(UnicodeEncodeError):
        store.append(docid, 1, b"x", "\ud800")
    assert store.changes(docid, 0) == []
    assert store.append(docid, 1, b"x", "k") == 1
    store.close()


def test_another_writer_who_does_not_end_is_a_clear_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_wsgi.store.sqlite.connections.BUSY_TIMEOUT_S", 0.05)
    store = SQLiteStore(path)
    docid = store.create_document("ada", "x")[0].docid
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process for too long"):
        store.append(docid, 1, b"x", "")
    assert store.changes(docid, 0) == []
    other.execute("ROLLBACK")
    other.close()
    assert store.append(docid, 1, b"x", "") == 1
    store.close()


def test_writers_do_not_all_wait_in_turn_for_one_that_does_not_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_wsgi.store.sqlite.connections.BUSY_TIMEOUT_S", 0.05)
    store = SQLiteStore(path)
    docid = store.create_document("ada", "x")[0].docid
    with store._connections.writing(), pytest.raises(StoreError, match="another process for too long"):
        store.append(docid, 1, b"x", "")
    assert store.append(docid, 1, b"x", "") == 1
    store.close()


def test_commits_are_synced_unless_asked_otherwise(path: Path) -> None:
    for synchronous, number in (("full", 2), ("normal", 1)):
        store = SQLiteStore(path, synchronous=synchronous)
        with store._connections.reading() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (number,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        store.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Space is given back to the end, however busy this machine is."""
    monkeypatch.setattr("bokeh_wsgi.store.sqlite.store.GIVE_BACK_S", 300.0)


@pytest.mark.usefixtures("patient")
def test_a_deleted_document_leaves_the_disk(path: Path) -> None:
    store = SQLiteStore(path)
    docid = store.create_document("ada", "secret")[0].docid
    marks = [f"mark {seq} ".encode() * 100_000 for seq in range(1, 31)]
    for seq, mark in enumerate(marks, 1):
        store.append(docid, seq, mark, "")
    assert _pragma(path, "auto_vacuum") == 2
    full = path.stat().st_size
    store.delete_document(docid)
    assert path.stat().st_size < full / 2
    assert path.with_name("store.db-wal").stat().st_size == 0
    store.close()


@pytest.mark.usefixtures("patient")
def test_space_that_folding_frees_is_given_back_or_used_again(path: Path) -> None:
    store = SQLiteStore(path)
    docid = _fill(store, "x", 40)
    store.fold(docid, 40, b"small")
    store.close()
    assert path.stat().st_size < 20 << 20


def test_keys_older_than_the_kept_ones_are_forgotten_with_their_changes(path: Path) -> None:
    store = SQLiteStore(path, synchronous="normal")
    docid = store.create_document("ada", "x")[0].docid
    last = KEPT_KEYS + 10
    for seq in range(1, last + 1):
        store.append(docid, seq, b"x", f"k{seq}")
    store.fold(docid, 5, b"s")
    assert store.applied(docid, "k5") is None
    assert store.applied(docid, "k6") == 6
    store.fold(docid, last, b"s")
    assert store.applied(docid, "k10") is None
    assert store.applied(docid, "k11") == 11
    store.close()


def test_idle_connections_stay_few_however_many_threads_there_were(path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    store = SQLiteStore(path)
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda n: store.create_document("ada", str(n)), range(200)))
    assert len(store.list_documents("ada")) == 200
    open_now = store._connections._process.now.pool
    assert open_now is not None
    assert len(open_now.idle) <= 8
    store.close()


GEVENT = """
from gevent import monkey; monkey.patch_all()
import sys, gevent
from bokeh_wsgi.store import open_store
from bokeh_wsgi.testing.store_worker import append_next
store = open_store(sys.argv[1])
docid = store.create_document("ada", "x")[0].docid
jobs = [gevent.spawn(append_next, store, docid, str(n).encode()) for n in range(200)]
gevent.joinall(jobs, raise_error=True)
assert sorted(job.value for job in jobs) == list(range(1, 201))
assert [seq for seq, _ in store.changes(docid, 0)] == list(range(1, 201))
assert len(store._connections._process.now.pool.idle) <= 8
store.close()
"""


def test_it_works_under_gevent(path: Path) -> None:
    subprocess.run([sys.executable, "-c", GEVENT, f"sqlite:///{path}"], check=True, timeout=60)
