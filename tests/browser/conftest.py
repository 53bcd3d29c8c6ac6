"""Servers that are started like a user starts them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.imports import ROOT


class LiveServer:
    """A bokeh-server in a process of its own, on a port that it finds itself; ``flags`` are its flags."""

    def __init__(self, *flags: str) -> None:
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (closed by close)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bokeh_wsgi.cli", "--port", "0", *flags],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout
        ready = self._process.stdout.readline()
        if not ready:
            self.stop()
            why = self.log
            self.close()
            raise RuntimeError(f"bokeh-server {' '.join(flags)} did not start:\n{why}")
        # The link is the last word: "bokeh-server is at http://127.0.0.1:40001/bokeh/".
        self.url = ready.split()[-1]

    @property
    def log(self) -> str:
        if self._log.closed:  # at the end of the session, when the last test is reported
            return ""
        self._log.seek(0)
        return self._log.read()

    def kill(self) -> None:
        """``kill -9``: it gets no chance to tidy up."""
        self._process.kill()
        self.stop()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def close(self) -> None:
        self.stop()
        self._log.close()


@pytest.fixture(scope="session")
def live_server() -> Iterator[Callable[..., LiveServer]]:
    """Starts servers: ``live_server("--store", "memory:")``; those still running at the end are stopped."""
    started: list[LiveServer] = []

    def start(*flags: str) -> LiveServer:
        started.append(LiveServer(*flags))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def memory_server(live_server: Callable[..., LiveServer]) -> LiveServer:
    """One server that keeps nothing, for all tests that only need some server."""
    return live_server("--store", "memory:")


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the page's console says, but for information, and errors of its scripts."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type != "info" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, Any]:
    """What a test's servers logged is shown when it fails."""
    del call
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, LiveServer):
                report.sections.append((f"log of {name}", value.log))
    return report
