"""The files of an SQLite store on disk: detects that they were deleted or replaced."""

import errno
import os
from pathlib import Path
from typing import NamedTuple

from bokeh_wsgi.exc import StoreError

Mark = tuple[int, int]
"""The identity of a file: device and inode."""


class Marks(NamedTuple):
    """The identities of the files; None for a missing file, and for an empty database."""

    database: Mark | None
    log: Mark | None
    log_index: Mark | None


class Files:
    """The database at a path, its write-ahead log and the log's index.

    SQLite does not notice that files were deleted or replaced, and continues to write to the old ones.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Absolute, since the working directory may change. SQLite puts the log beside the target of a link.
        self._database = os.path.abspath(path)
        real = os.path.realpath(path)
        self._log, self._index = f"{real}-wal", f"{real}-shm"

    @property
    def uri(self) -> str:
        """URI for `sqlite3.connect`, which does not create the database."""
        return f"{Path(self._database).as_uri()}?mode=rw"

    def marks(self) -> Marks:
        """The current files; raises StoreError if they cannot be accessed."""
        database = self._stat(self._database)
        if database is not None and not database.st_size:
            database = None
        return Marks(_mark(database), _mark(self._stat(self._log)), _mark(self._stat(self._index)))

    def log_has_begun(self) -> bool:
        """Whether the current log is not empty."""
        log = self._stat(self._log)
        return log is not None and log.st_size > 0

    def gone(self) -> StoreError:
        """The error if the database is not the one that was opened."""
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
    """Create the file and its folder, readable only for this user; SQLite's other files get the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.is_file():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # Do not open an existing file: closing it would release this process's locks on it.
        elif not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be written ({error.strerror}): check the permissions, "
            "or choose another place for it."
        ) from error
