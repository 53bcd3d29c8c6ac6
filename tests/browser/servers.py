"""Real WSGI servers in subprocesses, each on a port that it finds free itself or is given."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from types import TracebackType

from tests.imports import ROOT
from tests.waiting import becomes_true

START_S = 30.0


def _gunicorn(*options: str) -> Callable[[str, int], list[str]]:
    def command(app: str, port: int) -> list[str]:
        bind = ["--bind", f"127.0.0.1:{port}", "--graceful-timeout", "1", "--log-level", "warning"]
        return ["gunicorn", *options, *bind, f"tests.browser.sites:{app}()"]

    return command


def _waitress(app: str, port: int) -> list[str]:
    return ["waitress", "--listen", f"127.0.0.1:{port}", "--call", f"tests.browser.sites:{app}"]


def _werkzeug(app: str, port: int) -> list[str]:
    return ["tests.browser.sites", app, str(port)]


SERVERS: dict[str, Callable[[str, int], list[str]]] = {
    "werkzeug": _werkzeug,
    "gunicorn gthread": _gunicorn("--worker-class", "gthread", "--threads", "8"),
    "gunicorn sync": _gunicorn("--worker-class", "sync"),
    "gunicorn gevent": _gunicorn("--worker-class", "gevent"),
    "gunicorn 2 workers": _gunicorn("--worker-class", "gthread", "--threads", "8", "--workers", "2"),
    "waitress": _waitress,
}


class Server:
    """``app`` of sites.py under one of `SERVERS`, on a store that outlives it."""

    def __init__(self, kind: str, store: str, app: str = "plain", mount: str = "/") -> None:
        self.kind = kind
        self.store = store
        self.app = app
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.root_url = f"http://127.0.0.1:{self.port}{mount}"
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if kind is not None:
            pass
        self._log.close()

    @property
    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def start(self) -> None:
        command = [sys.executable, "-m", *SERVERS[self.kind](self.app, self.port)]
        environ = {**os.environ, "STORE": self.store, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=self._log, stderr=self._log, start_new_session=True
        )
        process = self._process
        becomes_true(lambda: process.poll() is not None or self._listens(), START_S)
        if process.poll() is not None or not self._listens():
            raise RuntimeError(f"{self.kind} did not start:\n{self.log}")

    def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def kill(self) -> None:
        """``kill -9``, workers too."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None
