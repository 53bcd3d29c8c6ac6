"""A document that is started anew while pages show it: what was done in the one before is dropped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bokeh.models.widgets.sliders import Slider
from playwright.sync_api import Page, Request, Route

from bokeh_wsgi.dataplane import Op, OpCode
from tests.browser.live_server import LiveServer
from tests.browser.shared_document import SharedDocument, in_js
from tests.browser.windows import Windows


class RestartedDocument(SharedDocument):
    """A document with a slider, as a script of any language publishes it; and all that a page sends."""

    def __init__(self, windows: Windows, server: LiveServer, title: str) -> None:
        super().__init__(windows, server, title)
        self.slider = Slider(start=0, end=100, value=1)
        self.bodies: list[dict[str, Any]] = []

    def start(self, generation: str, **resources: list[str]) -> None:
        attributes = {"start": 0, "end": 100, "value": 1, "title": generation}
        graph = {
            "generation": generation,
            "roots": [self.slider.id],
            "models": {self.slider.id: {"name": "Slider", "attributes": attributes}},
            "resources": {"components": ["bokeh", "bokeh-widgets"], **resources},
        }
        assert self.upload(Op(OpCode.GRAPH, json=json.dumps(graph))) == 200

    def open(self, *, query: str = "") -> Page:
        page = super().open(query=query)
        page.on("request", self._read)
        return page

    def _read(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/edits"):
            self.bodies.append(json.loads((request.post_data or "").split("\n", 2)[2]))

    def do(self, value: int) -> None:
        self.pages[0].evaluate(f"{in_js(self.slider)}.value = {value}")

    def shows(self, generation: str) -> None:
        self.pages[0].wait_for_function(f"{in_js(self.slider)}?.title == '{generation}'")

    @property
    def value(self) -> Any:
        return self.attribute(self.slider, "value")

    @property
    def done(self) -> list[tuple[str, int]]:
        """What was sent, for which generation."""
        return [(body["generation"], edit["new"]) for body in self.bodies for edit in body["edits"]]

    def stop_edits(self) -> Callable[[], None]:
        """Until the function that this returns is called, no edit reaches the server."""
        page, tried = self.pages[0], len(self.bodies)

        def refuse(route: Route) -> None:
            route.abort()

        page.route("**/edits", refuse)

        def go_on() -> None:
            self.until(lambda: len(self.bodies) > tried)
            page.unroute("**/edits", refuse)

        return go_on


@pytest.fixture
def restarted(
    windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[RestartedDocument]:
    restarted = RestartedDocument(windows, memory_server, request.node.name)
    restarted.session.store_document(restarted.document)
    restarted.start("one")
    restarted.open()
    yield restarted
    restarted.close()


def test_edits_say_for_which_generation_they_are(restarted: RestartedDocument) -> None:
    restarted.do(5)
    restarted.until(lambda: restarted.value == 5)
    restarted.start("two")
    restarted.shows("two")
    restarted.do(6)
    restarted.until(lambda: restarted.value == 6)
    restarted.until(
        lambda: restarted.done == [("one", 5), ("two", 6)]
    )  # what was sent is heard after what came


def test_what_is_done_while_the_new_one_is_on_its_way_is_dropped_without_a_word(
    restarted: RestartedDocument,
) -> None:
    page = restarted.pages[0]
    held: list[Route] = []
    page.route("**/held.js", lambda route: held.append(route))
    restarted.start("two", js=[f"{restarted.server.url}held.js"])
    restarted.until(lambda: len(held) == 1)
    with page.expect_response("**/edits") as told:
        restarted.do(5)
    assert told.value.status == 409
    assert told.value.json()["error"] == "generation"
    held[0].fulfill(body="", content_type="text/javascript")
    restarted.shows("two")
    assert page.query_selector("#bokeh-wsgi-notice") is None
    restarted.do(6)
    restarted.until(lambda: restarted.value == 6)
    restarted.until(
        lambda: restarted.done == [("one", 5), ("two", 6)]
    )  # what was sent is heard after what came


def test_what_waits_is_dropped_when_another_generation_comes(restarted: RestartedDocument) -> None:
    go_on = restarted.stop_edits()
    restarted.do(5)
    restarted.until(lambda: ("one", 5) in restarted.done)
    restarted.do(7)
    restarted.start("two")
    restarted.shows("two")
    go_on()
    restarted.do(6)
    restarted.until(lambda: restarted.value == 6)
    restarted.until(lambda: {edit for edit in restarted.done if edit[0] == "two"} == {("two", 6)})
    assert ("one", 7) not in restarted.done


def test_what_waits_is_sent_when_the_same_generation_comes_again(restarted: RestartedDocument) -> None:
    go_on = restarted.stop_edits()
    restarted.do(5)
    restarted.until(lambda: ("one", 5) in restarted.done)
    restarted.do(7)
    restarted.start("one")
    restarted.pages[0].wait_for_function(f"{in_js(restarted.slider)}.value == 1")
    go_on()
    restarted.until(lambda: restarted.value == 7)
    restarted.until_all(restarted.slider, "model.value", 7)


def test_a_document_without_a_name_for_its_generation_has_one_generation_all_the_same(
    restarted: RestartedDocument,
) -> None:
    restarted.start("")
    restarted.shows("")
    restarted.do(5)
    restarted.until(lambda: restarted.value == 5)
    assert restarted.done == [("", 5)]
