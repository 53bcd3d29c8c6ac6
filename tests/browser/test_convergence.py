"""Two scripts and three pages edit one document at once, at random; then all of them hold the same."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from bokeh_wsgi import Session
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.effort import tries
from tests.imports import ROOT
from tests.waiting import becomes_true

ROUNDS = tries(120)
SCRIPT = Path(__file__).with_name("converging_script.py")

EDIT = """
(rounds) => {
  const named = (name) => [...Bokeh.documents[0]._all_models.values()].find((model) => model.name == name)
  const random = (n) => Math.floor(Math.random() * n)
  window.left = rounds
  const timer = setInterval(() => {
    const [slider, text, source] = ["slider", "text", "source"].map(named)
    const rows = source.data.x.length
    const what = random(7)
    const value = Math.random()
    if (what == 0) slider.value = random(1000)
    else if (what == 1) text.value = `${value}`
    else if (what <= 3) source.stream({x: [value, 2], y: [-value, -2]}, what == 2 ? 40 : undefined)
    else if (what == 4 && rows) source.patch({y: [[random(rows), value]]})
    else if (what == 5 && rows > 30) {
      source.data = {x: [...source.data.x].slice(-12), y: [...source.data.y].slice(-12)}
    }
    else source.selected.indices = [random(9), 10 + random(9)]
    if (--window.left == 0) clearInterval(timer)
  }, 12)
}
"""

STATE = """
() => {
  const named = (name) => [...Bokeh.documents[0]._all_models.values()].find((model) => model.name == name)
  const source = named("source")
  return {
    slider: named("slider").value,
    text: named("text").value,
    indices: [...source.selected.indices],
    x: [...source.data.x],
    y: [...source.data.y],
  }
}
"""


class Script:
    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str = "") -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def state(self) -> dict[str, Any]:
        self.say()
        held: dict[str, Any] = json.loads(self.hear())
        return held

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def scripts() -> Iterator[Callable[..., Script]]:
    started: list[Script] = []

    def start(*arguments: str) -> Script:
        started.append(Script(*arguments))
        assert started[-1].hear() == "ready"
        return started[-1]

    yield start
    for script in started:
        script.close()


def server_state(session: Session) -> dict[str, Any]:
    state = session.pull_state()
    models = {
        rep["attributes"].get("name"): (key, rep["attributes"]) for key, rep in state.graph.models.items()
    }
    source, told = models["source"]
    columns = {name: state.columns[source, name].values.column().values() for name in "xy"}
    return {
        "slider": models["slider"][1]["value"],
        "text": models["text"][1].get("value", ""),
        "indices": state.graph.models[told["selected"]["id"]]["attributes"].get("indices", []),
        **{name: [float(value) for value in values] for name, values in columns.items()},
    }


def difference(states: dict[str, dict[str, Any]]) -> str:
    """What differs between the sides; "" if nothing does."""
    first = states["server"]
    for side, state in states.items():
        for key, value in state.items():
            if value != first[key]:
                return f"{key} of {side} is {value}, of the server {first[key]}"
    return ""


@pytest.mark.parametrize("seed", [1, 2])
def test_all_sides_end_equal(
    windows: Windows, memory_server: LiveServer, scripts: Callable[..., Script], seed: int
) -> None:
    url, title = memory_server.url, f"convergence {seed}"
    first = scripts(url, title, f"{seed} a", str(ROUNDS), "first")
    second = scripts(url, title, f"{seed} b", str(ROUNDS), "second")
    session = Session(root_url=url, load_from_config=False)
    session.use_doc(title)
    pages: list[Page] = []
    for _ in range(3):
        pages.append(windows.new_page())
        pages[-1].goto(session.document_link())
        pages[-1].wait_for_selector("#bokeh-wsgi-state[data-state=live]")
    for script in (first, second):
        script.say("go")
    for page in pages:
        page.evaluate(EDIT, ROUNDS)
    for page in pages:
        page.wait_for_function("window.left == 0", timeout=120_000)
    for script in (first, second):
        assert script.hear() == "done"

    def states() -> dict[str, dict[str, Any]]:
        sides = {f"page {number}": page.evaluate(STATE) for number, page in enumerate(pages)}
        sides |= {"script 0": first.state(), "script 1": second.state()}
        return {"server": server_state(session), **sides}

    assert becomes_true(lambda: not difference(states()), 30, pages[0]), difference(states())
    for page in pages:
        assert page.query_selector("#bokeh-wsgi-notice") is None
        page.close()
    session.close()
