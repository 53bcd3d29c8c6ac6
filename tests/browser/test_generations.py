"""A document that is started anew while pages show it: what was done in the one before is dropped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bokeh.models.widgets.sliders import Slider
from playwright.sync_api import Page, Request, Route

from bokeh_wsgi.dataplane import Op, OpCode
from tests.browser.conftest import LiveServer
from tests.browser.test_edits import Room, in_js
from tests.browser.windows import Windows


class Stage(Room):
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
def stage(windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Stage]:
    stage = Stage(windows, memory_server, request.node.name)
    stage.session.store_document(stage.document)
    stage.start("one")
    stage.open()
    yield stage
    stage.close()


def test_edits_say_for_which_generation_they_are(stage: Stage) -> None:
    stage.do(5)
    stage.until(lambda: stage.value == 5)
    stage.start("two")
    stage.shows("two")
    stage.do(6)
    stage.until(lambda: stage.value == 6)
    stage.until(lambda: stage.done == [("one", 5), ("two", 6)])  # what was sent is heard after what came


def test_what_is_done_while_the_new_one_is_on_its_way_is_dropped_without_a_word(stage: Stage) -> None:
    page = stage.pages[0]
    held: list[Route] = []
    page.route("**/held.js", lambda route: held.append(route))
    stage.start("two", js=[f"{stage.server.url}held.js"])
    stage.until(lambda: len(held) == 1)
    with page.expect_response("**/edits") as told:
        stage.do(5)
    assert told.value.status == 409
    assert told.value.json()["error"] == "generation"
    held[0].fulfill(body="", content_type="text/javascript")
    stage.shows("two")
    assert page.query_selector("#bokeh-wsgi-notice") is None
    stage.do(6)
    stage.until(lambda: stage.value == 6)
    stage.until(lambda: stage.done == [("one", 5), ("two", 6)])  # what was sent is heard after what came


def test_what_waits_is_dropped_when_another_generation_comes(stage: Stage) -> None:
    go_on = stage.stop_edits()
    stage.do(5)
    stage.until(lambda: ("one", 5) in stage.done)
    stage.do(7)
    stage.start("two")
    stage.shows("two")
    go_on()
    stage.do(6)
    stage.until(lambda: stage.value == 6)
    stage.until(lambda: {edit for edit in stage.done if edit[0] == "two"} == {("two", 6)})
    assert ("one", 7) not in stage.done


def test_what_waits_is_sent_when_the_same_generation_comes_again(stage: Stage) -> None:
    go_on = stage.stop_edits()
    stage.do(5)
    stage.until(lambda: ("one", 5) in stage.done)
    stage.do(7)
    stage.start("one")
    stage.pages[0].wait_for_function(f"{in_js(stage.slider)}.value == 1")
    go_on()
    stage.until(lambda: stage.value == 7)
    stage.until_all(stage.slider, "model.value", 7)


def test_a_document_without_a_name_for_its_generation_has_one_generation_all_the_same(stage: Stage) -> None:
    stage.start("")
    stage.shows("")
    stage.do(5)
    stage.until(lambda: stage.value == 5)
    assert stage.done == [("", 5)]
