"""Open connections to the files of an SQLite store that were there at one time."""

import sqlite3
import threading
from collections import deque
from contextlib import suppress

from .files import Files, Marks


class Pool:
    """Connections to the files that there were when the first of them, the ``watcher``, was opened.

    That one stays open: with the last connection of all processes SQLite deletes the log, which nobody else
    may. ``left``: these files are not used any more.
    """

    def __init__(self, number: int, watcher: sqlite3.Connection, files: Files) -> None:
        self.number = number
        self.idle: deque[sqlite3.Connection] = deque()
        self.left = False
        self._watching = threading.Lock()
        self._watcher = watcher
        self.data_version()  # which opens the log
        self.marks = files.marks()

    def data_version(self) -> int:
        with self._watching:
            (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
        return int(version)

    def save_log(self, now: Marks) -> bool:
        """Bring what is in the log into the database; False if that is in use just now."""
        # A log that was deleted is emptied besides: others that still have it then have nothing to save. One
        # that has only lost its index is the log of the next pool as well.
        mode = "FULL" if now.log == self.marks.log else "TRUNCATE"
        with self._watching:
            (busy, *_) = self._watcher.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy

    def close(self) -> None:
        with suppress(IndexError):  # others may be taking from there
            while True:
                self.idle.pop().close()
        with self._watching:
            self._watcher.close()
