"""Pages show a push in the order of the script: what was set first is seen first."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import urllib3
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.widgets.markups import Div
from bokeh.plotting import figure
from playwright.sync_api import Page, Route

from bokeh_wsgi.dataplane import Change, Op, OpCode, Reader, column_from
from tests.browser.line import Line
from tests.browser.live_server import LiveServer
from tests.browser.shared_document import SharedDocument, in_js
from tests.browser.windows import Windows

ROWS = 3


class LoggedDocument(SharedDocument):
    """A page that logs what its scripts hear of: a text, and the rows of two sources."""

    def __init__(self, windows: Windows, server: LiveServer, title: str) -> None:
        super().__init__(windows, server, title)
        self.text = Div(text="")
        self.sources = [ColumnDataSource({"y": np.zeros(ROWS)}, name=f"s{number}") for number in (1, 2)]
        rows = "s1.data.y.length + ' ' + s2.data.y.length"
        args: dict[str, Any] = {f"s{number}": source for number, source in enumerate(self.sources, 1)}
        self.text.js_on_change(
            "text", CustomJS(args=args, code=f"(window.heard ??= []).push(cb_obj.text + ': ' + {rows})")
        )
        for source in self.sources:
            for event in ("streaming", "patching", "data"):
                code = f"(window.heard ??= []).push('{source.name} {event}: ' + {rows})"
                source.js_on_change(event, CustomJS(args=args, code=code))
        self.plot = figure(width=300, height=200)
        for source in self.sources:
            self.plot.scatter("y", "y", source=source)
        self.publish(self.text, self.plot)
        self.head = self.state().seq

    def push(self, *ops: Op) -> None:
        """One change."""
        assert self.upload(*ops) == 200
        self.head += 1

    def set(self, text: str, **more: Any) -> Op:
        event = {"kind": "ModelChanged", "model": {"id": self.text.id}, "attr": "text", "new": text}
        return Op(OpCode.PATCH, json=json.dumps({"events": [event], **more}))

    def stream(self, number: int, start: int = ROWS, count: int = 1) -> Op:
        values = column_from(np.arange(float(count)))
        source = self.sources[number - 1].id
        return Op(OpCode.APPEND, source, "y", self.head, start=start, count=count, values=values)

    def write(self, number: int) -> Op:
        values = column_from(np.arange(1.0))
        return Op(OpCode.WRITE, self.sources[number - 1].id, "y", self.head, count=1, values=values)

    def whole(self, number: int, name: str = "y", count: int = ROWS) -> Op:
        values = column_from(np.random.default_rng(number).standard_normal(count))
        return Op(OpCode.REPLACE, self.sources[number - 1].id, name, count=count, values=values)

    def hold(self, page: Page) -> Callable[[], None]:
        """Until the function that this returns is called, the page shows nothing of what comes."""
        held: list[Route] = []
        page.route("**/held.js", lambda route: held.append(route))
        self.push(self.set("held", resources={"js": [f"{self.server.url}held.js"]}))
        self.until(lambda: len(held) == 1)
        return lambda: held[0].fulfill(body="", content_type="text/javascript")

    def has_come(self, page: Page, number: int, rows: int) -> None:
        """Wait until the page has a source's rows, shown or not."""
        columns = f"[...bokehWSGI.documents.values()][0].columns.columns('{self.sources[number - 1].id}')"
        page.wait_for_function(f"{columns}.get('y').value().length == {rows}")

    def heard(self, page: Page, count: int) -> list[str]:
        page.wait_for_function(f"(window.heard ?? []).length >= {count}")
        return list(page.evaluate("heard"))


@pytest.fixture(params=["", "?public=true"], ids=["of a writer", "of a reader"])
def logged(
    windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[tuple[LoggedDocument, Page]]:
    logged = LoggedDocument(windows, memory_server, request.node.name)
    logged.session.publish()
    yield logged, logged.open(query=request.param)
    logged.close()


def test_a_text_set_before_a_stream_is_seen_first(logged: tuple[LoggedDocument, Page]) -> None:
    script, page = logged
    script.push(script.set("a"), script.stream(1))
    assert script.heard(page, 2) == ["a: 3 3", "s1 streaming: 4 3"]


def test_a_stream_before_a_text_is_seen_first(logged: tuple[LoggedDocument, Page]) -> None:
    script, page = logged
    script.push(script.stream(1), script.set("a"))
    assert script.heard(page, 2) == ["s1 streaming: 4 3", "a: 4 3"]


def test_patches_and_columns_of_one_change_are_seen_in_turn(logged: tuple[LoggedDocument, Page]) -> None:
    script, page = logged
    script.push(
        script.set("a"), script.write(2), script.set("b"), script.stream(1), script.set("c"), script.set("d")
    )
    assert script.heard(page, 6) == [
        *("a: 3 3", "s2 patching: 3 3", "b: 3 3", "s1 streaming: 4 3", "c: 4 3", "d: 4 3")
    ]


def test_several_changes_of_one_frame_are_seen_in_turn(logged: tuple[LoggedDocument, Page]) -> None:
    script, page = logged
    release = script.hold(page)
    script.push(script.stream(2))
    script.push(script.set("a"), script.stream(1))
    script.push(script.set("b"))
    script.push(script.whole(2, count=7))
    script.push(script.set("c"), script.stream(1, start=4), script.set("d"))
    script.has_come(page, 1, 5)
    assert page.evaluate("window.heard") is None
    release()
    assert script.heard(page, 7) == [
        *("held: 3 3", "a: 3 3", "b: 3 3", "s2 data: 3 7", "c: 3 7", "s1 streaming: 5 7", "d: 5 7")
    ]


def test_what_comes_while_a_page_loads_is_drawn_and_not_told(logged: tuple[LoggedDocument, Page]) -> None:
    script, page = logged
    held: list[Route] = []
    page.route("**/held.js", lambda route: held.append(route))
    graph = script.state().graph.to_json()
    graph["resources"] = {**graph["resources"], "js": [f"{script.server.url}held.js"]}
    script.push(Op(OpCode.GRAPH, json=json.dumps(graph)), script.whole(1), script.whole(2))
    script.until(lambda: len(held) == 1)
    script.push(script.set("a"), script.stream(1))
    script.push(scatter(script, "y"), script.set("b"))
    script.has_come(page, 1, ROWS + 1)
    warnings = warnings_of(page)
    held[0].fulfill(body="", content_type="text/javascript")
    page.wait_for_function(
        f"""() => {{
          const view = Bokeh.index.find_one_by_id("r9")
          return view?.all_indices?.count == 4 && {in_js(script.text)}.text == "b"
        }}"""
    )
    assert page.evaluate("window.heard") is None
    assert warnings == []


def test_a_viewer_who_was_away_sees_the_last_touches_in_turn(
    windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest
) -> None:
    script = LoggedDocument(windows, memory_server, request.node.name)
    server = urlsplit(memory_server.url)
    line = Line(server.port or 0)
    page = windows.new_page()
    page.goto(script.session.document_link().replace(server.netloc, f"127.0.0.1:{line.port}"))
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
    script.pages.append(page)
    line.cut()
    after = script.head
    for count in (4000, 5000):
        script.push(script.set("a"), script.whole(1, count=count), script.set("b"))
        script.push(script.whole(2, count=count), script.set("c"))
    script.push(script.set("d"), script.stream(1, start=5000), script.set("e"))
    assert [change.seq for change in changes_after(script, after)] == [script.head]
    line.mend()
    told = script.heard(page, 10)
    line.close()
    script.close()
    # What was set with no column between it came as one.
    assert [thing.split(":")[0] for thing in told] == [*"bbbbb", "s2 data", *"dd", "s1 data", "e"]


def changes_after(script: LoggedDocument, seq: int) -> list[Change]:
    url = f"{script.server.url}changes?doc={script.session.docid}:{seq}&wait=0"
    return list(Reader(limits=None).feed(urllib3.request("GET", url).data))


def scatter(script: LoggedDocument, y: str) -> Op:
    """A PATCH that brings one more renderer for a source."""
    source, plot = script.sources[0].id, script.plot.id
    fields = {"x": {"type": "field", "field": "y"}, "y": {"type": "field", "field": y}}
    view = model("CDSView", "v9", filter=model("AllIndices", "f9"))
    glyph = model("Scatter", "g9", **fields)
    new = model("GlyphRenderer", "r9", data_source={"id": source}, view=view, glyph=glyph)
    renderers = [*script.state().graph.models[plot]["attributes"]["renderers"], new]
    event = {"kind": "ModelChanged", "model": {"id": plot}, "attr": "renderers", "new": renderers}
    return Op(OpCode.PATCH, json=json.dumps({"events": [event]}))


def model(name: str, model_id: str, **attributes: Any) -> dict[str, Any]:
    return {"type": "object", "name": name, "id": model_id, "attributes": attributes}


def warnings_of(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type != "info" else None)
    return heard


def test_a_view_that_a_patch_builds_reads_the_newest_columns(logged: tuple[LoggedDocument, Page]) -> None:
    script, page = logged
    warnings = warnings_of(page)
    script.push(scatter(script, "z"), script.stream(1), script.whole(1, "z", ROWS + 1), script.set("a"))
    page.wait_for_function(
        """() => {
          const view = Bokeh.index.find_one_by_id("r9")
          return view?.all_indices?.count == 4 && view.glyph.data_size == 4
        }"""
    )
    assert script.heard(page, 2) == ["s1 data: 4 3", "a: 4 3"]
    assert warnings == []


def test_a_glyph_may_be_turned_to_a_column_that_is_set_after_it(logged: tuple[LoggedDocument, Page]) -> None:
    script, page = logged
    warnings = warnings_of(page)
    script.push(scatter(script, "y"))
    page.wait_for_function("Bokeh.index.find_one_by_id('r9')?.glyph.data_size == 3")
    event = {
        "kind": "ModelChanged",
        "model": {"id": "g9"},
        "attr": "y",
        "new": {"type": "field", "field": "z"},
    }
    turn = Op(OpCode.PATCH, json=json.dumps({"events": [event]}))
    script.push(turn, script.whole(1, "z"), script.set("a"))
    assert script.heard(page, 2) == ["s1 data: 3 3", "a: 3 3"]
    z = page.evaluate(f"[...{in_js(script.sources[0])}.data.z]")
    page.wait_for_function(f"String([...Bokeh.index.find_one_by_id('r9').glyph.y]) == String({z})")
    assert warnings == []
