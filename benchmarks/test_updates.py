"""From a script to the change event in a page: this project and ``bokeh serve``, side by side."""

import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource
from playwright.sync_api import Browser

from .pages import BokehServe, Ours, PageClock, Side, measured, port_of

ROWS = 1_000_000
ROUNDS = 7

CLOCK = PageClock()


def of_group(name: str) -> pytest.MarkDecorator:
    # One mark with all of it: pytest-benchmark reads the closest one alone.
    return pytest.mark.benchmark(group=name, timer=CLOCK, disable_gc=True)


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


@pytest.fixture(params=["ours", "bokeh serve"])
def side(request: pytest.FixtureRequest, servers: dict[str, str], browser: Browser) -> Any:
    rng = np.random.default_rng(1)
    data: Any = {"x": np.arange(ROWS, dtype="f8"), "y": rng.standard_normal(ROWS).cumsum()}
    source = ColumnDataSource(data, name="bench")
    made: Side = (Ours if request.param == "ours" else BokehServe)(servers[request.param], source, browser)
    yield made
    made.close()


def run(benchmark: Any, side: Side, prepare: Callable[[], Callable[[], Any]]) -> None:
    """Benchmark a change; ``prepare`` computes one, untimed, and returns what the user writes to make it."""

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        # Each round is an update on its own: not one that waits for the paint of the update before it.
        side.page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
        side.page.evaluate("() => { window.stamps = [] }")
        return (measured(side, CLOCK, prepare()),), {}

    benchmark.pedantic(lambda update: update(), setup=setup, rounds=ROUNDS, warmup_rounds=1)


@of_group("replace 2 columns of 1e6 float64")
def test_replace(benchmark: Any, side: Side) -> None:
    rng = np.random.default_rng(2)

    def prepare() -> Callable[[], None]:
        data: Any = {"x": np.arange(ROWS, dtype="f8") + rng.random(), "y": rng.standard_normal(ROWS).cumsum()}

        def change() -> None:
            side.source.data = data

        return change

    run(benchmark, side, prepare)


@of_group("1 % of 1e6 rows changed in place")
def test_change_one_percent(benchmark: Any, side: Side) -> None:
    rng = np.random.default_rng(3)

    def prepare() -> Callable[[], None]:
        start = int(rng.integers(0, ROWS - ROWS // 100))
        rows = slice(start, start + ROWS // 100)
        values = rng.standard_normal(ROWS // 100)

        def change() -> None:
            if isinstance(side, Ours):
                y: Any = side.source.data["y"]
                y[rows] = values
            else:
                side.source.patch({"y": [(rows, values)]})

        return change

    run(benchmark, side, prepare)


@of_group("append 1,000 with rollover at 1e6 rows")
def test_append_with_rollover(benchmark: Any, side: Side) -> None:
    rng = np.random.default_rng(4)
    x = float(ROWS)

    def prepare() -> Callable[[], None]:
        nonlocal x
        new: Any = {"x": np.arange(x, x + 1000), "y": rng.standard_normal(1000).cumsum()}
        x += 1000

        def change() -> None:
            side.source.stream(new, rollover=ROWS)

        return change

    run(benchmark, side, prepare)
