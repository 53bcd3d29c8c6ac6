"""A worker process for tests of stores: ``python -m bokeh_wsgi.testing.store_worker OPENER URI COMMAND …``.

It opens the store, prints ``ready``, waits for a line on stdin, runs the command, and prints a line for each
operation that the store has acknowledged.
"""

import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module

from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.store import Credential, SequenceTaken, Store, StoreLimit

CHILD_TIMEOUT_S = 60


def open_with(opener: str, uri: str) -> Store:
    """Open a store with ``opener``, a "module:function" that takes the ``uri``."""
    module, _, function = opener.partition(":")
    store: Store = getattr(import_module(module), function)(uri)
    return store


def _print(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def append_next(
    store: Store,
    docid: str,
    frame: bytes,
    key: str = "",
    *,
    host: str | None = None,
    max_owner_bytes: int | None = None,
) -> int:
    """Append a change under the next free ``seq``."""
    record = store.get_document(docid)
    seq = 1 if record is None else record.seq + 1
    while True:
        try:
            return store.append(docid, seq, frame, key, host=host, max_owner_bytes=max_owner_bytes)
        except SequenceTaken as taken:
            seq = taken.current + 1


def _append(store: Store, docid: str, name: str, count: str) -> None:
    for number in range(int(count)):
        label = f"{name}:{number}"
        _print(append_next(store, docid, label.encode(), label), label)


def _host(store: Store, docid: str, name: str, count: str) -> None:
    for number in range(int(count)):
        host = f"{name}:{number}"
        _print(append_next(store, docid, host.encode(), host=host), host)


def _setting(store: Store, name: str) -> None:
    _print(store.accounts.setting(name, lambda: secrets.token_hex(8).encode()).decode())


def _create(store: Store, owner: str, title: str) -> None:
    record, created = store.create_document(owner, title)
    _print(record.docid, created)


def _limits(store: Store, docid: str, name: str, count: str) -> None:
    """Try to keep more of everything than the limit of 5."""
    for number in range(int(count)):
        label = f"{name}:{number}"
        key = Credential(label, "ada", "key", label, "", 1.0)
        for what, keep in (
            ("document", partial(store.create_document, "ada", label, limit=5)),
            ("user", partial(store.accounts.create_user, label, "", limit=5)),
            ("key", partial(store.accounts.add_credential, key, limit=5)),
            ("change", partial(append_next, store, docid, b"x", max_owner_bytes=5)),
        ):
            with suppress(StoreLimit):
                keep()
                _print(what)


def _fork(store: Store, docid: str, busy_docid: str, forks: str) -> None:
    """Fork while other threads use the store; each child appends a change, and so does this process."""
    done = threading.Event()
    threads = [threading.Thread(target=_keep_busy, args=(store, busy_docid, done)) for _ in range(3)]
    for thread in threads:
        thread.start()
    store.version()
    children = [_child_that_appends(store, docid, f"child:{number}") for number in range(int(forks))]
    _print(append_next(store, docid, b"parent"), "parent")
    statuses = [os.waitpid(child, 0)[1] for child in children]
    done.set()
    for thread in threads:
        thread.join()
    if any(statuses):
        sys.exit(f"children ended with {statuses}")


def _keep_busy(store: Store, docid: str, done: threading.Event) -> None:
    while not done.is_set():
        append_next(store, docid, b"busy")


def _child_that_appends(store: Store, docid: str, label: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.alarm(CHILD_TIMEOUT_S)  # a lock copied by the fork is never released: fail instead of a hang
        before = store.version()
        _print(append_next(store, docid, label.encode()), label)
        status = 2 if store.version() == before else 0
    except BokehWSGIError as error:
        _print("failed", error)
    finally:
        os._exit(status)


COMMANDS: dict[str, Callable[..., None]] = {
    "append": _append,
    "create": _create,
    "fork": _fork,
    "host": _host,
    "limits": _limits,
    "setting": _setting,
}

if __name__ == "__main__":
    the_store = open_with(sys.argv[1], sys.argv[2])
    the_store.list_documents("nobody")
    _print("ready")
    sys.stdin.readline()
    COMMANDS[sys.argv[3]](the_store, *sys.argv[4:])
    the_store.close()
