"""Pages that are looked at: their picture, and what they complain about."""

import re
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Any

import bokeh
import numpy as np
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.resources import Resources
from PIL import Image
from playwright.sync_api import BrowserContext, Page

SHOTS = Path(__file__).parents[1] / "shots"
PATIENCE_S = 10.0
IDLE = "window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents.every((document) => document.is_idle)"
LIVE = f"document.querySelector('#bokeh-wsgi-state').dataset.state == 'live' && {IDLE}"
# Software rendering tells how slow it is; both pages do, at random.
GRAPHICS_CHATTER = re.compile("GL Driver Message")
# Tables complain once a page; what MathJax has set is another size in the next document.
ALONE = ("bokeh-tables", "bokeh-mathjax")
ID = re.compile(r"\bp\d+\b")

Picture = np.ndarray[Any, np.dtype[np.uint8]]


class Eye:
    """A page of the browser, and what it complains about."""

    def __init__(self, context: BrowserContext, ready: str) -> None:
        self.page: Page = context.new_page()
        self.complaints: set[str] = set()
        self._ready = ready
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self._hear("error", str(error)))

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not GRAPHICS_CHATTER.search(text):
            self.complaints.add(f"{kind}: {ID.sub('p…', text)}")

    def open(self, url: str) -> None:
        self.complaints.clear()
        self.page.goto(url, wait_until="commit")

    def wait(self) -> None:
        self.page.wait_for_function(self._ready, timeout=PATIENCE_S * 1000)

    def picture(self) -> Picture:
        return np.asarray(Image.open(BytesIO(self.page.screenshot())).convert("RGB"))


class Reference(Eye):
    """The page that Bokeh makes of a document; what its head loads is kept for the next document."""

    def __init__(self, context: BrowserContext, server_url: str, path: Path) -> None:
        super().__init__(context, IDLE)
        self._resources = Resources(mode="server", root_url=server_url)
        path.write_text("<!DOCTYPE html><html><head></head><body></body></html>")
        self._url = path.as_uri()
        self.begin()

    def begin(self) -> None:
        """As a page in which no document was before."""
        self.page.goto(self._url)

    def put(self, document: Document) -> None:
        html = file_html(document, self._resources)
        if any(bundle in html for bundle in ALONE):
            self.begin()
        self.complaints.clear()
        # BokehJS from the server, where it is already.
        self.page.evaluate(PUT, html.replace("/static/js/", f"/static/bokeh/{bokeh.__version__}/js/"))


# Instead of the document that is there, another; with all that file_html's page has, in its order.
PUT = """async (html) => {
  for (const document of window.Bokeh?.documents ?? []) document.clear()
  window.Bokeh?.documents.splice(0)
  const parsed = new DOMParser().parseFromString(html, "text/html")
  const copied = (element) => {
    if (element.localName != "script") return element
    const script = document.createElement("script")  // parsed ones do not run
    for (const {name, value} of element.attributes) script.setAttribute(name, value)
    script.textContent = element.textContent
    return script
  }
  const loaded = window.loaded ??= new Set()
  for (const element of [...parsed.head.children]) {
    if (loaded.has(element.outerHTML)) continue
    loaded.add(element.outerHTML)
    const copy = copied(element)
    const waits = copy.src || copy.rel == "stylesheet"
    // As in any page, a script that does not come is done without.
    const done = waits && new Promise((then) => { copy.onload = then; copy.onerror = then })
    document.head.append(copy)
    await done
  }
  document.body.replaceChildren()
  for (const node of [...parsed.body.childNodes]) document.body.append(copied(node))
}"""


def settled(ours: Eye, theirs: Eye, smooth: int = 0) -> tuple[Picture, Picture]:
    """Both pictures, once they are equal, or when it has taken too long for fonts and images to arrive."""
    deadline = monotonic() + PATIENCE_S
    while True:
        pictures = ours.picture(), theirs.picture()
        if not differ(*pictures, smooth).any() or monotonic() > deadline:
            return pictures


def differ(picture: Picture, wanted: Picture, smooth: int = 0) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which pixels differ, by more than ``smooth``."""
    distance = np.maximum(picture, wanted) - np.minimum(picture, wanted)
    return np.asarray((distance > smooth).any(axis=-1))


def keep(name: str, picture: Picture, wanted: Picture) -> None:
    SHOTS.mkdir(exist_ok=True)
    differs = (picture != wanted).any(axis=-1)
    # What is wrong in red, on what should be, paled.
    difference = np.where(differs[..., None], np.array([255, 0, 0]), 255 - (255 - wanted) // 4)
    for kind, pixels in (("ours", picture), ("theirs", wanted), ("difference", difference)):
        Image.fromarray(pixels.astype(np.uint8)).save(SHOTS / f"{name}-{kind}.png")
