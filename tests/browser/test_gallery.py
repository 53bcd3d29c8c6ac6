"""Every document of the gallery is the same picture as Bokeh's own file_html of it, pixel for pixel."""

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
ID = re.compile(r"\bp\d+\b")

pytestmark = [
    pytest.mark.browser,
    # Of columns with integers that JavaScript cannot hold: Bokeh warns, file_html too.
    pytest.mark.filterwarnings("ignore:out of range integer"),
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


@pytest.fixture(scope="module")
def eyes(browser: Browser) -> Iterator[tuple[Eye, Eye]]:
    context = browser.new_context(viewport={"width": 880, "height": 620})
    yield Eye(context, LIVE), Eye(context, IDLE)
    context.close()


@pytest.fixture(scope="module")
def session(memory_server: LiveServer) -> Iterator[Session]:
    with Session(root_url=memory_server.url, load_from_config=False) as session:
        yield session


@pytest.mark.parametrize("name", NAMES)
def test_a_published_document_is_the_picture_that_file_html_makes(
    name: str, eyes: tuple[Eye, Eye], session: Session, memory_server: LiveServer, tmp_path: Path
) -> None:
    ours, theirs = eyes
    document = build(name)
    session.use_doc(name)
    session.store_document(document)
    # Without our header: smooth edges are rounded differently at another place of the window.
    ours.open(session.document_link() + "?embed=1")
    theirs.open(reference(document, memory_server.url, tmp_path / "reference.html"))
    theirs.wait()
    ours.wait()
    picture, wanted = settled(ours, theirs)
    wrong = int((picture != wanted).any(axis=-1).sum())
    if wrong:
        keep(name, picture, wanted)
    assert wrong == 0, f"{wrong} pixels of {name} differ: see {SHOTS / name}-*.png"
    assert ours.complaints <= theirs.complaints


def reference(document: Document, server_url: str, path: Path) -> str:
    """Address of the page that Bokeh makes of ``document``, with BokehJS from the server to load it fast."""
    html = file_html(document, Resources(mode="server", root_url=server_url))
    path.write_text(html.replace("/static/js/", f"/static/bokeh/{bokeh.__version__}/js/"))
    return path.as_uri()


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
