"""Every document of the gallery is the same picture as Bokeh's own file_html of it, pixel for pixel.

Ours is opened anew for each document. Of file_html there is one page, into which each document's is put:
BokehJS is not what is tested there, and need not be loaded a hundred times.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Any

import bokeh
import numpy as np
import pytest
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.resources import Resources
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from bokeh_wsgi import Session
from tests.gallery.documents import NAMES, build

from .conftest import LiveServer

SHOTS = Path(__file__).parents[1] / "shots"
PATIENCE_S = 10.0
IDLE = "window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents.every((document) => document.is_idle)"
LIVE = f"document.querySelector('#bokeh-wsgi-state').dataset.state == 'live' && {IDLE}"
# Software rendering tells how slow it is; both pages do, at random.
GRAPHICS_CHATTER = re.compile("GL Driver Message")
# Tables complain once a page; what MathJax has set is another size in the next document.
ALONE = ("bokeh-tables", "bokeh-mathjax")
ID = re.compile(r"\bp\d+\b")

pytestmark = [
    # Of columns with integers that JavaScript cannot hold: Bokeh warns, file_html too.
    pytest.mark.filterwarnings("ignore:out of range integer"),
    pytest.mark.filterwarnings("ignore:column .* has integers beyond"),
]
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


@pytest.fixture(scope="module")
def eyes(
    browser: Browser, memory_server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Eye, Reference]]:
    context = browser.new_context(viewport={"width": 880, "height": 620})
    path = tmp_path_factory.mktemp("reference") / "reference.html"
    yield Eye(context, LIVE), Reference(context, memory_server.url, path)
    context.close()


@pytest.fixture(scope="module")
def session(memory_server: LiveServer) -> Iterator[Session]:
    with Session(root_url=memory_server.url, load_from_config=False) as session:
        yield session


@pytest.mark.parametrize("name", NAMES)
def test_a_published_document_is_the_picture_that_file_html_makes(
    name: str, eyes: tuple[Eye, Reference], session: Session
) -> None:
    ours, theirs = eyes
    document = build(name)
    session.use_doc(name)
    session.store_document(document)
    picture, wanted = pictures_of(document, session, ours, theirs)
    if not np.array_equal(picture, wanted):
        # In a page that has drawn others before, smooth edges may be rounded differently.
        theirs.begin()
        picture, wanted = pictures_of(document, session, ours, theirs)
    wrong = int((picture != wanted).any(axis=-1).sum())
    if wrong:
        keep(name, picture, wanted)
    assert wrong == 0, f"{wrong} pixels of {name} differ: see {SHOTS / name}-*.png"
    assert ours.complaints <= theirs.complaints


def pictures_of(
    document: Document, session: Session, ours: Eye, theirs: Reference
) -> tuple[Picture, Picture]:
    # Without our header: smooth edges are rounded differently at another place of the window.
    ours.open(session.document_link() + "?embed=1")
    theirs.put(document)
    theirs.wait()
    ours.wait()
    return settled(ours, theirs)


def settled(ours: Eye, theirs: Eye) -> tuple[Picture, Picture]:
    """Both pictures, once they are equal, or when it has taken too long for fonts and images to arrive."""
    deadline = monotonic() + PATIENCE_S
    while True:
        pictures = ours.picture(), theirs.picture()
        if np.array_equal(*pictures) or monotonic() > deadline:
            return pictures


def keep(name: str, picture: Picture, wanted: Picture) -> None:
    SHOTS.mkdir(exist_ok=True)
    differs = (picture != wanted).any(axis=-1)
    # What is wrong in red, on what should be, paled.
    difference = np.where(differs[..., None], np.array([255, 0, 0]), 255 - (255 - wanted) // 4)
    for kind, pixels in (("ours", picture), ("theirs", wanted), ("difference", difference)):
        Image.fromarray(pixels.astype(np.uint8)).save(SHOTS / f"{name}-{kind}.png")
