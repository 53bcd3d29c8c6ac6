"""Whatever a script changes, every page shows the picture that Bokeh makes of the document as it is then.

So does a page that was open, one that is opened late, and one that is reloaded; and none of them complains.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import urllib3
from bokeh.document import Document
from bokeh.layouts import column
from playwright.sync_api import Browser

from bokeh_wsgi import Session
from tests.gallery.changes import HEIGHT, KINDS, WHOLE, WIDTH, points

from .live_server import LiveServer
from .pictures import LIVE, Eye, Reference, differ, keep, settled

AT_ONCE = 8
"""Kinds of changes that are tried in one document, below each other."""
GROUPS = [tuple(KINDS)[first : first + AT_ONCE] for first in range(0, len(KINDS), AT_ONCE)]
SMOOTH = 48
"""Where a page has drawn others before, smooth edges may be rounded differently; of 255."""
SEQ = "[...bokehWSGI.documents.values()][0].seq"


class Stage:
    """A page that is open all the time, one that is opened late, and the one that Bokeh makes."""

    def __init__(self, browser: Browser, server: LiveServer, session: Session, reference: Path) -> None:
        self.context = browser.new_context(viewport={"width": WIDTH + 40, "height": (HEIGHT + 10) * AT_ONCE})
        self.open, self.late = Eye(self.context, LIVE), Eye(self.context, LIVE)
        self.theirs = Reference(self.context, server.url, reference)
        self.session = session
        self.link = session.document_link() + "?embed=1"

    def begin(self, document: Document) -> None:
        """Show what is there before the change: in the open page, and to a visitor who goes away."""
        self.session.use_doc("changes", clear=True)
        self.session.store_document(document)
        if self.open.page.url != self.link:
            self.open.open(self.link)
        self.follow()
        urllib3.request("GET", f"{self.session.base_url}changes?doc={self.session.docid}:0&wait=0")
        self.open.complaints.clear()

    def follow(self) -> None:
        self.open.page.wait_for_function(f"window.bokehWSGI && {SEQ} >= {self.session.seq}")

    def differences(self, document: Document) -> Iterator[tuple[str, list[int]]]:
        """Of each page that is another picture than Bokeh's: which it is, and the rows that differ."""
        self.follow()
        self.theirs.put(document)
        self.late.open(self.link)
        self.theirs.wait()
        yield from self._compared("open", self.open)
        self.late.wait()
        yield from self._compared("late", self.late)
        self.open.page.reload()
        self.open.wait()
        yield from self._compared("reloaded", self.open)

    def _compared(self, name: str, eye: Eye) -> Iterator[tuple[str, list[int]]]:
        picture, wanted = settled(eye, self.theirs, SMOOTH)
        differs = differ(picture, wanted, SMOOTH).any(axis=-1)
        if differs.any():
            keep(f"changes-{name}", picture, wanted)
            yield name, sorted({int(line) // (HEIGHT + 5) for line in np.flatnonzero(differs)})


def complaints_of(stage: Stage) -> set[str]:
    """Of the two pages, but for what BokehJS says now and then when it lays out what it still builds."""
    found = stage.open.complaints | stage.late.complaints
    return {complaint for complaint in found if "reading 'parent_style'" not in complaint}


@pytest.fixture(scope="module")
def stage(
    browser: Browser, memory_server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with Session(root_url=memory_server.url, load_from_config=False) as session:
        session.use_doc("changes")
        stage = Stage(browser, memory_server, session, tmp_path_factory.mktemp("reference") / "page.html")
        yield stage
        stage.context.close()


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: f"{names[0]} and others")
def test_every_page_shows_what_was_changed(names: Sequence[str], stage: Stage) -> None:
    kinds = [KINDS[name]() for name in names]
    roots = [next(kind) for kind in kinds]
    document = Document(title="changes")
    # What is a child of a layout is built anew otherwise than a root.
    if GROUPS.index(tuple(names)) % 2:
        document.add_root(column(*roots))
    else:
        for root in roots:
            document.add_root(root)
    stage.begin(document)
    for kind in kinds:
        assert next(kind, None) is None
        stage.session.store_document(document)
    wrong = {
        page: [names[min(at, len(names) - 1)] for at in rows] for page, rows in stage.differences(document)
    }
    assert wrong == {}
    assert complaints_of(stage) <= stage.theirs.complaints


@pytest.mark.parametrize("change", WHOLE.values(), ids=WHOLE)
def test_every_page_shows_what_was_changed_in_the_whole(
    change: Callable[[Document], None], stage: Stage
) -> None:
    document = Document(title="changes")
    for title in ("one", "two", "three"):
        document.add_root(points(title=title)[0])
    stage.begin(document)
    change(document)
    stage.session.store_document(document)
    assert dict(stage.differences(document)) == {}
    assert complaints_of(stage) <= stage.theirs.complaints
