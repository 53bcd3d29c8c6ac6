"""Plots in pages of other sites, by embed tags, in Chromium."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import bokeh
import numpy as np
import pytest
from bokeh.document import Document
from bokeh.embed import components
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, Model
from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure
from playwright.sync_api import Browser, Page, Request

from bokeh_wsgi import Session
from bokeh_wsgi.embed import autoload_server
from tests.browser.conftest import LiveServer
from tests.browser.host_site import OTHER_VERSION, HostSite

pytestmark = pytest.mark.browser
ROWS = 5


@pytest.fixture(scope="module")
def site() -> Iterator[HostSite]:
    with HostSite() as site:
        yield site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(10_000)
    yield page
    page.close()


@pytest.fixture
def requests(page: Page) -> list[Request]:
    """What the page asks for, preflights apart."""
    heard: list[Request] = []
    page.on("request", lambda request: heard.append(request) if request.method == "GET" else None)
    return heard


@pytest.fixture
def complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


class Published:
    """A document with plots named p0, p1 … that share a source, published."""

    def __init__(self, server: LiveServer, title: str, plots: int = 1, *more: Model) -> None:
        self.session = Session(root_url=server.url, load_from_config=False)
        self.session.use_doc(title)
        self.source = ColumnDataSource({"x": np.arange(float(ROWS)), "y": np.zeros(ROWS)}, name="source")
        self.document = Document()
        for number in range(plots):
            plot = figure(width=200, height=100, name=f"p{number}")
            plot.line("x", "y", source=self.source)
            self.document.add_root(plot)
        for root in more:
            self.document.add_root(root)
        self.session.store_document(self.document)
        self.docid = self.session.docid

    def tag(self, plot: str | None = None, **attributes: str) -> str:
        """The embed tag of a plot, or of all of the document; attributes that differ: ``element="there"``."""
        tag = autoload_server(plot, self.session)
        for name, value in attributes.items():
            tag = re.sub(f' data-bokeh-{name}="[^"]*"', "", tag)
            tag = tag.replace("<script ", f'<script data-bokeh-{name}="{value}" ')
        return tag

    def stream(self) -> None:
        """One more row."""
        self.source.stream({"x": [float(len(self.source.data["x"]))], "y": [1.0]})
        self.session.store_objects(self.source)


# In the page: what embeds show. `rows` of a document's source, `titles` of the plots that are drawn, in order.
LOOK = """
window.look = {
  embeds: null,
  rows(docid) {
    const live = this.embeds?.documents.get(docid)?.document
    const source = live && [...live._all_models.values()].find((model) => model.name == "source")
    return source?.data.x.length ?? 0
  },
  async ready() {
    this.embeds ??= await Object.values(window.bokehWSGIEmbeds?.byBase ?? {})[0]
  },
  titles() {
    const found = []
    for (const element of document.querySelectorAll("*")) {
      for (const plot of element.shadowRoot?.querySelectorAll(".bk-Figure") ?? []) found.push(plot)
      if (element.matches(".bk-Figure")) found.push(element)
    }
    return found.length
  },
}
setInterval(() => look.ready(), 20)
"""


@pytest.fixture
def look(page: Page) -> Page:
    page.add_init_script(LOOK)
    return page


def wait_for_rows(page: Page, published: Published, rows: int) -> None:
    page.wait_for_function("([docid, rows]) => look.rows(docid) == rows", arg=[published.docid, rows])


def wait_for_plots(page: Page, count: int) -> None:
    page.wait_for_function("(count) => look.titles() == count", arg=count)


def test_twelve_tags_of_three_documents_take_one_stream(
    memory_server: LiveServer, site: HostSite, look: Page, requests: list[Request], complaints: list[str]
) -> None:
    documents = [Published(memory_server, f"twelve {n}", 4) for n in range(3)]
    tags = [documents[n % 3].tag(f"p{n // 3}") for n in range(12)]
    look.goto(site.page("".join(tags)))
    wait_for_plots(look, 12)
    for document in documents:
        document.stream()
    for document in documents:
        wait_for_rows(look, document, ROWS + 1)
    assert len([r for r in requests if "/changes?" in r.url]) == 1
    assert len([r for r in requests if r.url.endswith("/bokeh.min.js")]) == 1
    assert complaints == []
