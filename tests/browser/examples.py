"""Examples, run as people run them, and what people do in their pages."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.command import example_at
from tests.imports import ROOT

DEADLINE_S = 60.0
TIMEOUT_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)


class Program:
    """Something that runs in a process of its own, in the folder ``cwd``, and what it says."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), "BOKEH_BROWSER": "none", "PYTHONUNBUFFERED": "1"},
        )
        self.said: list[str] = []
        self._heard = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._heard:
                self.said.append(line.rstrip("\n"))
                self._heard.notify_all()
        with self._heard:
            self._ended = True
            self._heard.notify_all()

    def wait_for(self, pattern: str, since: int = 0) -> re.Match[str]:
        """The first line that matches, of those after the first ``since``; waits until there is one."""
        end = time.monotonic() + DEADLINE_S
        with self._heard:
            while True:
                for line in self.said[since:]:
                    if match := re.search(pattern, line):
                        return match
                since = len(self.said)
                if self._ended or not self._heard.wait(end - time.monotonic()):
                    pytest.fail(f"no line like {pattern!r} in:\n" + "\n".join(self.said))

    def kill(self) -> None:
        """``kill -9``: it gets no chance to tidy up."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if error is not None and self.said:
            error.add_note("The program said:\n" + "\n".join(self.said))


class Script(Program):
    """An example that publishes to ``server``: as it is written, but for the server's address."""

    def __init__(self, example: str, server: str, cwd: Path) -> None:
        super().__init__(example_at(example, server), cwd)

    @property
    def link(self) -> str:
        return self.wait_for(r"bokeh_wsgi: (http\S+)")[1]


def look_at(page: Page, link: str) -> None:
    """Open the page, and wait until it is live and drawn."""
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(link)
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    page.wait_for_function("Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle")


MODELS = "[...Bokeh.documents[0]._all_models.values()]"


def model(kind: str, number: int = 0) -> str:
    """JavaScript of a model, the ``number``-th of its type in the page's document."""
    return f"{MODELS}.filter((model) => model.type == {kind!r})[{number}]"


def source_of(column: str, number: int = 0) -> str:
    """JavaScript of a source that has such a column."""
    return f"{MODELS}.filter((model) => model.data && {column!r} in model.data)[{number}]"


def figure_with(kind: str) -> str:
    """JavaScript of a figure with such a tool."""
    return (
        f"{MODELS}.find((model) => model.type == 'Figure'"
        f" && model.toolbar.tools.some((tool) => tool.type == {kind!r}))"
    )


def wait(page: Page, condition: str, argument: Any = None) -> None:
    """Until an expression of ``argument`` is true."""
    page.wait_for_function(f"(argument) => {condition}", arg=argument, timeout=TIMEOUT_MS)


PLACE = """([plot, x, y]) => {
  const find = (view) => {
    if (view.model.id == plot) return view
    for (const child of view.children()) {
      const found = find(child)
      if (found) return found
    }
    return null
  }
  for (const root of Bokeh.index) {
    const view = find(root)
    if (!view) continue
    const {left, top} = view.canvas.el.getBoundingClientRect()
    return [left + view.frame.x_scale.compute(x), top + view.frame.y_scale.compute(y)]
  }
  return null
}"""


def place(page: Page, plot: str, x: float, y: float) -> tuple[float, float]:
    """Where in the window (x, y) of a plot is; ``plot`` as `model` and `named` give it."""
    wait_until_drawn(page)
    left, top = page.evaluate(PLACE, [page.evaluate(f"{plot}.id"), x, y])
    return left, top


def drag(page: Page, *places: tuple[float, float]) -> None:
    """With the mouse button down, from place to place of the window."""
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()


def drag_in_plot(page: Page, plot: str, *points: tuple[float, float]) -> None:
    drag(page, *(place(page, plot, x, y) for x, y in points))


def center(locator: Locator) -> tuple[float, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def slide(page: Page, handle: Locator, by: float) -> None:
    """Drag the handle of a slider by so many pixels to the right."""
    x, y = center(handle)
    drag(page, (x, y), (x + by, y))
