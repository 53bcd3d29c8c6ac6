"""Inspects the WSGI server of this process: the size of its thread pool, and whether it is shutting down.

WSGI defines neither, so this reads attributes of the known servers; none is imported.
"""

import math
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from bokeh_wsgi.listeners import listener_of
from bokeh_wsgi.protocol import IN_PROCESS

OWN_THREADS: Final = ("Werkzeug", "bokeh-server", IN_PROCESS)
"""Prefixes of ``SERVER_SOFTWARE`` of servers with a thread per connection, which they do not wait for."""
SIGNALS: Final = ("SIGTERM", "SIGABRT", "SIGUSR1", "SIGINT")


@dataclass(frozen=True, slots=True)
class Server:
    """A WSGI server with ``threads``; None: unknown, ``math.inf``: unlimited."""

    threads: float | None
    is_ending: "Callable[[], bool] | None" = None
    """Whether it is shutting down and waits for open responses; None: unknown, or it does not wait."""


def server_of(environ: Mapping[str, Any]) -> Server:
    """The server that handles this request; call it in the request's thread."""
    if not environ.get("wsgi.multithread"):
        return Server(1)
    if environ.get("SERVER_SOFTWARE", "").startswith(OWN_THREADS):
        return Server(math.inf)
    for known in (_gunicorn, _waitress, _cheroot, _uwsgi, _mod_wsgi):
        server = known(environ)
        if server is not None:
            return server
    is_unlimited = _is_green() or _is_socketserver()
    return Server(math.inf if is_unlimited else None, listener_of(environ).is_gone)


def _gunicorn(environ: Mapping[str, Any]) -> Server | None:
    """Finds gunicorn's worker by its methods, which handle the signals of the process."""
    if "gunicorn" not in environ.get("SERVER_SOFTWARE", ""):
        return None
    handlers = [signal.getsignal(getattr(signal, name)) for name in SIGNALS if hasattr(signal, name)]
    workers = [getattr(handler, "__self__", None) for handler in handlers]
    worker: Any = next((each for each in workers if hasattr(each, "cfg") and hasattr(each, "alive")), None)
    if worker is None:
        return None
    # Workers with threads have a pool; those with greenlets have one per connection.
    threads = worker.cfg.threads if hasattr(worker, "tpool") else worker.cfg.worker_connections
    return Server(threads, lambda: not worker.alive)


def _waitress(environ: Mapping[str, Any]) -> Server | None:
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    if channel is None:
        return None
    tasks = channel.server.task_dispatcher
    return Server(channel.server.adj.threads, lambda: tasks.stop_count > 0)


def _cheroot(environ: Mapping[str, Any]) -> Server | None:  # noqa: ARG001 - as the others
    """Also CherryPy's server. Its threads have a reference to it."""
    server: Any = getattr(threading.current_thread(), "server", None)
    pool: Any = getattr(server, "requests", None)
    if not hasattr(pool, "min") or not hasattr(server, "ready"):
        return None
    return Server(pool.min, lambda: not server.ready)


def _uwsgi(environ: Mapping[str, Any]) -> Server | None:
    options = getattr(sys.modules.get("uwsgi"), "opt", None)
    if options is None or "uwsgi.version" not in environ:
        return None
    threads = options.get("threads", 1)
    return Server(int(threads[-1] if isinstance(threads, list) else threads))


def _mod_wsgi(environ: Mapping[str, Any]) -> Server | None:
    module = sys.modules.get("mod_wsgi")
    if module is None or "mod_wsgi.version" not in environ:
        return None
    return Server(module.threads_per_process, _end_of_mod_wsgi(module))


@cache
def _end_of_mod_wsgi(module: Any) -> Callable[[], bool] | None:
    subscribe = getattr(module, "subscribe_shutdown", None)
    if subscribe is None:
        return None
    ended = threading.Event()
    subscribe(lambda *_, **__: ended.set())
    return ended.is_set


def _is_socketserver() -> bool:
    """Whether the server is a threading `socketserver`, as Django's ``runserver`` is."""
    return threading.current_thread().name.endswith("(process_request_thread)")


def _is_green() -> bool:
    """Whether gevent or eventlet replaced threads with greenlets."""
    gevent_monkey = sys.modules.get("gevent.monkey")
    if gevent_monkey is not None and gevent_monkey.is_module_patched("threading"):
        return True
    eventlet_patcher = sys.modules.get("eventlet.patcher")
    return eventlet_patcher is not None and bool(eventlet_patcher.is_monkey_patched("thread"))
