"""A pool of connections to one set of SQLite files."""

import sqlite3
import threading
from collections import deque
from contextlib import suppress

from .files import Files, Marks


class Pool:
    """Connections to the files that existed when the first connection, the ``watcher``, was opened.

    The watcher stays open, since SQLite deletes the log with the last connection of all processes. ``left``:
    the files are no longer in use.
    """

    def __init__(self, number: int, watcher: sqlite3.Connection, files: Files) -> None:
        self.number = number
        self.idle: deque[sqlite3.Connection] = deque()
        self.left = False
        self._watching = threading.Lock()
        self._watcher = watcher
        self.data_version()  # opens the log
        self.marks = files.marks()

    def data_version(self) -> int:
        with self._watching:
            (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
        return int(version)

    def save_log(self, now: Marks) -> bool:
        """Copy the log into the database (checkpoint); False if the database is busy."""
        # Truncate a deleted log: other processes that still have it then have nothing to save. A log that has
        # only lost its index is also the log of the next pool, so keep it.
        mode = "FULL" if now.log == self.marks.log else "TRUNCATE"
        with self._watching:
            (busy, *_) = self._watcher.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy

    def close(self) -> None:
        with suppress(IndexError):  # other threads may take connections meanwhile
            while True:
                self.idle.pop().close()
        with self._watching:
            self._watcher.close()
