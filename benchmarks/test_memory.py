"""Memory of publisher and server while columns are stored and then streamed, per byte of column."""

import socket
import subprocess
import sys
from typing import Any

import pytest

from .conftest import Figure
from .pages import port_of
from .publisher import status


@pytest.mark.parametrize("side", ["ours", "bokeh serve"])
def test_memory(benchmark: Any, figure: Figure, serve: Any, side: str, quick: bool) -> None:
    # Bokeh's server closes the connection at a message part of more than 100 MB, whatever it is set to.
    rows = 250_000 if quick else 25_000_000 if side == "ours" else 10_000_000
    if side == "ours":
        started = serve("bokeh_wsgi.cli", "--port", "0", "--store", "sqlite:///memory.db", ready="http")
        url = f"http://127.0.0.1:{port_of(started.line)}/"
    else:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        limit = ("--websocket-max-message-size", str(1 << 31))
        started = serve("bokeh", "serve", "--port", str(port), *limit, ready="Bokeh app running")
        url = f"http://127.0.0.1:{port}/"
    server = started.process.pid
    at_rest = status("VmRSS", server)
    kind = "ours" if side == "ours" else "bokeh"
    command = [sys.executable, "-m", "benchmarks.publisher", kind, url, str(rows)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=500)
    publisher_at_rest, publisher_at_most = map(int, run.stdout.split())
    server_at_most = status("VmHWM", server)
    started.stop()
    column_bytes = 2 * 8 * rows
    publisher = (publisher_at_most - publisher_at_rest) / column_bytes
    figure(
        benchmark,
        "memory above that at rest, per byte of column (as if seconds): server",
        side,
        max(server_at_most - at_rest, 1) / column_bytes,
        publisher=f"publisher {publisher:.2f}, with its own array",
        columns=f"{column_bytes / 1e6:.0f} MB of columns",
    )
