"""A rolling window of a million rows, streamed to as fast as it goes: how much reaches the page, how late."""

import time
from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource
from playwright.sync_api import Browser

from .conftest import Figure
from .pages import BokehServe, Ours, Side
from .test_updates import servers as servers  # the fixture

ROWS = 1_000_000
ADDED = 1_000

# The x of a row is the Unix time at which the script appended it.
WATCH = """() => {
  const find = (models) => [...models].find((model) => model.name == "bench")
  const doc = Bokeh.documents.find((doc) => find(doc._all_models.values()) != null)
  const source = find(doc._all_models.values())
  window.ages = []
  source.streaming.connect(() => {
    const {x} = source.data
    window.newest = x[x.length - 1]
    window.ages.push((performance.timeOrigin + performance.now()) / 1000 - window.newest)
  }, {})
}"""


@pytest.mark.parametrize("kind", ["ours", "bokeh serve"])
def test_sustained(
    benchmark: Any, figure: Figure, servers: dict[str, str], browser: Browser, kind: str, quick: bool
) -> None:
    seconds = 0.5 if quick else 6.0
    rng = np.random.default_rng(5)
    data: Any = {"x": np.zeros(ROWS), "y": rng.standard_normal(ROWS)}
    source = ColumnDataSource(data, name="bench")
    side: Side = (Ours if kind == "ours" else BokehServe)(servers[kind], source, browser)
    side.page.evaluate(WATCH)
    y = rng.standard_normal(ADDED)
    sent: list[float] = []
    end = time.time() + seconds
    while (now := time.time()) < end:
        sent.append(now)
        new: Any = {"x": np.full(ADDED, now), "y": y}
        side.update(lambda new=new: source.stream(new, rollover=ROWS))
    elapsed = time.time() - end + seconds
    newest, ages = side.page.evaluate("() => [window.newest, window.ages]")
    side.close()
    applied = sum(moment <= newest for moment in sent)
    late = np.percentile(ages, [50, 99]) * 1e3
    figure(
        benchmark,
        f"sustained, {ROWS:,} rows, {ADDED:,} an update: time per update in the page",
        kind,
        elapsed / applied,
        rate=f"{applied / elapsed:.0f} updates/s",
        signals=f"{len(ages) / elapsed:.0f} signals/s",
        age=f"age of the newest row p50 {late[0]:.0f} ms, p99 {late[1]:.0f} ms",
    )
