"""What the package weighs: to import, to start, to load in a page."""

import gzip
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import bokeh_wsgi

from .conftest import Figure

STATIC = Path(bokeh_wsgi.__file__).parent / "static"


@pytest.mark.parametrize(("side", "module"), [("ours", "bokeh_wsgi"), ("bokeh", "bokeh.plotting")])
def test_import(benchmark: Any, figure: Figure, side: str, module: str, quick: bool) -> None:
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(1 if quick else 5)
    ]
    figure(benchmark, "import of bokeh_wsgi, and of bokeh.plotting", side, min(runs))


@pytest.mark.parametrize("side", ["ours", "bokeh serve"])
def test_start(benchmark: Any, figure: Figure, serve: Any, side: str, quick: bool) -> None:
    """Until the first connection is taken."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = ("bokeh_wsgi.cli", "--port", str(port), "--store", "sqlite:///start.db")
    runs = []
    for _ in range(1 if quick else 5):
        begun = time.perf_counter()
        if side == "ours":
            started = serve(*ours, ready="http")
        else:
            started = serve("bokeh", "serve", "--port", str(port), ready="Bokeh app running")
        runs.append(time.perf_counter() - begun)
        started.stop()
    figure(benchmark, "start of bokeh-server, and of bokeh serve", side, min(runs))


def test_page(benchmark: Any, figure: Figure) -> None:
    size = len(gzip.compress((STATIC / "page.js").read_bytes(), 9))
    assert size <= 40_000
    packed = f"{size / 1e3:.1f} KB of JavaScript beside BokehJS, gzipped"
    figure(benchmark, "a page (as if seconds: KB)", "ours", size / 1e6, packed=packed)
