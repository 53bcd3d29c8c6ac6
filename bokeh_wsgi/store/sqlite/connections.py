"""A thread-safe and fork-safe set of connections to one SQLite file."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from weakref import WeakSet

from bokeh_wsgi.exc import StoreError
from bokeh_wsgi.process import PerProcess

from .errors import busy, explain
from .files import Files, Marks, create_file
from .pool import Pool
from .schema import prepare

log = logging.getLogger("bokeh_wsgi")

BUSY_TIMEOUT_S = 30.0
"""Seconds to wait for another process that is writing."""

FORK_TIMEOUT_S = 10.0
IDLE_CONNECTIONS = 8
WAL_KEPT_BYTES = 64 << 20

# Connections that were open during a fork, kept here: closing them could break the parent's.
_abandoned: list[object] = []


class _Process:
    """The connections and locks of one process, which a forked child must not use."""

    def __init__(self) -> None:
        self.pool: Pool | None = None
        self.opening = threading.Lock()
        self.in_use = 0
        self.gate = threading.Condition(threading.Lock())
        # A queue for this process's writers: SQLite itself only polls.
        self.write_lock = threading.Lock()

    def close_idle(self) -> None:
        if self.pool is not None:
            self.pool.close()
            self.pool = None


class Connections:
    """Lends connections to one file, for reading or for a transaction. Thread-safe, fork-safe.

    A connection belongs to a call, not to a thread: gevent has many threads, and each connection is an open
    file. Every `sqlite3.Error` becomes a StoreError that says what to do.

    If the file was deleted or replaced, all calls raise StoreError, and commits to the old file do not
    succeed; if the file is restored, the store works again. If the log was deleted, its content is saved
    first, through connections that still have it open.

    SQLite records a process's locks in memory, which a fork copies, but the system does not copy the locks.
    So before a fork all connections are closed, after waiting for those in use. This works for every fork
    that Python knows of; uWSGI needs its option ``lazy-apps``.
    """

    def __init__(self, path: Path, *, synchronous: str) -> None:
        self.path = path
        self._synchronous = synchronous
        self._closed = False
        self._pools = 0
        self._process = PerProcess(_Process, leave=_abandoned.append)
        create_file(path)
        self._files = Files(path)
        _everyone.add(self)
        with self._explained(), self._in_use(), closing(self._connect()) as connection:
            prepare(connection, path, timeout_s=BUSY_TIMEOUT_S)
            self._database = self._files.marks().database

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading; each statement sees a consistent state."""
        with self._explained(), self._lent() as (connection, _):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, which is committed at the end, or rolled back after an error."""
        with self._explained(), self._turn_to_write(), self._lent() as (connection, pool):
            connection.execute("BEGIN IMMEDIATE")
            self._check(pool)
            yield connection
            connection.execute("COMMIT")
            self._check(pool)

    def run(self, script: str) -> None:
        """Run writing statements, each in its own transaction."""
        with self._explained(), self._turn_to_write(), self._lent() as (connection, _):
            connection.executescript(script)

    def data_version(self) -> int:
        """A number that changes with every commit of any process."""
        with self._explained(), self._in_use() as process:
            pool = self._pool_of(process)
            # Each watcher counts from 1: make its numbers differ from those of earlier ones.
            return (pool.number << 40) + pool.data_version()

    def close(self) -> None:
        """Close idle connections now, and the others when they are returned."""
        process = self._process.now
        with process.gate:
            self._closed = True
            process.close_idle()

    def before_fork(self) -> None:
        """Wait until no connection is in use, close all, and block new ones until `after_fork`."""
        process = self._process.now
        process.gate.acquire()
        # With a timeout: the thread that forks may itself use a connection.
        process.gate.wait_for(lambda: process.in_use == 0, timeout=FORK_TIMEOUT_S)
        process.close_idle()

    def after_fork(self) -> None:
        """Allow connections again, in the parent. A child starts with its own `_Process`."""
        self._process.now.gate.release()

    @contextmanager
    def _in_use(self) -> Iterator[_Process]:
        """This process's connections; a fork waits until the ``with`` block ends."""
        process = self._process.now
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
    def _turn_to_write(self) -> Iterator[None]:
        """Hold this process's write lock; waits no longer than for other processes."""
        lock = self._process.now.write_lock
        if not lock.acquire(timeout=BUSY_TIMEOUT_S):
            raise busy(self.path)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _lent(self) -> Iterator[tuple[sqlite3.Connection, Pool]]:
        with self._in_use() as process:
            pool = self._pool_of(process)
            try:
                connection = pool.idle.pop()
            except IndexError:
                connection = self._connect(pool)
            try:
                yield connection, pool
            except sqlite3.Error:
                connection.close()
                self._check(pool)  # raises a more specific error if the files were replaced
                raise
            except StoreError:
                connection.close()
                raise
            finally:
                self._take_back(process, pool, connection)

    def _take_back(self, process: _Process, pool: Pool, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            with process.gate:
                if len(pool.idle) < IDLE_CONNECTIONS and pool is process.pool:
                    pool.idle.append(connection)
                    return
        except sqlite3.Error:
            pass  # already closed, or unusable
        connection.close()

    def _pool_of(self, process: _Process) -> Pool:
        """The pool for the current files; raises StoreError if these are not the store's."""
        pool = process.pool
        if pool is not None and self._files.marks() == pool.marks:
            return pool
        with process.opening:
            marks = self._files.marks()
            if marks.database != self._database:
                raise self._files.gone()
            if process.pool is not None and marks != process.pool.marks:
                self._leave(process, process.pool, marks)
            if process.pool is None:
                self._open(process)
            assert process.pool is not None
            return process.pool

    def _leave(self, process: _Process, pool: Pool, now: Marks) -> None:
        """Stop using a log that was deleted, or whose index was; SQLite creates a new one."""
        # Another process has started a log with the same index, so this one has nothing left to save.
        is_over = now.log_index == pool.marks.log_index and self._files.log_has_begun()
        if not is_over and not pool.save_log(now):
            raise StoreError(f"The log of the store {self.path} was deleted under the server: try again.")
        pool.left = True
        with process.gate:
            process.close_idle()
        log.error("the log of the store %s was deleted under the server: what was in it is saved", self.path)

    def _open(self, process: _Process) -> None:
        self._pools += 1
        watcher = self._connect()
        try:
            pool = Pool(self._pools, watcher, self._files)
            if pool.marks.database != self._database:
                raise self._files.gone()
            with process.gate:
                if self._closed:
                    raise StoreError("The store is closed.")
                process.pool = pool
        except BaseException:
            watcher.close()
            raise

    def _check(self, pool: Pool) -> None:
        """Raise StoreError if writes to these files would be lost."""
        marks = self._files.marks()
        if marks.database != self._database:
            raise self._files.gone()
        if marks != pool.marks or pool.left:
            raise StoreError(f"The log of the store {self.path} was deleted under the server: try again.")

    def _connect(self, pool: Pool | None = None) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._files.uri, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, uri=True
        )
        try:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
            # Do not overwrite freed pages with zeros, which doubles the writes: they are removed from the
            # file.
            connection.execute("PRAGMA secure_delete = FAST")
            if pool is not None:
                self._check(pool)
        except (sqlite3.Error, StoreError):
            connection.close()
            raise
        return connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
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
