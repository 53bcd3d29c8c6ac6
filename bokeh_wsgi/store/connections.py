"""Connections to one SQLite file: opened as needed, lent to threads, left behind at a fork."""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

from bokeh_wsgi.exc import StoreError

from .sqlite_file import create_file, explain, prepare

BUSY_TIMEOUT_S = 30.0
"""How long to wait for another process that is writing."""

FORK_TIMEOUT_S = 10.0
IDLE_CONNECTIONS = 8
WAL_KEPT_BYTES = 64 << 20

# Connections that crossed a fork after all. To close them could harm those of the parent.
_abandoned: list[object] = []


class _Process:
    """What must not cross a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.idle: deque[sqlite3.Connection] = deque()
        self.in_use = 0
        self.gate = threading.Condition(threading.Lock())
        # Threads of this process queue here, since SQLite lets writers only poll.
        self.write_lock = threading.Lock()
        self.watching = threading.Lock()
        self.watcher: sqlite3.Connection | None = None

    def close_idle(self) -> None:
        while self.idle:
            self.idle.pop().close()
        with self.watching:
            if self.watcher is not None:
                self.watcher.close()
                self.watcher = None


class Connections:
    """Lends connections to one file, for reading or for a transaction. Thread-safe, fork-safe.

    A connection belongs to a call, not to a thread: gevent's threads are many, and each connection is an open
    file. Every `sqlite3.Error` becomes a StoreError that says what to do.

    SQLite counts a process's locks in its memory, which a fork copies, while the system does not copy the
    locks. So at a fork no connection is open: it waits for those in use, and closes them all. That goes for
    every fork that Python knows of; uWSGI needs its option ``lazy-apps``.
    """

    def __init__(self, path: Path, schemas: Sequence[str], *, synchronous: str) -> None:
        self.path = path
        self._synchronous = synchronous
        self._closed = False
        self._watchers = 0
        self._process = _Process()
        _everyone.add(self)
        create_file(path)
        with self.reading() as connection:
            prepare(connection, path, schemas, timeout_s=BUSY_TIMEOUT_S)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for single statements, each of which sees one state of the store."""
        with self._explained(), self._lent() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, committed at the end and durable then; an error rolls it back."""
        with self._explained(), self._process_of_now().write_lock, self._lent() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def run(self, script: str) -> None:
        """Run statements that write, each a transaction of its own."""
        with self._explained(), self._process_of_now().write_lock, self._lent() as connection:
            connection.executescript(script)

    def data_version(self) -> int:
        """A number that another connection's commit changes, in this process or in another."""
        with self._explained(), self._in_use() as process, process.watching:
            if process.watcher is None:
                process.watcher = self._connect()
                self._watchers += 1
            (version,) = process.watcher.execute("PRAGMA data_version").fetchone()
            # Each connection counts from 1: so numbers of earlier ones must not look like these.
            return (self._watchers << 40) + int(version)

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        with self._process_of_now().gate:
            self._closed = True
            self._process.close_idle()

    def before_fork(self) -> None:
        """Waits until no connection is in use and closes them all; until `after_fork`, none will be lent."""
        process = self._process
        process.gate.acquire()
        # Not for ever: the thread that forks might itself be in the middle of something here.
        process.gate.wait_for(lambda: process.in_use == 0, timeout=FORK_TIMEOUT_S)
        process.close_idle()

    def after_fork(self) -> None:
        """In the parent; in the child everything begins anew."""
        self._process.gate.release()

    def _process_of_now(self) -> _Process:
        if self._process.pid != os.getpid():
            if self._process.in_use or self._process.idle or self._process.watcher:
                _abandoned.append(self._process)
            self._process = _Process()
        return self._process

    @contextmanager
    def _in_use(self) -> Iterator[_Process]:
        """What there is in this process, while no fork may happen."""
        process = self._process_of_now()
        with process.gate:
            if self._closed:
                raise StoreError("The store is closed.")
            process.in_use += 1
        try:
            yield process
        finally:
            with process.gate:
                process.in_use -= 1
                process.gate.notify_all()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        with self._in_use() as process:
            try:
                connection = process.idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                yield connection
            except sqlite3.Error:
                connection.close()
                raise
            finally:
                self._take_back(process, connection)

    def _take_back(self, process: _Process, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            with process.gate:
                if len(process.idle) < IDLE_CONNECTIONS and not self._closed:
                    process.idle.append(connection)
                    return
        except sqlite3.Error:
            pass  # it was closed above, or is of no more use
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
            # To zero every freed page would write each deleted byte once more; they leave the file instead.
            connection.execute("PRAGMA secure_delete = FAST")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self.path) from error


_everyone: WeakSet[Connections] = WeakSet()
_forking: list[Connections] = []


def _before_fork() -> None:
    _forking.extend(_everyone)
    for connections in _forking:
        connections.before_fork()


def _after_fork_in_parent() -> None:
    while _forking:
        _forking.pop().after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_forking.clear
    )
