"""Plots that a page has twice: one draws a long source from the rows of its view, the other all rows."""

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, LayoutDOM
from bokeh.plotting import figure
from PIL import Image
from playwright.sync_api import ConsoleMessage, Page

from tests.browser.pictures import GRAPHICS_CHATTER, IDLE, PATIENCE_S, Picture, differ, keep
from tests.browser.shared_document import SharedDocument, in_js
from tests.waiting import becomes_true

WIDTH, HEIGHT = 420, 200
# In a source's tags: draw it from all rows.
ALL_ROWS = "bokeh_wsgi.all_rows"
# Of the pixels of a plot: those that must be on the same side of half ink.
SAME_SIDE = 0.995
HALF_INK = 112

# All plots without data say this.
CHATTER = re.compile(f"{GRAPHICS_CHATTER.pattern}|could not set initial ranges")

Point = tuple[float, float]
Draw = Callable[[figure, ColumnDataSource], Any]


class Twin:
    """A plot and its source, twice: first as pages draw long sources."""

    def __init__(self, twins: "Twins", name: str, draw: Draw, data: Mapping[str, Any], options: Any) -> None:
        self.twins, self.name = twins, name
        self.sources = [ColumnDataSource(dict(data)), ColumnDataSource(dict(data), tags=[ALL_ROWS])]
        self.plots: list[figure] = []
        self.parts: list[LayoutDOM] = []
        for source in self.sources:
            made = options() if callable(options) else options
            plot = figure(
                **{"width": WIDTH, "height": HEIGHT, "tools": "tap,box_select,lasso_select", **made}
            )
            part = draw(plot, source)
            self.plots.append(plot)
            self.parts.append(part if isinstance(part, LayoutDOM) else plot)

    def both(self, change: Callable[[ColumnDataSource, figure], Any]) -> None:
        """Change both as a script does, and wait for the pages."""
        for source, plot in zip(self.sources, self.plots, strict=True):
            change(source, plot)
        self.twins.store()

    def ask(self, body: str, arg: Any = None) -> list[Any]:
        """What a function of ``plot``, ``source``, ``view``, ``renderer`` and ``arg`` returns for each."""
        return [
            self.twins.page.evaluate(
                f"""(arg) => {{
                  const plot = {in_js(plot)}, source = {in_js(source)}, view = Bokeh.index.find_one(plot)
                  const renderer = plot.renderers[0]
                  {body}
                }}""",
                arg,
            )
            for plot, source in zip(self.plots, self.sources, strict=True)
        ]

    def answer(self, body: str, arg: Any = None) -> Any:
        """As ask(), for something that must be the same for both."""
        ours, theirs = self.ask(body, arg)
        assert ours == theirs, f"{self.name}: {ours}, {theirs}"
        return ours

    def stands_in(self) -> bool:
        """Whether one is drawn from the rows of its view, and the other is not."""
        ours, theirs = self.ask(
            "return plot.renderers.map((each) => Boolean(Bokeh.index.find_one(each)?.stand))"
        )
        assert not any(theirs), self.name
        return all(ours)

    @property
    def ranges(self) -> list[Any]:
        return self.ask(
            """return [...view.frame.x_ranges.values(), ...view.frame.y_ranges.values()]
              .map(({start, end}) => [start, end].map(String))"""
        )

    def zoom(self, x: Point, y: Point | None = None) -> None:
        self.ask(
            """plot.x_range.setv({start: arg[0][0], end: arg[0][1]})
            if (arg[1]) plot.y_range.setv({start: arg[1][0], end: arg[1][1]})""",
            [x, y],
        )

    def places(self, x: float, y: float) -> list[Point]:
        """Where a point is on the screen: whole pixels, the same in both plots."""
        found = self.ask(
            """const {left, top} = view.el.getBoundingClientRect()
            const {x_scale, y_scale} = view.frame
            return [left + Math.round(x_scale.compute(arg[0])), top + Math.round(y_scale.compute(arg[1]))]""",
            [x, y],
        )
        return [(left, top) for left, top in found]

    def click(self, x: float, y: float) -> None:
        for place in self.places(x, y):
            self.twins.page.mouse.click(*place)

    def drag(self, *path: Point) -> None:
        places = [self.places(*point) for point in path]
        mouse = self.twins.page.mouse
        for start, *rest in zip(*places, strict=True):
            mouse.move(*start)
            mouse.down()
            for place in rest:
                mouse.move(*place, steps=4)
            mouse.up()

    def use(self, tool: str) -> None:
        self.ask("for (const tool of plot.toolbar.tools) if (tool.type == arg) tool.active = true", tool)

    def hover(self, x: float, y: float) -> Any:
        """What tooltips there show, where, and the rows that are hit: the same in both."""
        found: list[Any] = []

        def agree() -> bool:
            found.clear()
            for which, place in enumerate(self.places(x, y)):
                self.twins.page.mouse.move(*place)
                found.append([self._tips()[which], self.ask(INSPECTED)[which]])
            return bool(found[0][0]) and found[0] == found[1]

        # Plots may still be laid out.
        if not becomes_true(agree, PATIENCE_S, self.twins.page):
            raise AssertionError(f"{self.name} at {x}, {y}: {found}")
        return found[0]

    def _tips(self) -> list[Any]:
        return self.ask(TIPS)

    @property
    def selected(self) -> Any:
        """The rows that are selected in both."""
        return self.answer(
            """const {indices, line_indices, selected_glyphs} = source.selected
            return [[...indices], [...line_indices], selected_glyphs.length]"""
        )

    def cut(self, page: Picture) -> list[Picture]:
        """The pictures of both, from that of the page."""
        boxes = self.ask(BOX)
        return [page[top : top + height, left : left + width] for left, top, width, height in boxes]


# A plot that was clicked has an outline.
BLUR = """() => {
  let element = document.activeElement
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  element?.blur()
}"""
# Tooltips that are shown.
TIPS = """return [...view.tool_views?.values() ?? []].flatMap(({ttmodels}) => [...ttmodels?.values() ?? []])
  .filter(({visible, position}) => visible && position)
  .map(({position, content}) => [content.textContent, position])"""
INSPECTED = """const {indices, line_indices} = source.inspected
return [[...indices], [...line_indices]]"""
BOX = """const {left, top, width, height} = view.el.getBoundingClientRect()
return [left + scrollX, top + scrollY, width, height].map((value) => Math.round(value * devicePixelRatio))"""


class Twins:
    """The twins of one page."""

    def __init__(self, shared: SharedDocument) -> None:
        self.shared = shared
        self.twins: list[Twin] = []
        self._mark = ColumnDataSource({"stored": [0]}, name="mark")
        self._stored = 0
        self.complaints: list[str] = []
        self.page: Page

    def add(self, name: str, draw: Draw, data: Mapping[str, Any], options: Any = None) -> Twin:
        self.twins.append(Twin(self, name, draw, data, options or {}))
        return self.twins[-1]

    def open(self) -> None:
        if not self.shared.document.roots:
            self.shared.publish(column(*(row(*twin.parts) for twin in self.twins)), self._mark)
        width = max(plot.width or 0 for twin in self.twins for plot in twin.plots)
        height = sum(max(plot.height or 0 for plot in twin.plots) for twin in self.twins)
        self.page = self.shared.windows.new_page(viewport={"width": 2 * width + 40, "height": height + 150})
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(self.shared.session.document_link())
        self.shared.pages.append(self.page)
        self.settle()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not CHATTER.search(message.text):
            self.complaints.append(message.text)

    def settle(self) -> None:
        """Wait until the page has what the script stored, and is drawn."""
        self.page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
        self.page.wait_for_function(f"{IDLE} && {in_js(self._mark)}.data.stored[0] == {self._stored}")

    def store(self) -> None:
        """Store the document, and wait until the page has it."""
        self._stored += 1
        self._mark.data = {"stored": [self._stored]}
        self.shared.session.store_document(self.shared.document)
        self.shared.session.flush()
        self.settle()

    def same(self, *twins: Twin, tolerance: int | None = None, sides: float = SAME_SIDE) -> None:
        """
        Wait until twins look the same, all of the page if none are given: so many of their pixels are on the
        same side of half ink; with ``tolerance``, no value of a pixel may differ by more. Their pictures are
        kept if they do not.
        """
        wanted = twins or tuple(self.twins)
        if not becomes_true(lambda: not self._differing(wanted, tolerance, sides), PATIENCE_S, self.page):
            for twin, (ours, theirs) in zip(wanted, self._pictures(wanted), strict=True):
                if ours.shape == theirs.shape:
                    keep(f"twin-{twin.name}", ours, theirs)
            raise AssertionError(f"different: {self._differing(wanted, tolerance, sides)}")
        assert not self.complaints, f"complaints: {self.complaints}"

    def _differing(self, twins: tuple[Twin, ...], tolerance: int | None, sides: float) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for twin, (ours, theirs) in zip(twins, self._pictures(twins), strict=True):
            ranges = twin.ranges
            if ours.shape != theirs.shape:
                found[twin.name] = ours.shape, theirs.shape
            elif ranges[0] != ranges[1]:
                found[twin.name] = ranges
            elif tolerance is None:
                equal = float((has_ink(ours) == has_ink(theirs)).mean())
                if equal < sides:
                    found[twin.name] = equal
            elif count := int(differ(ours, theirs, tolerance).sum()):
                found[twin.name] = count
        return found

    def _pictures(self, twins: tuple[Twin, ...]) -> list[list[Picture]]:
        self.page.evaluate(BLUR)
        page = np.asarray(Image.open(BytesIO(self.page.screenshot())).convert("RGB"))
        return [twin.cut(page) for twin in twins]


def has_ink(picture: Picture) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which pixels are at least as dark as if half of them were covered by the ink of most plots."""
    paler: Any = np.abs(picture.astype(int) - 255).max(axis=-1)
    return np.asarray(paler >= HALF_INK)
