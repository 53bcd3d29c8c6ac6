"""A document and the pages that show it, and what people do in them with mouse and keyboard."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import urllib3
from bokeh.document import Document
from bokeh.models import ColumnDataSource, Model
from bokeh.plotting import figure
from playwright.sync_api import Page, Request

from bokeh_wsgi import Session
from bokeh_wsgi.dataplane import Op, encode_upload
from bokeh_wsgi.models.state import State
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.waiting import pause, wait_until


class SharedDocument:
    """A document, and the pages that show it."""

    def __init__(self, windows: Windows, server: LiveServer, title: str, **flags: Any) -> None:
        self.windows, self.server = windows, server
        self.session = Session(root_url=server.url, load_from_config=False)
        self.session.use_doc(title, **flags)
        self.document = Document()
        self.pages: list[Page] = []
        self._sent: list[list[dict[str, Any]]] = []
        self.complaints: list[str] = []

    def publish(self, *roots: Model) -> None:
        for root in roots:
            self.document.add_root(root)
        self.session.store_document(self.document)

    def open(self, *, query: str = "") -> Page:
        page = self.windows.new_page()
        page.set_default_timeout(15_000)
        page.on("request", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.session.document_link() + query)
        page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
        self.pages.append(page)
        return page

    def _heard(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/edits"):
            self._sent.append(json.loads((request.post_data or "").split("\n", 2)[2])["edits"])

    @property
    def sent(self) -> list[list[dict[str, Any]]]:
        """The batches that pages sent, once all news of them has been heard."""
        pause(0.05, "so that playwright hands on what it has heard", self.pages[0])
        return self._sent

    def upload(self, *ops: Op) -> int:
        """Ops as another script sends them; the status of the answer."""
        body = b"".join(encode_upload(self.session.docid, ops))
        path = f"{self.session.base_url}doc/{self.session.docid}/changes"
        headers = {"Content-Type": "application/vnd.apache.arrow.stream"}
        return urllib3.request("POST", path, body=body, headers=headers).status

    def state(self) -> State:
        return self.session.pull_state()

    def attribute(self, model: Model, name: str) -> Any:
        return self.state().graph.models[model.id]["attributes"].get(name)

    def column(self, source: Model, name: str) -> list[Any]:
        return list(self.state().columns[source.id, name].values.column().values())

    def in_page(self, page: Page, model: Model, expression: str) -> Any:
        """``expression`` of the ``model`` as the page has it."""
        return page.evaluate(f"(() => {{ const model = {in_js(model)}; return {expression} }})()")

    def until_all(self, model: Model, expression: str, value: Any) -> None:
        """Wait until all pages have this ``value``."""
        for page in self.pages:
            self.until(lambda page=page: self.in_page(page, model, expression) == value)  # type: ignore[misc]

    def until(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        """Wait for something; pages, and what listens to them, go on meanwhile."""
        wait_until(holds, seconds, self.pages[0])

    def rest(self, seconds: float) -> None:
        """Let time pass in which something is not to happen."""
        pause(seconds, "nothing can be waited for", self.pages[0])

    def close(self) -> None:
        for page in self.pages:
            page.close()
        self.session.close()
        assert not self.complaints


def in_js(model: Model) -> str:
    return f"Bokeh.documents[0].get_model_by_id('{model.id}')"


def points(**tools: Any) -> tuple[figure, ColumnDataSource]:
    source = ColumnDataSource({"x": np.arange(5.0), "y": np.arange(5.0), "name": list("abcde")})
    ranges: Any = (-1, 6)
    plot = figure(width=400, height=300, x_range=ranges, y_range=ranges, **tools)
    plot.scatter("x", "y", size=14, source=source)
    return plot, source


def renderers_of(plot: figure) -> Any:
    return plot.renderers


def place(page: Page, plot: Model, x: float, y: float) -> tuple[float, float]:
    """Where a point of a plot is on the screen."""
    found = page.evaluate(
        f"""(() => {{
          const view = Bokeh.index.find_one({in_js(plot)})
          const {{left, top}} = view.el.getBoundingClientRect()
          const {{bbox, x_scale, y_scale}} = view.frame
          return [left + x_scale.compute({x}), top + y_scale.compute({y})]
        }})()"""
    )
    return found[0], found[1]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], steps: int = 10) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    page.mouse.up()


def drag_slider(page: Page, dx: float, steps: int = 10) -> None:
    handle = page.locator(".noUi-handle").first.bounding_box()
    assert handle is not None
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    drag(page, (x, y), (x + dx, y), steps)
