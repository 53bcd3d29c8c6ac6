"""From a script to the change event in a page: this project and ``bokeh serve``, side by side."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource
from playwright.sync_api import Browser

from .pages import BokehServe, Ours, PageClock, Side, measured, port_of

SIZES = {1_000_000: 9, 10_000_000: 3}
"""Rows of both columns, and how many rounds to measure."""

CLOCK = PageClock()


def of_group(name: str) -> Any:
    def mark(test: Any) -> Any:
        # One mark with all of it: pytest-benchmark reads the closest one alone.
        test = pytest.mark.benchmark(group=name, timer=CLOCK, disable_gc=True)(test)
        return pytest.mark.parametrize("rows", SIZES, indirect=True)(test)

    return mark


@pytest.fixture(scope="module")
def servers(serve: Any) -> dict[str, str]:
    ours = serve("bokeh_wsgi.cli", "--port", "0", "--store", "memory:", ready="http")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve(
        "bokeh",
        "serve",
        "--port",
        str(port),
        "--websocket-max-message-size",
        str(1 << 30),
        ready="Bokeh app running",
    )
    return {"ours": f"http://127.0.0.1:{port_of(ours.line)}/", "bokeh serve": f"http://127.0.0.1:{port}/"}


@pytest.fixture
def rows(request: pytest.FixtureRequest, quick: bool) -> int:
    count: int = request.param
    if quick and count > min(SIZES):
        pytest.skip("once, and only with short columns")
    return count


@pytest.fixture(params=["ours", "bokeh serve"])
def side(request: pytest.FixtureRequest, rows: int, servers: dict[str, str], browser: Browser) -> Any:
    rng = np.random.default_rng(1)
    data: Any = {"x": np.arange(rows, dtype="f8"), "y": rng.standard_normal(rows).cumsum()}
    source = ColumnDataSource(data, name="bench")
    made: Side = (Ours if request.param == "ours" else BokehServe)(servers[request.param], source, browser)
    yield made
    made.close()


def run(benchmark: Any, side: Side, rows: int, quick: bool, prepare: Callable[[], Callable[[], Any]]) -> None:
    """Benchmark a change; ``prepare`` computes one, untimed, and returns what the user writes to make it."""
    benchmark.group = f"2 x {rows:,} float64: {benchmark.group}"
    sent: list[int] = []

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        # Each round is an update on its own: not one that waits for the paint of the update before it.
        side.page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
        side.page.evaluate("() => { window.stamps = [] }")
        sent.append(loopback_bytes())
        return (measured(side, CLOCK, prepare()),), {}

    benchmark.pedantic(
        lambda update: update(), setup=setup, rounds=1 if quick else SIZES[rows], warmup_rounds=1
    )
    sent.append(loopback_bytes())
    # From the script to the server and from there to the page: twice.
    benchmark.extra_info["bytes"] = f"{np.median(np.diff(sent[1:])) / 2e6:.2f} MB each way"


def loopback_bytes() -> int:
    """Bytes that went over this machine's loopback so far; what else uses it counts too."""
    line = next(
        line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:")
    )
    return int(line.split(":")[1].split()[0])


@of_group("replace both")
def test_replace(benchmark: Any, side: Side, rows: int, quick: bool) -> None:
    rng = np.random.default_rng(2)

    def prepare() -> Callable[[], None]:
        data: Any = {"x": np.arange(rows, dtype="f8") + rng.random(), "y": rng.standard_normal(rows).cumsum()}

        def change() -> None:
            side.source.data = data

        return change

    run(benchmark, side, rows, quick, prepare)


@of_group("1 % of the rows of one changed in place (Bokeh is handed the patch)")
def test_change_one_percent(benchmark: Any, side: Side, rows: int, quick: bool) -> None:
    one_percent(benchmark, side, rows, quick, by_patch=not isinstance(side, Ours))


@of_group("1 % of the rows of one patched")
def test_patch_one_percent(benchmark: Any, side: Side, rows: int, quick: bool) -> None:
    one_percent(benchmark, side, rows, quick, by_patch=True)


def one_percent(benchmark: Any, side: Side, rows: int, quick: bool, *, by_patch: bool) -> None:
    rng = np.random.default_rng(3)

    def prepare() -> Callable[[], None]:
        start = int(rng.integers(0, rows - rows // 100))
        changed = slice(start, start + rows // 100)
        values = rng.standard_normal(rows // 100)

        def change() -> None:
            if by_patch:
                side.source.patch({"y": [(changed, values)]})
            else:
                y: Any = side.source.data["y"]
                y[changed] = values

        return change

    run(benchmark, side, rows, quick, prepare)


@of_group("append 1,000 with rollover")
def test_append_with_rollover(benchmark: Any, side: Side, rows: int, quick: bool) -> None:
    rng = np.random.default_rng(4)
    x = float(rows)

    def prepare() -> Callable[[], None]:
        nonlocal x
        new: Any = {"x": np.arange(x, x + 1000), "y": rng.standard_normal(1000).cumsum()}
        x += 1000

        def change() -> None:
            side.source.stream(new, rollover=rows)

        return change

    run(benchmark, side, rows, quick, prepare)
