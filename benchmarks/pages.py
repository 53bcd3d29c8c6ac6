"""A source that a script changes and a page shows: through this project, and through ``bokeh serve``."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ColumnDataSource
from playwright.sync_api import Browser, Page

# Notes the wall clock whenever the page's source says that it changed.
WATCH = """() => {
  const find = (models) => [...models].find((model) => model.name == "bench")
  const doc = Bokeh.documents.find((doc) => find(doc._all_models.values()) != null)
  const source = find(doc._all_models.values())
  window.stamps = []
  const note = () => window.stamps.push((performance.timeOrigin + performance.now()) / 1000)
  for (const signal of [source.properties.data.change, source.streaming, source.patching]) {
    signal.connect(note, {})
  }
}"""
# Notes when the page has painted what changed: at the second frame after it. The page's clock of high
# resolution begins when the page does and may drift from the system's.
WATCH_PAINT = """() => {
  const find = (models) => [...models].find((model) => model.name == "bench")
  const doc = Bokeh.documents.find((doc) => find(doc._all_models.values()) != null)
  const source = find(doc._all_models.values())
  const frame = () => new Promise((done) => requestAnimationFrame(done))
  window.stamps = []
  const note = async () => {
    await frame()
    await frame()
    window.stamps.push(Date.now() / 1000)
  }
  for (const signal of [source.properties.data.change, source.streaming, source.patching]) {
    signal.connect(note, {})
  }
}"""
FOUND = """() => window.Bokeh != null && Bokeh.documents.some(
  (doc) => [...doc._all_models.values()].some((model) => model.name == "bench"))"""


class Side(Protocol):
    """One way from a script to a page."""

    source: ColumnDataSource
    page: Page

    def update(self, change: Callable[[], Any]) -> None:
        """Make a change to ``source`` and send it."""

    def close(self) -> None: ...


class Ours:
    def __init__(
        self,
        root_url: str,
        source: ColumnDataSource,
        browser: Browser,
        root: Model | None = None,
        watch: str = WATCH,
    ) -> None:
        from bokeh_wsgi import Session

        self.source = source
        self.document = Document()
        self.document.add_root(root or source)
        self.session = Session(root_url=root_url, load_from_config=False)
        self.session.use_doc(f"bench {source.id}")
        self.session.store_document(self.document)
        self.page = _open(browser, f"{self.session.base_url}doc/{self.session.docid}", watch)

    def update(self, change: Callable[[], Any]) -> None:
        change()
        self.session.store_objects(self.source)

    def close(self) -> None:
        self.page.close()
        self.session.close()


class BokehServe:
    """Bokeh's own server, driven as its users would: a pushed document, changed through a ClientSession."""

    def __init__(
        self,
        url: str,
        source: ColumnDataSource,
        browser: Browser,
        root: Model | None = None,
        watch: str = WATCH,
    ) -> None:
        from bokeh.client import push_session

        self.source = source
        document = Document()
        document.add_root(root or source)
        # Its client and the browser's driver both want a thread's event loop: it has a thread of its own.
        self._thread = ThreadPoolExecutor(1)
        self.session = self._thread.submit(push_session, document, url=url, max_message_size=1 << 31).result()
        self.page = _open(browser, f"{url}?bokeh-session-id={self.session.id}", watch)

    def update(self, change: Callable[[], Any]) -> None:
        def run() -> None:
            change()
            # Assigning, patching and streaming only queue the message; without this it would not leave.
            self.session.force_roundtrip()

        self._thread.submit(run).result()

    def close(self) -> None:
        self.page.close()
        self._thread.submit(self.session.close).result()
        self._thread.shutdown()


def _open(browser: Browser, url: str, watch: str) -> Page:
    page = browser.new_page()
    page.goto(url)
    page.wait_for_function(FOUND, timeout=60_000)
    page.evaluate(watch)
    return page


class PageClock:
    """A benchmark's timer: the wall clock, but after a call the moment of the page's change event.

    The rounds then measure from the script's call to the event, without what it takes to look at the page.
    """

    def __init__(self) -> None:
        self.stamp: float | None = None

    def __call__(self) -> float:
        stamp, self.stamp = self.stamp, None
        return time.time() if stamp is None else stamp


def measured(side: Side, clock: PageClock, change: Callable[[], Any]) -> Callable[[], None]:
    """A call that makes a change, sends it and leaves the moment of its event in ``clock``."""

    def run() -> None:
        side.update(change)
        handle = side.page.wait_for_function("() => window.stamps.length > 0 && window.stamps[0]", polling=1)
        clock.stamp = float(handle.json_value())

    return run


def port_of(line: str) -> str:
    found = re.search(r":(\d+)", line.rpartition("//")[2]) or re.search(r":(\d+)", line)
    assert found is not None, line
    return found[1]
