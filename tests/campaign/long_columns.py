"""``python -m tests.campaign.long_columns --seconds 120``: a person at work on a million rows that stream in.

A real mouse wheels, drags, zooms, selects, taps and hovers over a line and markers of one source. What is
hovered and selected must be what numpy computes from the script's own columns, the console must stay silent,
the page's memory must not grow, and in the end its picture must be that of a page opened then. Status 0 if
all of that is so.
"""

import argparse
import base64
import random
import sys
import time
from io import BytesIO
from typing import Any, Final

import numpy as np
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from PIL import Image
from playwright.sync_api import CDPSession, Page, sync_playwright

from bokeh_wsgi import Session
from tests.browser.live_server import LiveServer
from tests.browser.pictures import LIVE
from tests.waiting import becomes_true

ADDED: Final = 1000
SIZE: Final = 4
GROWTH: Final = 1.2
PATIENCE_S: Final = 10
CHROMIUM: Final = "/usr/bin/chromium"
# The frame in the page and its ranges: [left, top, width, height, x start, x end, y start, y end].
FRAME = """() => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  const view = Bokeh.index.find_one(models.find(({type}) => type == "Figure"))
  const {left, top} = view.canvas_view.el.getBoundingClientRect(), {bbox} = view.frame
  const {x_range: x, y_range: y} = view.model
  return [left + bbox.left, top + bbox.top, bbox.width, bbox.height, x.start, x.end, y.start, y.end]
}"""
# How many rows the page has, and where they first differ from those wanted (int32, in base64), if they do.
# Some hundred thousand numbers would take the driver seconds.
DIFFERENCE = """([kind, wanted]) => {
  const source = [...Bokeh.documents[0]._all_models.values()].find(({name}) => name == "rows")
  const rows = Int32Array.from(source[kind].indices).sort()
  const expected = new Int32Array(Uint8Array.from(atob(wanted), (byte) => byte.charCodeAt(0)).buffer)
  const place = rows.findIndex((row, i) => row != expected[i])
  const equal = rows.length == expected.length && place == -1
  return [rows.length, equal ? null : [rows.at(place), expected.at(place)]]
}"""
ENDS_WITH = """(x) => {
  const source = [...Bokeh.documents[0]._all_models.values()].find(({name}) => name == "rows")
  return source.data.x.at(-1) == x
}"""
USE = """(tool) => {
  const {toolbar} = [...Bokeh.documents[0]._all_models.values()].find(({type}) => type == "Figure")
  const tools = toolbar.tools.flatMap((one) => one.tools ?? [one])
  for (const one of tools) if (one.type == tool) one.active = true
}"""
RESET = """() => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  Bokeh.index.find_one(models.find(({type}) => type == "Figure")).reset()
}"""
# Which glyph was hit stays in its page.
SHOW = """([x0, x1, y0, y1]) => {
  const models = [...Bokeh.documents[0]._all_models.values()]
  models.find(({name}) => name == "rows").selected.selected_glyphs = []
  const {x_range, y_range} = models.find(({type}) => type == "Figure")
  x_range.setv({start: x0, end: x1})
  y_range.setv({start: y0, end: y1})
}"""
Frame = tuple[float, float, float, float, float, float, float, float]


class Person:
    """Somebody at a page, and the script whose rows it shows."""

    def __init__(self, page: Page, session: Session, source: ColumnDataSource, rows: int) -> None:
        self.page = page
        self._session = session
        self._source = source
        self._rows = rows
        self._end = float(rows)
        self._numbers = np.random.default_rng(7)
        self._random = random.Random(7)
        self._last = float(self._columns()[1][-1])
        self.compared = {"hovered": 0, "selected": 0}
        self.faults: list[str] = []

    def stream(self, times: int) -> None:
        for _ in range(times):
            walk = self._last + self._numbers.standard_normal(ADDED).cumsum()
            self._last = float(walk[-1])
            new: Any = {"x": np.arange(self._end, self._end + ADDED), "y": walk}
            self._end += ADDED
            self._source.stream(new, rollover=self._rows)
            self._session.store_objects(self._source)

    def settle(self) -> None:
        self._session.flush()
        last = float(self._source.data["x"][-1])
        self.page.wait_for_function(ENDS_WITH, arg=last)
        self.page.wait_for_function(LIVE)

    def act(self) -> None:
        action = self._random.choice(
            [self.wheel, self.drag, self.zoom, self.select, self.lasso, self.hover, self.tap]
        )
        action()
        if self._random.random() < 0.2:
            self.page.evaluate(RESET)
        self.stream(self._random.randrange(4))

    def wheel(self) -> None:
        self.page.evaluate(USE, "WheelZoomTool")
        self.page.mouse.move(*self._place())
        for _ in range(self._random.randrange(1, 6)):
            self.page.mouse.wheel(0, self._random.choice([-120, -120, 120]))
            self.stream(1)

    def drag(self) -> None:
        self._drag("PanTool", self._place(), self._place())

    def zoom(self) -> None:
        self._drag("BoxZoomTool", self._place(), self._place())

    def select(self) -> None:
        self.settle()
        (x0, y0), (x1, y1) = self._place(), self._place()
        frame = self.frame()
        self._drag("BoxSelectTool", (x0, y0), (x1, y1), streams=False)
        low_x, high_x = sorted([self._x(frame, x0), self._x(frame, x1)])
        low_y, high_y = sorted([self._y(frame, y0), self._y(frame, y1)])
        x, y = self._columns()
        inside = (x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)
        self._compare("selected", np.flatnonzero(inside))

    def lasso(self) -> None:
        self.settle()
        frame = self.frame()
        x, y = self._columns()
        sx, sy = self._sx(frame, x), self._sy(frame, y)
        is_clear = False
        while not is_clear:
            corners = [self._place() for _ in range(3)]
            inside, is_clear = enclosed(sx, sy, corners)
        self.page.evaluate(USE, "LassoSelectTool")
        mouse = self.page.mouse
        mouse.move(*corners[0])
        mouse.down()
        for corner in corners[1:]:
            mouse.move(*corner)
        mouse.up()
        self._compare("selected", np.flatnonzero(inside))

    def tap(self) -> None:
        self.settle()
        self._point("selected", self._over_a_row(), press=True)

    def hover(self) -> None:
        self.settle()
        self._point("inspected", self._over_a_row(), press=False)

    def _point(self, kind: str, place: tuple[float, float], *, press: bool) -> None:
        frame = self.frame()
        self.page.mouse.move(*place)
        if press:
            self.page.mouse.click(*place)
        x, y = self._columns()
        near = np.abs(self._sx(frame, x) - np.float32(place[0])) <= SIZE / 2
        near &= np.abs(self._sy(frame, y) - np.float32(place[1])) <= SIZE / 2
        self._compare(kind, np.flatnonzero(near))

    def _compare(self, kind: str, expected: Any) -> None:
        wanted = base64.b64encode(expected.astype(np.int32).tobytes()).decode()
        found: list[Any] = []

        def agree() -> bool:
            found[:] = self.page.evaluate(DIFFERENCE, [kind, wanted])
            return found[1] is None

        def script_agrees() -> bool:
            return np.array_equal(
                np.sort(np.asarray(self._source.selected.indices, dtype=np.int64)), expected
            )

        if not becomes_true(agree, PATIENCE_S, self.page):
            self.faults.append(f"{kind}: {found[0]} rows in the page, {len(expected)} wanted: {found[1]}")
        elif kind == "selected" and not becomes_true(script_agrees, PATIENCE_S):
            python = len(self._source.selected.indices)
            self.faults.append(f"{kind}: {python} rows in the script, {len(expected)} wanted")
        self.compared["hovered" if kind == "inspected" else kind] += 1

    def _drag(
        self, tool: str, start: tuple[float, float], end: tuple[float, float], *, streams: bool = True
    ) -> None:
        self.page.evaluate(USE, tool)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        for step in range(1, 6):
            part = step / 5
            self.page.mouse.move(start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
            if streams:
                self.stream(1)
        self.page.mouse.up()

    def views(self) -> list[list[float]]:
        """Ranges: those that there are, all rows, and parts of them."""
        x, y = self._columns()
        found = [[*self.frame()[4:]], [float(x[0]), float(x[-1]), float(y.min()), float(y.max())]]
        for rows in (100_000, 10_000, 1000, 100):
            start = self._random.randrange(len(x) - rows)
            part = np.s_[start : start + rows]
            found.append([float(x[part][0]), float(x[part][-1]), float(y[part].min()), float(y[part].max())])
        return found

    def frame(self) -> Frame:
        return tuple(self.page.evaluate(FRAME))

    def _place(self) -> tuple[float, float]:
        left, top, width, height, *_ = self.frame()
        across, down = self._random.uniform(0.1, 0.9), self._random.uniform(0.1, 0.9)
        return round(left + width * across), round(top + height * down)

    def _over_a_row(self) -> tuple[float, float]:
        """A place where a row is drawn, if one is in view."""
        frame = self.frame()
        x, y = self._columns()
        inside = (x > frame[4]) & (x < frame[5]) & (y > min(frame[6:])) & (y < max(frame[6:]))
        rows = np.flatnonzero(inside)
        if not len(rows):
            return self._place()
        row = rows[self._random.randrange(len(rows))]
        return float(round(float(self._sx(frame, x[row])))), float(round(float(self._sy(frame, y[row]))))

    def _columns(self) -> tuple[Any, Any]:
        return np.asarray(self._source.data["x"]), np.asarray(self._source.data["y"])

    @staticmethod
    def _sx(frame: Frame, x: Any) -> Any:
        left, _, width, _, start, end, *_ = frame
        return left + width * (x - start) / (end - start)

    @staticmethod
    def _sy(frame: Frame, y: Any) -> Any:
        _, top, _, height, _, _, start, end = frame
        return top + height * (end - y) / (end - start)

    @staticmethod
    def _x(frame: Frame, sx: float) -> float:
        left, _, width, _, start, end, *_ = frame
        return start + (sx - left) / width * (end - start)

    @staticmethod
    def _y(frame: Frame, sy: float) -> float:
        _, top, _, height, _, _, start, end = frame
        return end - (sy - top) / height * (end - start)


def enclosed(sx: Any, sy: Any, corners: list[tuple[float, float]]) -> tuple[Any, bool]:
    """Which points are in a polygon, and whether none is so near to its sides that rounding decides."""
    inside = np.zeros(len(sx), dtype=bool)
    is_clear = True
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if y1 == y2:
            return inside, False
        crosses = (y1 < sy) != (y2 < sy)
        to_the_right = sx - (x1 + (sy - y1) / (y2 - y1) * (x2 - x1))
        inside ^= crosses & (to_the_right > 0)
        is_clear &= not (crosses & (np.abs(to_the_right) < 1e-3)).any()
        is_clear &= not (np.abs(sy - y1) < 1e-3)[np.abs(sx - x1) < 1].any()
    return inside, is_clear


def memory_of(cdp: CDPSession) -> float:
    """What the page's scripts keep, in MB."""
    cdp.send("HeapProfiler.collectGarbage")
    usage = cdp.send("Runtime.getHeapUsage")
    return float(usage["usedSize"] + usage.get("backingStorageSize", 0)) / 1e6


def picture(page: Page) -> Any:
    page.mouse.move(5, 5)
    page.wait_for_function(LIVE)
    return np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB"), dtype=np.int16)


def differing(page: Page, other: Page, person: Person, view: list[float]) -> int:
    """How many pixels of the frame differ between two pages that show the same, at rest."""
    for each in (page, other):
        each.evaluate(SHOW, view)
    left, top, width, height, *_ = person.frame()
    inside = np.s_[int(top) + 1 : int(top + height) - 1, int(left) + 1 : int(left + width) - 1]
    found = []

    def are_equal() -> bool:
        worked, fresh = picture(page)[inside], picture(other)[inside]
        found.append(int((np.abs(worked - fresh).max(axis=2) > 1).sum()))
        return found[-1] == 0

    becomes_true(are_equal, PATIENCE_S, page)
    return found[-1]


def run(seconds: float, rows: int) -> list[str]:
    """What went wrong."""
    server = LiveServer("--store", "memory:")
    rng = np.random.default_rng(1)
    y = rng.standard_normal(rows).cumsum()
    source = ColumnDataSource({"x": np.arange(float(rows)), "y": y}, name="rows")
    plot = figure(
        width=1000,
        height=500,
        tools="pan,wheel_zoom,box_zoom,box_select,lasso_select,tap,hover,reset",
        output_backend="canvas",
    )
    plot.line("x", "y", source=source)
    plot.scatter("x", "y", source=source, size=SIZE)
    document = Document()
    document.add_root(plot)
    heard: list[str] = []
    with (
        Session(root_url=server.url.removesuffix("bokeh/"), load_from_config=False) as session,
        sync_playwright() as p,
    ):
        session.use_doc("long", clear=True)
        session.store_document(document)
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1100, "height": 620})

        def opened() -> Page:
            page = context.new_page()
            page.on("console", lambda message: heard.append(message.text) if message.type != "info" else None)
            page.on("pageerror", lambda error: heard.append(str(error)))
            page.goto(f"{session.base_url}doc/{session.docid}")
            page.wait_for_function(LIVE)
            return page

        page = opened()
        person = Person(page, session, source, rows)
        cdp = context.new_cdp_session(page)
        memory: list[float] = []
        with session.live(document):
            begun, actions = time.monotonic(), 0
            while time.monotonic() - begun < seconds:
                person.act()
                actions += 1
                if actions % 10 == 0:
                    memory.append(memory_of(cdp))
            person.settle()
            other = opened()
            differ = [differing(page, other, person, view) for view in person.views()]
        browser.close()
    server.close()
    faults = person.faults + [f"console: {text}" for text in dict.fromkeys(heard)]
    if any(differ):
        faults.append(f"pixels that differ from those of a page opened at the end: {differ}")
    sys.stdout.write(f"{actions} actions, {person.compared}; memory in MB: {[round(mb) for mb in memory]}\n")
    if len(memory) > 3 and memory[-1] > GROWTH * max(memory[:2]):
        faults.append(f"memory grew: {memory[-1]:.0f} MB after {memory[0]:.0f}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.long_columns")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    faults = run(options.seconds, options.rows)
    sys.stdout.write(("\n".join(faults) or "nothing went wrong") + "\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
