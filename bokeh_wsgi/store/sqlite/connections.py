"""Connections to one SQLite file: opened as needed, lent to threads, left behind at a fork."""

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
"""How long to wait for another process that is writing."""

FORK_TIMEOUT_S = 10.0
IDLE_CONNECTIONS = 8
WAL_KEPT_BYTES = 64 << 20

# Connections that crossed a fork after all. To close them could harm those of the parent.
_abandoned: list[object] = []


class _Process:
    """What must not cross a fork."""

    def __init__(self) -> None:
        self.pool: Pool | None = None
        self.opening = threading.Lock()
        self.in_use = 0
        self.gate = threading.Condition(threading.Lock())
        # Threads of this process queue here, since SQLite lets writers only poll.
        self.write_lock = threading.Lock()

    def close_idle(self) -> None:
        if self.pool is not None:
            self.pool.close()
            self.pool = None


class Connections:
    """Lends connections to one file, for reading or for a transaction. Thread-safe, fork-safe.

    A connection belongs to a call, not to a thread: gevent's threads are many, and each connection is an open
    file. Every `sqlite3.Error` becomes a StoreError that says what to do.

    Where the file was deleted or replaced, everything raises StoreError, and nothing that was committed into
    the former one counts as kept; if it comes back, all goes on. If its log was deleted, what is in there is
    saved first, from the connections that still have it.

    SQLite counts a process's locks in its memory, which a fork copies, while the system does not copy the
    locks. So at a fork no connection is open: it waits for those in use, and closes them all. That goes for
    every fork that Python knows of; uWSGI needs its option ``lazy-apps``.
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
        """A connection for single statements, each of which sees one state of the store."""
        with self._explained(), self._lent() as (connection, _):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, committed at the end and durable then; an error rolls it back."""
        with self._explained(), self._turn_to_write(), self._lent() as (connection, pool):
            connection.execute("BEGIN IMMEDIATE")
            self._check(pool)
            yield connection
            connection.execute("COMMIT")
            self._check(pool)

    def run(self, script: str) -> None:
        """Run statements that write, each a transaction of its own."""
        with self._explained(), self._turn_to_write(), self._lent() as (connection, _):
            connection.executescript(script)

    def data_version(self) -> int:
        """A number that another connection's commit changes, in this process or in another."""
        with self._explained(), self._in_use() as process:
            pool = self._pool_of(process)
            # Each watcher counts from 1: so numbers of earlier ones must not look like these.
            return (pool.number << 40) + pool.data_version()

    def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        process = self._process.now
        with process.gate:
            self._closed = True
            process.close_idle()

    def before_fork(self) -> None:
        """Waits until no connection is in use and closes them all; until `after_fork`, none will be lent."""
        process = self._process.now
        process.gate.acquire()
        # Not for ever: the thread that forks might itself be in the middle of something here.
        process.gate.wait_for(lambda: process.in_use == 0, timeout=FORK_TIMEOUT_S)
        process.close_idle()

    def after_fork(self) -> None:
        """In the parent; in the child everything begins anew."""
        self._process.now.gate.release()

    @contextmanager
    def _in_use(self) -> Iterator[_Process]:
        """What there is in this process, while no fork may happen."""
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
        """Alone among the writers of this process: who waits for its turn waits no longer than for others."""
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
                self._check(pool)  # which knows better what is wrong, if it is that
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
            pass  # it was closed above, or is of no more use
        connection.close()

    def _pool_of(self, process: _Process) -> Pool:
        """The connections to the files that are there now; raises StoreError if those are not the store's."""
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
        """Leave a log that was deleted, or whose index was; SQLite makes another one."""
        # Another process has begun a log with the same index: so there was nothing left to save in this one.
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
        """Raises StoreError if what is written into these files is gone."""
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
            # To zero every freed page would write each deleted byte once more; they leave the file instead.
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
