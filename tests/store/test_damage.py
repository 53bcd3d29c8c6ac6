"""Damage in an SQLite file: found when a frame is read, and told with the document's name."""

import sqlite3
from pathlib import Path

import pytest

from bokeh_wsgi.exc import StoreDamaged
from bokeh_wsgi.store import SQLiteStore
from bokeh_wsgi.store.parts import PART_BYTES
from bokeh_wsgi.store.sqlite.schema import APPLICATION_ID, MIGRATIONS

FRAME = b"The frame of a change, long enough to be found in the file." * 4
LARGE = bytes(range(256)) * (PART_BYTES // 256) + b"the second part"


@pytest.fixture
def docid(store: SQLiteStore) -> str:
    """Of a document with a snapshot at 1, and two changes after it."""
    docid = store.create_document("ada", "x")[0].docid
    store.append(docid, 1, b"first", "")
    store.fold(docid, 1, b"snapshot" + FRAME)
    store.append(docid, 2, FRAME, "")
    store.append(docid, 3, LARGE, "")
    return docid


def execute(path: Path, statement: str, *values: object) -> int:
    connection = sqlite3.connect(path)
    changed = connection.execute(statement, values).rowcount
    connection.commit()
    connection.close()
    return changed


def test_frames_that_are_whole_come_back(store: SQLiteStore, docid: str) -> None:
    assert store.snapshot(docid) == (1, b"snapshot" + FRAME)
    assert store.changes(docid, 1) == [(2, FRAME), (3, LARGE)]


@pytest.mark.parametrize("bit", range(0, 8 * len(FRAME), 97))
def test_each_bit_of_a_frame_counts(store: SQLiteStore, docid: str, path: Path, bit: int) -> None:
    damaged = bytearray(FRAME)
    damaged[bit // 8] ^= 1 << bit % 8
    assert execute(path, "UPDATE history SET frame = ? WHERE seq = 2", bytes(damaged)) == 1
    with pytest.raises(StoreDamaged, match=f"Change 2 of the document {docid!r} is damaged") as caught:
        store.changes(docid, 1)
    assert (caught.value.status, caught.value.document) == (500, docid)
    assert caught.value.data == {"docid": docid}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET frame = zeroblob(length(frame)) WHERE seq = 3 AND part = 0",
        "UPDATE history SET frame = substr(frame, 2) WHERE seq = 3 AND part = 1",
        "UPDATE history SET frame = 'text' WHERE seq = 3 AND part = 1",
        "UPDATE history SET frame = 1 WHERE seq = 3 AND part = 0",
        "UPDATE history SET checksum = checksum + 1 WHERE seq = 3 AND part = 0",
        "UPDATE history SET checksum = 'text' WHERE seq = 3 AND part = 0",
        "UPDATE history SET part = 2 WHERE seq = 3 AND part = 1",
        "UPDATE history SET seq = 4 WHERE seq = 3",
        "DELETE FROM history WHERE seq = 3 AND part = 0",
        "DELETE FROM history WHERE seq = 3 AND part = 1",
        "UPDATE snapshots SET frame = frame || x'00'",
        "UPDATE documents SET snapshot_seq = 2",
    ],
)
def test_what_is_not_as_it_was_put_in_is_damage(
    store: SQLiteStore, docid: str, path: Path, statement: str
) -> None:
    assert execute(path, statement) == 1 + (statement == "UPDATE history SET seq = 4 WHERE seq = 3")
    with pytest.raises(StoreDamaged, match=docid):
        assert (store.changes(docid, 1), store.snapshot(docid)) is None


def test_another_document_s_frame_is_damage(store: SQLiteStore, docid: str, path: Path) -> None:
    other = store.create_document("ada", "y")[0].docid
    store.append(other, 1, FRAME, "")
    store.append(other, 2, FRAME, "")
    assert store.changes(other, 1) == [(2, FRAME)]
    execute(path, "DELETE FROM history WHERE seq = 2 AND document = 1")
    execute(path, "UPDATE history SET document = 1 WHERE seq = 2")
    with pytest.raises(StoreDamaged, match=docid):
        store.changes(docid, 1)


def test_bytes_that_change_on_the_disk_are_found(path: Path) -> None:
    store = SQLiteStore(path)
    docid = store.create_document("ada", "x")[0].docid
    store.append(docid, 1, FRAME, "")
    store.close()
    content = path.read_bytes()
    assert content.count(FRAME) == 1
    path.write_bytes(content.replace(FRAME, FRAME.swapcase()))
    store = SQLiteStore(path)
    with pytest.raises(StoreDamaged, match=docid):
        store.changes(docid, 0)
    store.close()


def test_a_file_of_former_times_has_no_checksums_until_it_is_folded(path: Path) -> None:
    connection = sqlite3.connect(path)
    for schema in MIGRATIONS[:4]:
        for statement in schema.split(";"):
            connection.execute(statement)
    connection.execute(
        "INSERT INTO documents (docid, owner, title, created, changed, seq) VALUES ('d', 'o', 't', 1, 2, 1)"
    )
    connection.execute("INSERT INTO history (document, seq, part, frame) VALUES (1, 1, 0, ?)", (FRAME,))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 4")
    connection.commit()
    connection.close()
    store = SQLiteStore(path)
    assert store.changes("d", 0) == [(1, FRAME)]
    execute(path, "UPDATE history SET frame = x'00'")
    assert store.changes("d", 0) == [(1, b"\0")]
    store.fold("d", 1, FRAME)
    assert store.snapshot("d") == (1, FRAME)
    execute(path, "UPDATE snapshots SET frame = x'00'")
    with pytest.raises(StoreDamaged):
        store.snapshot("d")
    store.close()


def test_a_file_that_was_cut_is_damage(store: SQLiteStore, docid: str, path: Path) -> None:
    execute(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size // 2)
    with pytest.raises(StoreDamaged, match="damaged"):
        store.changes(docid, 1)
