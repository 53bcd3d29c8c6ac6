"""A producer of ten updates of 8 KB a second, many viewers: what a delivered update costs the server."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.util.token import generate_jwt_token, generate_session_id

from bokeh_wsgi import Session
from tests.waiting import pause

from .conftest import Figure
from .pages import port_of

HZ = 10
APP = Path(__file__).with_name("fanout_app.py")


class Ours:
    """gunicorn with one gevent worker."""

    def __init__(self, serve: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        app = "bokeh_wsgi:BokehWSGI(store='memory:')"
        options = ["--worker-class", "gevent", "--worker-connections", "2000", "--graceful-timeout", "1"]
        options += ["--bind", f"127.0.0.1:{self.port}"]
        self.started = serve("gunicorn", *options, app, ready="Booting worker")
        self.source = ColumnDataSource({"y": [np.zeros(1024)], "sent": ["sent 0"]})
        document = Document()
        document.add_root(self.source)
        self.session = Session(root_url=f"http://127.0.0.1:{self.port}/", load_from_config=False)
        self.session.use_doc("fan-out")
        self.session.store_document(document)

    def requests(self) -> list[str]:
        path = f"/changes?doc={self.session.docid}:{self.session.seq}&wait=stream"
        return [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]

    def update(self, rng: np.random.Generator) -> None:
        self.source.data = {"y": [rng.standard_normal(1024)], "sent": [f"sent {time.time():.6f}"]}
        self.session.store_objects(self.source)


class BokehServe:
    """Sessions of an app that show the same value, by a periodic callback each: Bokeh's own design."""

    def __init__(self, serve: Any) -> None:
        self.started = serve("bokeh", "serve", str(APP), "--port", "0", ready="Bokeh app running")
        self.port = int(port_of(self.started.line))

    def requests(self) -> list[str]:
        return [handshake(self.port, APP.stem) for _ in range(1000)]

    def update(self, rng: np.random.Generator) -> None:
        """Its sessions do so themselves."""


def handshake(port: int, app: str) -> str:
    """What opens a session of an app of ``bokeh serve``."""
    token = generate_jwt_token(generate_session_id())
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /{app}/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: bokeh, {token}\r\n\r\n"
    )


def cpu_s(pid: int) -> float:
    process = psutil.Process(pid)
    return sum(sum(each.cpu_times()[:2]) for each in [process, *process.children(recursive=True)])


@pytest.mark.parametrize("side", ["ours", "bokeh serve"])
@pytest.mark.parametrize("viewers", [10, 100, 1000])
def test_fan_out(benchmark: Any, figure: Figure, serve: Any, side: str, viewers: int, quick: bool) -> None:
    if quick and viewers > 10:
        pytest.skip("once, and only with a few viewers")
    if side == "bokeh serve" and viewers > 100:
        pytest.skip("cannot keep up with more than 100")
    seconds = 1.0 if quick else 8.0
    server: Ours | BokehServe = (Ours if side == "ours" else BokehServe)(serve)
    command = [sys.executable, "-m", "benchmarks.readers", "127.0.0.1", str(server.port), str(viewers)]
    with subprocess.Popen(
        [*command, str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as readers:
        assert readers.stdin is not None
        assert readers.stdout is not None
        readers.stdin.write(json.dumps(server.requests()))
        readers.stdin.close()
        assert readers.stdout.readline() == "reading\n"
        rng = np.random.default_rng(2)
        server.update(rng)  # the first one imports what the others have
        pause(0.5, "until the first update has come to all")
        begun, before = time.time(), cpu_s(server.started.process.pid)
        updates = 0
        while (now := time.time()) < begun + seconds - 0.3:
            server.update(rng)
            updates += 1
            pause(begun + updates / HZ - now, "the rate of the updates")
        taken, elapsed = cpu_s(server.started.process.pid) - before, time.time() - begun
        lags = json.loads(readers.stdout.read())
    server.started.stop()
    assert lags
    figure(
        benchmark,
        f"fan-out to {viewers} viewers: server's processor time per delivered update",
        side,
        taken / len(lags),
        share=f"{min(len(lags) / (viewers * updates), 1.0):.0%} delivered",
        lag=f"lag p99 {np.percentile(lags, 99) * 1e3:.0f} ms",
        cores=f"{taken / elapsed:.2f} cores",
    )
