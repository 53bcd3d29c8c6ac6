"""Every document of the gallery is the same picture as Bokeh's own file_html of it, pixel for pixel.

Ours is opened anew for each document. Of file_html there is one page, into which each document's is put:
BokehJS is not what is tested there, and need not be loaded a hundred times.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from bokeh.document import Document
from playwright.sync_api import Browser

from bokeh_wsgi import Session
from tests.gallery.documents import NAMES, build

from .live_server import LiveServer
from .pictures import LIVE, SHOTS, Eye, Picture, Reference, keep, settled
from .twins import has_ink

pytestmark = [
    # Of columns with integers that JavaScript cannot hold: Bokeh warns, file_html too.
    pytest.mark.filterwarnings("ignore:out of range integer"),
    pytest.mark.filterwarnings("ignore:column .* has integers beyond"),
]


LONG = {"a_long_column"}
SAME_SIDE = 0.999
"""Of the pixels of those: so many must be on the same side of half ink."""


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
    if name in LONG:
        # Many rows share a pixel, and most are not drawn: antialiasing makes other edges.
        assert (has_ink(picture) == has_ink(wanted)).mean() >= SAME_SIDE
        return
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
