"""A slider that is dragged, with a script that answers slowly; and what happens when a side is killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page

from bokeh_wsgi import Session
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.imports import ROOT
from tests.waiting import pause, wait_until

SCRIPT = Path(__file__).with_name("dragged_script.py")
HZ = 60
MB = 1 << 20

NAMED = "(name) => [...Bokeh.documents[0]._all_models.values()].find((model) => model.name == name)"
WATCH_FRAMES = """() => {
  window.gaps = []
  let last = performance.now()
  const frame = (now) => {
    gaps.push(now - last)
    last = now
    if (window.gaps) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}"""

TAKE_FRAMES = "() => { const found = gaps; window.gaps = null; return found }"


class Script:
    """The dragged script in a process of its own."""

    def __init__(self, url: str, title: str, seconds: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), url, title, str(seconds)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._hear() == "ready"

    def _hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    @property
    def value(self) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._hear())

    @property
    def rss(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    started: list[Script] = []

    def start(url: str, title: str, seconds: float) -> Script:
        started.append(Script(url, title, seconds))
        return started[-1]

    yield start
    for one in started:
        one.kill()


class Hand:
    """A hand that drags the slider of a page to the right, 60 times a second."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.wait_for_selector(".noUi-handle")
        self.take()

    def take(self) -> None:
        handle = self.page.locator(".noUi-handle").bounding_box()
        assert handle is not None
        self.x, self.y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        self.page.mouse.move(self.x, self.y)
        self.page.mouse.down()

    def move(self, seconds: float, speed: float) -> None:
        """``speed`` in pixels a second."""
        begun = time.monotonic()
        start = self.x
        while (past := time.monotonic() - begun) < seconds:
            self.x = start + past * speed
            self.page.mouse.move(self.x, self.y)
            pause(begun + past + 1 / HZ - time.monotonic(), "a hand moves at 60 Hz")

    def release(self) -> None:
        self.page.mouse.up()


def open_page(windows: Windows, link: str) -> Page:
    page = windows.new_page(viewport={"width": 1000, "height": 500})
    page.set_default_timeout(30_000)
    page.goto(link)
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
    return page


def value_in(page: Page) -> float:
    return float(page.evaluate(f"({NAMED})('slider').value"))


def rows(session: Session, name: str) -> list[float]:
    state = session.pull_state()
    found = [key for key, rep in state.graph.models.items() if rep["attributes"].get("name") == name]
    return [float(value) for value in state.columns[found[0], "value"].values.column().values()]


def server_value(session: Session) -> float:
    models = session.pull_state().graph.models.values()
    return float(
        next(rep["attributes"]["value"] for rep in models if rep["attributes"].get("name") == "slider")
    )


def until(page: Page, holds: Callable[[], bool]) -> None:
    wait_until(holds, 40, page)


def heap(page: Page) -> int:
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    return int(devtools.send("Runtime.getHeapUsage")["usedSize"])


def test_ten_seconds_at_sixty_hertz_against_a_callback_of_100_ms(
    windows: Windows,
    live_server: Callable[..., LiveServer],
    script: Callable[..., Script],
    record_property: Any,
) -> None:
    server = live_server("--store", "memory:")
    slow = script(server.url, "drag", 0.1)
    session = Session(root_url=server.url, load_from_config=False)
    session.use_doc("drag")
    page = open_page(windows, session.document_link())
    hand = Hand(page)
    hand.move(2, 50)  # what is made once has been made then
    process = psutil.Process(server._process.pid)
    until(page, lambda: rows(session, "heard")[-1:] == [value_in(page)])
    before = heap(page), slow.rss, process.memory_info().rss
    counts = len(rows(session, "said")), len(rows(session, "heard"))

    page.evaluate(WATCH_FRAMES)
    pause(1, "frames of a page that nobody uses", page)
    calm = sorted(page.evaluate(TAKE_FRAMES))
    page.evaluate(WATCH_FRAMES)
    begun = time.monotonic()
    hand.move(10, 60)
    gaps = sorted(page.evaluate(TAKE_FRAMES))
    hand.release()
    value = value_in(page)
    until(page, lambda: rows(session, "heard")[-1] == slow.value == server_value(session) == value)
    seconds = time.monotonic() - begun

    said, heard = rows(session, "said")[counts[0] :], rows(session, "heard")[counts[1] :]
    assert said == sorted(set(said))
    assert heard == sorted(set(heard))
    assert set(heard) <= set(said)
    # In between they are merged: each second has room for ten answers.
    assert len(heard) < min(len(said), 10 * seconds + 1)
    # Nothing that the page does for it takes longer than a frame: most come when they are due.
    assert gaps[len(gaps) // 2] < 1.5 * calm[len(calm) // 2]
    after = heap(page), slow.rss, process.memory_info().rss
    grown = [(now - then) / MB for now, then in zip(after, before, strict=True)]
    # Seen with pytest's -s.
    frames = f"{len(gaps)} frames, {gaps[len(gaps) // 2]:.1f} ms between them, {gaps[-1]:.0f} ms at most"
    more = ", ".join(f"{mb:.2f} MB" for mb in grown)
    sys.stdout.write(f"{frames}; {len(heard)} answers; page, script and server grew by {more}\n")
    assert grown[0] < 3
    assert grown[1] < 10
    assert grown[2] < 20
    page.close()
    session.close()


def test_a_side_that_is_killed_in_a_drag_comes_back(
    windows: Windows, live_server: Callable[..., LiveServer], script: Callable[..., Script], tmp_path: Path
) -> None:
    flags = ("--store", f"sqlite:///{tmp_path}/killed.db")
    server = live_server(*flags)
    port = server.url.split(":")[2].split("/")[0]
    running = script(server.url, "killed", 0.05)
    session = Session(root_url=server.url, load_from_config=False)
    session.use_doc("killed")
    page = open_page(windows, session.document_link())
    hand = Hand(page)

    # The script
    hand.move(0.7, 60)
    running.kill()
    hand.move(0.7, 60)
    running = script(server.url, "killed", 0.05)
    hand.move(0.7, 60)
    # The server
    server.kill()
    hand.move(0.7, 60)
    server = live_server(*flags, "--port", port)
    hand.move(0.7, 60)
    hand.release()
    value = value_in(page)
    until(page, lambda: rows(session, "heard")[-1] == running.value == server_value(session) == value)
    until(page, lambda: rows(session, "said")[-1] == value)
    until(page, lambda: rows(session, "said") == page.evaluate(f"[...({NAMED})('said').data.value]"))
    said = rows(session, "said")
    assert said == sorted(set(said))
    # The page
    hand.take()
    hand.move(0.5, 60)
    crash(page)
    page = open_page(windows, session.document_link())
    until(page, lambda: value_in(page) == running.value == server_value(session))
    assert value_in(page) >= value
    hand = Hand(page)
    hand.move(0.5, 60)
    hand.release()
    value = value_in(page)
    until(page, lambda: rows(session, "heard")[-1] == running.value == server_value(session) == value)
    # Where the hand takes the handle again may be a step before where it was let go.
    assert all(one != next_one for one, next_one in pairwise(rows(session, "heard")))
    page.close()
    session.close()


def crash(page: Page) -> None:
    """``kill -9`` of the page's process."""
    crashed: list[Page] = []
    page.on("crash", lambda page: crashed.append(page))
    for process in psutil.Process().children(recursive=True):
        if "--type=renderer" in process.cmdline():
            process.kill()
    # To ask for cookies hears what there is to hear, also when there is no page any more.
    wait_until(lambda: page.context.cookies() is not None and crashed)
    page.close()
