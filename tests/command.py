"""bokeh-server in a process of its own, as people and service managers run it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

from tests.imports import ROOT

COMMAND = [sys.executable, "-m", "bokeh_wsgi"]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}
EXAMPLES = ROOT / "examples"
DEADLINE_S = 30


class Running:
    """A bokeh-server that has printed its line."""

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        self.process = process
        self.line = line
        link = re.search(r"https?://\S+", line)
        assert link, f"no link in {line!r}"
        self.link = link[0]
        self.origin = "/".join(self.link.split("/")[:3])

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.origin.rpartition(":")[2])

    def make_document(self, key: str = "") -> str:
        """A new document's id; its owner is the user of this API key."""
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(f"{self.link}doc", json.dumps({"title": "t"}).encode(), headers)
        docid: str = json.load(urllib.request.urlopen(request, timeout=DEADLINE_S))["docid"]
        return docid

    def get(self, path: str, accept: str = "*/*") -> HTTPResponse:
        """Answer to a GET, after redirects; its ``url`` is where they led."""
        request = urllib.request.Request(self.origin + path, headers={"Accept": accept})
        response: HTTPResponse = urllib.request.urlopen(request, timeout=DEADLINE_S)
        return response

    def stop(self, number: signal.Signals) -> tuple[int, float, str]:
        """Exit code, seconds it took, and what it had said on stderr."""
        begun = time.monotonic()
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, time.monotonic() - begun, errors


@contextmanager
def running(*flags: str, port: int = 0) -> Iterator[Running]:
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRON,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Running(process, line)
    finally:
        process.kill()
        process.communicate()


def failed(*flags: str) -> tuple[int, str]:
    """Exit code and stderr of a bokeh-server that cannot start."""
    run = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, env=ENVIRON, timeout=DEADLINE_S)
    assert run.stdout == ""
    return run.returncode, run.stderr


def example_at(example: str, url: str) -> list[str]:
    """Arguments for Python that run an example with another default address than port 5006."""
    program = (
        f"import runpy, bokeh_wsgi.io; bokeh_wsgi.io.DEFAULT_SERVER_URL = {url!r}; "
        f"runpy.run_path({str(EXAMPLES / example)!r}, run_name='__main__')"
    )
    return ["-c", program]
