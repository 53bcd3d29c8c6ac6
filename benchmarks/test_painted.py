"""A line in view, 1,000 x 400: from a script's call to the painted frame, and what it costs the page.

`bokeh serve` shows the same figure. An empty plot paints at the same moments, without a glyph of that source.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bokeh.layouts import gridplot
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure as plot
from playwright.sync_api import Browser, CDPSession, Page

from tests.waiting import pause

from .conftest import Figure
from .pages import WATCH_PAINT, BokehServe, Ours, PageClock, Side, measured
from .test_updates import servers as servers  # the fixture

SIZES = {10_000: 15, 100_000: 15, 1_000_000: 9, 10_000_000: 3}
"""Rows, and how many rounds to measure."""
QUICK = 20_000
MARKERS = 100_000
CLOCK = PageClock()
APPENDED = 1000

# An empty plot paints whenever the source changes.
PAINT_TOO = """() => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  const view = Bokeh.index.find_one(models.find(({type}) => type == "Figure"))
  const source = models.find(({name}) => name == "bench")
  for (const signal of [source.properties.data.change, source.streaming, source.patching]) {
    signal.connect(() => view.request_paint(), {})
  }
}"""
MOVE = """async ([steps, factor]) => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  const {x_range: range} = models.find(({type}) => type == "Figure")
  for (let i = 0; i < steps; i++) {
    const width = range.end - range.start
    const middle = range.start + width / 2 + (factor == 1 ? width / 97 : 0)
    range.setv({start: middle - width * factor / 2, end: middle + width * factor / 2})
    await new Promise((done) => requestAnimationFrame(done))
  }
}"""
PAINTED = """() => {
  const models = [...(window.Bokeh?.documents[0]?._all_models.values() ?? [])]
  const figure = models.find(({type}) => type == "Figure")
  const view = figure && Bokeh.index.find_one?.(figure)
  if (window.painted || !view?.has_finished?.()) return window.painted
  const note = () => { window.painted = Date.now() / 1000 }
  window.waiting ??= requestAnimationFrame(() => requestAnimationFrame(note))
}"""
# The x of a row is the Unix time at which the script appended it.
WATCH_AGE = """() => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  const source = models.find(({name}) => name == "bench")
  const view = Bokeh.index.find_one(models.find(({type}) => type == "Figure"))
  window.ages = []
  view.repainted.connect(() => requestAnimationFrame(() => {
    ages.push(Date.now() / 1000 - source.data.t[source.data.t.length - 1])
  }), {})
}"""


def shown(
    kind: str,
    servers: dict[str, str],
    browser: Browser,
    rows: int,
    watch: str = WATCH_PAINT,
    glyph: str = "line",
    selected: int = 0,
    **more: Any,
) -> Side:
    """A side whose page shows a line of ``rows`` rows, or another glyph, or nothing of them."""
    y = np.random.default_rng(1).standard_normal(rows).cumsum()
    source = ColumnDataSource({"x": np.arange(rows, dtype="f8"), "y": y, **more}, name="bench")
    source.selected.indices = list(range(selected))
    root = plot(width=1000, height=400)
    if kind == "empty plot":
        root.line([0, rows], [0, 1])
        root.tags = [source]
    else:
        getattr(root, glyph)("x", "y", source=source)
    side: Side = (BokehServe if kind == "bokeh serve" else Ours)(
        servers["bokeh serve" if kind == "bokeh serve" else "ours"], source, browser, root, watch
    )
    if kind == "empty plot":
        side.page.evaluate(PAINT_TOO)
    return side


class Cpu:
    """Time of the page's main thread."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


class Changes:
    """What a script does to a source, made anew for each round."""

    def __init__(self, source: ColumnDataSource, rows: int) -> None:
        self._source = source
        self._rows = rows
        self._end = float(rows)
        self._rng = np.random.default_rng(2)

    def replace(self) -> Callable[[], None]:
        y = self._rng.standard_normal(self._rows).cumsum()
        data: Any = {"x": np.arange(self._rows, dtype="f8") + self._rng.random(), "y": y}

        def change() -> None:
            self._source.data = data

        return change

    def patch(self) -> Callable[[], None]:
        count = self._rows // 100
        start = int(self._rng.integers(0, self._rows - count))
        values = self._rng.standard_normal(count)
        return lambda: self._source.patch({"y": [(slice(start, start + count), values)]})

    def append(self) -> Callable[[], None]:
        end, self._end = self._end, self._end + APPENDED
        new: Any = {"x": np.arange(end, self._end), "y": self._rng.standard_normal(APPENDED).cumsum()}
        return lambda: self._source.stream(new, rollover=self._rows)


@pytest.mark.benchmark(timer=CLOCK, disable_gc=True)
@pytest.mark.parametrize("kind", ["ours", "bokeh serve"])
@pytest.mark.parametrize("change", ["replace", "patch", "append"])
@pytest.mark.parametrize("rows", SIZES)
def test_painted(
    benchmark: Any, servers: dict[str, str], browser: Browser, rows: int, change: str, kind: str, quick: bool
) -> None:
    if quick and rows != min(SIZES):
        pytest.skip("once, and only with short columns")
    side = shown(kind, servers, browser, rows)
    benchmark.group = f"script to painted frame, {rows:,} rows: {change}"
    benchmark.extra_info["side"] = kind
    measure(benchmark, side, getattr(Changes(side.source, rows), change), 1 if quick else SIZES[rows])


@pytest.mark.benchmark(timer=CLOCK, disable_gc=True)
@pytest.mark.parametrize("kind", ["ours", "bokeh serve"])
@pytest.mark.parametrize("part", [0.0, 0.25])
def test_painted_markers(
    benchmark: Any, servers: dict[str, str], browser: Browser, part: float, kind: str, quick: bool
) -> None:
    rows = QUICK if quick else MARKERS
    selected = int(part * rows)
    side = shown(kind, servers, browser, rows, glyph="scatter", selected=selected)
    benchmark.group = f"script to painted frame, {rows:,} markers, {selected:,} selected: append"
    benchmark.extra_info["side"] = kind
    measure(benchmark, side, Changes(side.source, rows).append, 1 if quick else 9)


def measure(benchmark: Any, side: Side, make: Callable[[], Callable[[], None]], rounds: int) -> None:
    """From a change to the painted frame, each time when the page has come to rest."""

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        side.page.evaluate("() => new Promise((done) => setTimeout(done, 400))")
        side.page.evaluate("() => { window.stamps = [] }")
        return (measured(side, CLOCK, make()),), {}

    benchmark.pedantic(lambda update: update(), setup=setup, rounds=rounds, warmup_rounds=1)
    side.close()


@pytest.mark.parametrize("kind", ["ours", "empty plot"])
@pytest.mark.parametrize("rows", [1_000_000, 10_000_000])
def test_cpu_of_an_append(
    benchmark: Any,
    figure: Figure,
    servers: dict[str, str],
    browser: Browser,
    rows: int,
    kind: str,
    quick: bool,
) -> None:
    if quick and rows > 1_000_000:
        pytest.skip("once, and only with short columns")
    side = shown(kind, servers, browser, QUICK if quick else rows)
    cpu, changes = Cpu(side.page), Changes(side.source, QUICK if quick else rows)
    updates = 2 if quick else 60
    stream(side, changes, 5, 0.025)
    before = cpu.seconds()
    stream(side, changes, updates, 0.025)
    used = (cpu.seconds() - before) / updates
    figure(benchmark, f"page's main thread per append of 1,000, {rows:,} rows", kind, used)
    side.close()


def stream(side: Side, changes: Changes, updates: int, each_s: float) -> None:
    begun = time.monotonic()
    for i in range(1, updates + 1):
        side.update(changes.append())
        pause(max(0.0, begun + i * each_s - time.monotonic()), "the rate of the updates", side.page)


@pytest.mark.parametrize("kind", ["ours", "empty plot"])
@pytest.mark.parametrize("step", ["pan", "zoom"])
@pytest.mark.parametrize("rows", [1_000_000, 10_000_000])
def test_cpu_of_a_step(
    benchmark: Any,
    figure: Figure,
    servers: dict[str, str],
    browser: Browser,
    rows: int,
    step: str,
    kind: str,
    quick: bool,
) -> None:
    if quick and (rows > 1_000_000 or step == "zoom"):
        pytest.skip("once, and only with short columns")
    side = shown(kind, servers, browser, QUICK if quick else rows)
    cpu = Cpu(side.page)
    steps, factor = (2 if quick else 60), 1 if step == "pan" else 0.93
    side.page.evaluate(MOVE, [5, 1])
    before = cpu.seconds()
    side.page.evaluate(MOVE, [steps, factor])
    used = (cpu.seconds() - before) / steps
    figure(benchmark, f"page's main thread per step of a {step}, {rows:,} rows", kind, used)
    side.close()


@pytest.mark.parametrize("kind", ["ours", "empty plot", "bokeh serve"])
@pytest.mark.parametrize("rows", [100_000, 1_000_000])
def test_open(
    benchmark: Any,
    figure: Figure,
    servers: dict[str, str],
    browser: Browser,
    rows: int,
    kind: str,
    quick: bool,
) -> None:
    if quick and rows > 100_000:
        pytest.skip("once, and only with short columns")
    side = shown(kind, servers, browser, QUICK if quick else rows)
    page = browser.new_page()
    times = []
    for _ in range(1 if quick else 7):
        page.goto("about:blank")
        begun = time.time()
        page.goto(side.page.url, wait_until="commit")
        painted = page.wait_for_function(PAINTED, polling=5, timeout=60_000)
        times.append(float(painted.json_value()) - begun)
    # The first two fill the browser's caches.
    figure(benchmark, f"open a page until it is painted, {rows:,} rows", kind, float(np.median(times[-5:])))
    page.close()
    side.close()


@pytest.mark.parametrize("kind", ["ours", "bokeh serve"])
def test_as_fast_as_it_goes(
    benchmark: Any, figure: Figure, servers: dict[str, str], browser: Browser, kind: str, quick: bool
) -> None:
    rows = QUICK if quick else 1_000_000
    side = shown(kind, servers, browser, rows, WATCH_AGE, t=np.zeros(rows))
    x, y = float(rows), np.random.default_rng(3).standard_normal(APPENDED)
    end = time.time() + (0.5 if quick else 6)
    while (now := time.time()) < end:
        new: Any = {"x": np.arange(x, x + APPENDED), "y": y, "t": np.full(APPENDED, now)}
        x += APPENDED
        side.update(lambda new=new: side.source.stream(new, rollover=rows))
    elapsed = time.time() - end + (0.5 if quick else 6)
    ages = [age for age in side.page.evaluate("() => window.ages") if age < 1e6]
    late = np.percentile(ages, [50, 99]) * 1e3
    figure(
        benchmark,
        f"as fast as it goes, {rows:,} rows, {APPENDED:,} an update: time per painted frame",
        kind,
        elapsed / len(ages),
        frames=f"{len(ages) / elapsed:.0f} frames/s",
        updates=f"{(x - rows) / APPENDED / elapsed:.0f} updates/s",
        age=f"age of the newest row when painted p50 {late[0]:.0f} ms, p99 {late[1]:.0f} ms",
    )
    side.close()


@pytest.mark.parametrize("kind", ["ours", "bokeh serve"])
def test_ten_plots(
    benchmark: Any, figure: Figure, servers: dict[str, str], browser: Browser, kind: str, quick: bool
) -> None:
    """Ten plots of 100,000 rows, to each of which ten times a second 1,000 rows are appended."""
    rows, plots = (QUICK, 2) if quick else (100_000, 10)
    rng = np.random.default_rng(4)
    x = np.arange(rows, dtype="f8")
    sources = [
        ColumnDataSource({"x": x, "y": rng.standard_normal(rows).cumsum()}, name="bench")
        for _ in range(plots)
    ]
    figures = [plot(width=400, height=160) for _ in sources]
    for drawn, source in zip(figures, sources, strict=True):
        drawn.line("x", "y", source=source)
    root = gridplot([figures[i : i + 2] for i in range(0, plots, 2)], toolbar_location=None)
    side: Side = (Ours if kind == "ours" else BokehServe)(servers[kind], sources[0], browser, root)
    cpu = Cpu(side.page)
    rounds = 2 if quick else 30
    begun, before = time.monotonic(), cpu.seconds()
    for i in range(1, rounds + 1):

        def change(first: int = rows + APPENDED * (i - 1)) -> None:
            for source in sources:
                new: Any = {
                    "x": np.arange(first, first + APPENDED, dtype="f8"),
                    "y": rng.standard_normal(APPENDED),
                }
                source.stream(new, rollover=rows)

        if isinstance(side, Ours):
            change()
            side.session.store_objects(*sources)
        else:
            side.update(change)
        pause(max(0.0, begun + i / 10 - time.monotonic()), "the rate of the updates", side.page)
    elapsed = time.monotonic() - begun
    share = (cpu.seconds() - before) / elapsed
    figure(
        benchmark,
        "ten plots of 100,000 rows at 10 Hz: share of a core (as seconds), page's main thread",
        kind,
        share,
        rate=f"{rounds / elapsed:.1f} rounds/s",
    )
    side.close()
