"""What BokehJS cannot draw: pages say which model and why, show the rest, and go on with the next change."""

import json
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bokeh import models
from bokeh.models import ColumnDataSource, Model
from bokeh.models.widgets.markups import Div
from bokeh.plotting import figure
from playwright.sync_api import Page, Request, expect

from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import NotDrawn
from tests.browser.live_server import LiveServer
from tests.browser.shared_document import SharedDocument
from tests.browser.windows import Windows
from tests.waiting import wait_until

m: Any = models
NOTICE = "#bokeh-wsgi-notice"


class UndrawnDocument(SharedDocument):
    """A document with a plot that cannot be drawn, and a text beside it."""

    def __init__(self, windows: Windows, server: LiveServer, title: str) -> None:
        super().__init__(windows, server, title)
        self.text: Any = Div(text="the rest")
        self.loads = 0

    def open(self, *, query: str = "") -> Page:
        page = self.windows.new_page()
        page.set_default_timeout(15_000)
        page.on("request", self._heard)
        page.on("request", self._asked)
        page.goto(self.session.document_link() + query)
        self.pages.append(page)
        return page

    def _asked(self, request: Request) -> None:
        self.loads += "/changes?" in request.url and "%3A0&" in request.url

    def store(self) -> None:
        """Store, whatever pages have said before."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotDrawn)
            self.session.store_document(self.document)

    def says(self, page: Page, text: str) -> None:
        expect(page.locator(NOTICE)).to_contain_text(re.compile(text))

    def says_nothing(self, page: Page) -> None:
        expect(page.locator(NOTICE)).to_have_count(0)

    def is_live(self, page: Page) -> None:
        page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")


@pytest.fixture
def undrawn(
    windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[UndrawnDocument]:
    undrawn = UndrawnDocument(windows, memory_server, request.node.name)
    yield undrawn
    undrawn.close()


def picture() -> tuple[Model, Callable[[], None]]:
    """Lists of lists as an image."""
    source = ColumnDataSource({"image": [[[1, 2], [3, 4]]]})
    plot = figure(title="Picture", width=300, height=200)
    plot.image("image", x=0, y=0, dw=2, dh=2, source=source)

    def mend() -> None:
        import numpy as np

        source.data = {"image": [np.array([[1.0, 2], [3, 4]])]}

    return plot, mend


def ticks() -> tuple[Model, Callable[[], None]]:
    """A view that throws."""
    plot = figure(name="Ticks", width=300, height=200)
    plot.line([1, 2], [1, 2])
    axis: Any = plot.xaxis
    axis.formatter = m.CustomJSTickFormatter(code="throw new Error('no such tick')")

    def mend() -> None:
        axis.formatter.code = "return 'tick'"

    return plot, mend


def lines() -> tuple[Model, Callable[[], None]]:
    """Columns of which BokehJS needs one in another form; and they have different lengths."""
    source = ColumnDataSource({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]})
    plot = figure(title="Lines", width=300, height=200)
    plot.multi_line("x", "y", source=source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source.data["more"] = [1.0]

    def mend() -> None:
        source.data = {"x": [[1.0, 2.0]], "y": [[1.0, 2.0]]}

    return plot, mend


CASES = pytest.mark.parametrize(
    ("build", "which", "why"),
    [
        (picture, "Figure “Picture” cannot be drawn, because of its Image", "has lists where an image is"),
        (ticks, "Figure “Ticks” cannot be drawn, because of its LinearAxis", "“no such tick”"),
        (lines, "Figure “Lines” cannot be drawn, because of its MultiLine", "x: 3, y: 3, more: 1"),
    ],
    ids=["a picture of lists", "a view that throws", "columns of another form"],
)


@CASES
def test_a_page_says_what_it_cannot_draw_and_shows_the_rest(
    undrawn: UndrawnDocument, build: Callable[[], Any], which: str, why: str
) -> None:
    plot, mend = build()
    undrawn.publish(undrawn.text, plot)
    page = undrawn.open()
    undrawn.says(page, f"{which}.*({why}).*tried again when that changes")
    undrawn.is_live(page)
    assert undrawn.loads == 2
    # The rest is live, and what cannot be drawn is not fetched again for it.
    undrawn.text.text = "is live"
    undrawn.store()
    expect(page.get_by_text("is live")).to_be_visible()
    undrawn.says(page, which)
    assert undrawn.loads == 2
    mend()
    undrawn.store()
    undrawn.says_nothing(page)
    assert undrawn.loads == 2
    page.wait_for_function(f"Bokeh.index.find_one_by_id('{plot.id}')?.is_idle")


def test_a_change_that_cannot_be_drawn_is_told_and_the_next_one_mends_it(undrawn: UndrawnDocument) -> None:
    plot, _ = picture()
    source = ColumnDataSource({"x": [1.0], "y": [1.0]})
    good: Any = figure(title="Good", width=300, height=200)
    renderer = good.scatter("x", "y", source=source)
    undrawn.publish(undrawn.text, good)
    page = undrawn.open()
    undrawn.is_live(page)
    undrawn.loads = 0
    renderers: Any = plot
    good.renderers = [*good.renderers, *renderers.renderers]
    undrawn.store()
    undrawn.says(page, "Figure “Good” cannot be drawn, because of its (Image|GlyphRenderer)")
    assert undrawn.loads == 1
    good.renderers = [renderer]
    undrawn.store()
    undrawn.says_nothing(page)
    assert undrawn.loads == 1


def test_a_model_that_bokehjs_does_not_know_leaves_the_rest_live(undrawn: UndrawnDocument) -> None:
    undrawn.publish(undrawn.text)
    strange = {"type": "object", "name": "some.Strange", "id": "s1", "attributes": {"name": "stranger"}}
    event = {"kind": "RootAdded", "model": strange}
    assert undrawn.upload(Op(OpCode.PATCH, json=json.dumps({"events": [event]}))) == 200
    page = undrawn.open()
    undrawn.says(page, "some.Strange “stranger” cannot be drawn: BokehJS")
    undrawn.is_live(page)
    undrawn.text.text = "is live"
    undrawn.store()
    expect(page.get_by_text("is live")).to_be_visible()
    # What is about it is passed over.
    event = {"kind": "ModelChanged", "model": {"id": "s1"}, "attr": "name", "new": "other"}
    assert undrawn.upload(Op(OpCode.PATCH, json=json.dumps({"events": [event]}))) == 200
    undrawn.says(page, "some.Strange “other” cannot be drawn")
    event = {"kind": "RootRemoved", "model": {"id": "s1"}}
    assert undrawn.upload(Op(OpCode.PATCH, json=json.dumps({"events": [event]}))) == 200
    undrawn.says_nothing(page)
    assert undrawn.loads == 2


def test_the_script_is_warned_by_its_next_call(undrawn: UndrawnDocument) -> None:
    plot, _ = ticks()
    undrawn.publish(undrawn.text, plot)
    undrawn.says(undrawn.open(), "no such tick")
    undrawn.says(undrawn.open(), "no such tick")
    undrawn.until(lambda: undrawn.state().seq == undrawn.session.seq + 1)
    undrawn.text.text = "a"
    with pytest.warns(NotDrawn, match="“Ticks” cannot be drawn, because of its LinearAxis.*no such tick"):
        undrawn.session.store_document(undrawn.document)
    # Once; and pages that come later say nothing new.
    undrawn.text.text = "b"
    undrawn.session.store_document(undrawn.document)
    assert undrawn.state().seq == undrawn.session.seq


def test_a_script_that_follows_is_warned_at_once(undrawn: UndrawnDocument) -> None:
    plot, _ = ticks()
    undrawn.publish(undrawn.text, plot)
    page = undrawn.open()
    undrawn.says(page, "no such tick")
    with pytest.warns(NotDrawn, match="no such tick") as warned:
        # Follows from what was stored on.
        wait_until(lambda: [undrawn.session.next_change(timeout=1), *warned.list][1:], 60)


def test_a_page_that_may_only_read_tells_the_script_nothing(undrawn: UndrawnDocument) -> None:
    plot, _ = ticks()
    undrawn.publish(undrawn.text, plot)
    undrawn.session.publish()
    undrawn.says(undrawn.open(query="?public=true"), "no such tick")
    assert undrawn.sent == []
