"""The files of an SQLite store on disk: told when they are no longer the ones that were opened."""

import errno
import os
from pathlib import Path
from typing import NamedTuple

from bokeh_wsgi.exc import StoreError

Mark = tuple[int, int]
"""Which file it is, whatever it is called: device and inode."""


class Marks(NamedTuple):
    """Which files there are: None for one that is not there, and for a database of no bytes."""

    database: Mark | None
    log: Mark | None
    log_index: Mark | None


class Files:
    """The database at a path, its write-ahead log, and the index of that.

    SQLite goes on writing into files that were deleted, and into one that another has replaced, as if nothing
    had happened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # A program may change its folder. SQLite puts the log beside what a link leads to.
        self._database = os.path.abspath(path)
        real = os.path.realpath(path)
        self._log, self._index = f"{real}-wal", f"{real}-shm"

    @property
    def uri(self) -> str:
        """For `sqlite3.connect`: the database, which is not made if it is not there."""
        return f"{Path(self._database).as_uri()}?mode=rw"

    def marks(self) -> Marks:
        """Which files are there now; raises StoreError if that cannot be seen."""
        database = self._stat(self._database)
        if database is not None and not database.st_size:
            database = None
        return Marks(_mark(database), _mark(self._stat(self._log)), _mark(self._stat(self._index)))

    def log_has_begun(self) -> bool:
        """Whether there is something in the log that is there now."""
        log = self._stat(self._log)
        return log is not None and log.st_size > 0

    def gone(self) -> StoreError:
        """What to say where the database is not the one that was opened."""
        found = self._stat(self._database)
        if found is None:
            what, advice = "deleted or moved away", "put it back, or restart the server to begin a new one"
        elif not found.st_size:
            what, advice = "emptied", "put a backup in its place, and restart the server"
        else:
            what, advice = "replaced by another file", "restart the server to use that one"
        return StoreError(f"The store {self.path} was {what} under the server: {advice}.")

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            return os.stat(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"The store {self.path} cannot be reached ({error.strerror}): check its disk, and the "
                "permissions of its folders."
            ) from error


def _mark(found: os.stat_result | None) -> Mark | None:
    return None if found is None else (found.st_dev, found.st_ino)


def create_file(path: Path) -> None:
    """Make the file and its folder, for nobody else to read; SQLite gives its other files the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.is_file():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # What is there is not opened: to close it would end this process's locks on it.
        elif not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be written ({error.strerror}): check the permissions, "
            "or choose another place for it."
        ) from error
