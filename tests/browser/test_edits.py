"""What people do in a page comes to the document, and to the other pages; with real mouse and keyboard."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import urllib3
from bokeh.document import Document
from bokeh.models import ColumnDataSource, CustomJS, Model, PointDrawTool
from bokeh.models.layouts import Tabs
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.inputs import FileInput, TextInput
from bokeh.models.widgets.sliders import Slider
from bokeh.models.widgets.tables import DataTable, TableColumn
from bokeh.plotting import figure
from playwright.sync_api import Page, Request, Route

from bokeh_wsgi import Session
from bokeh_wsgi.dataplane import Op, OpCode, column_from, encode_upload
from bokeh_wsgi.models.state import State
from tests.browser.conftest import LiveServer
from tests.browser.windows import Windows
from tests.waiting import pause, wait_until


class Room:
    """A document, and the pages that show it."""

    def __init__(self, windows: Windows, server: LiveServer, title: str, **flags: Any) -> None:
        self.windows, self.server = windows, server
        self.session = Session(root_url=server.url, load_from_config=False)
        self.session.use_doc(title, **flags)
        self.document = Document()
        self.pages: list[Page] = []
        self._sent: list[list[dict[str, Any]]] = []
        self.complaints: list[str] = []

    def publish(self, *roots: Model) -> None:
        for root in roots:
            self.document.add_root(root)
        self.session.store_document(self.document)

    def open(self, *, query: str = "") -> Page:
        page = self.windows.new_page()
        page.set_default_timeout(15_000)
        page.on("request", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.session.document_link() + query)
        page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
        self.pages.append(page)
        return page

    def _heard(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/edits"):
            self._sent.append(json.loads((request.post_data or "").split("\n", 2)[2])["edits"])

    @property
    def sent(self) -> list[list[dict[str, Any]]]:
        """The batches that pages sent, once all news of them has been heard."""
        pause(0.05, "so that playwright hands on what it has heard", self.pages[0])
        return self._sent

    def upload(self, *ops: Op) -> int:
        """Ops as another script sends them; the status of the answer."""
        body = b"".join(encode_upload(self.session.docid, ops))
        path = f"{self.session.base_url}doc/{self.session.docid}/changes"
        headers = {"Content-Type": "application/vnd.apache.arrow.stream"}
        return urllib3.request("POST", path, body=body, headers=headers).status

    def state(self) -> State:
        return self.session.pull_state()

    def attribute(self, model: Model, name: str) -> Any:
        return self.state().graph.models[model.id]["attributes"].get(name)

    def column(self, source: Model, name: str) -> list[Any]:
        return list(self.state().columns[source.id, name].values.column().values())

    def in_page(self, page: Page, model: Model, expression: str) -> Any:
        """``expression`` of the ``model`` as the page has it."""
        return page.evaluate(f"(() => {{ const model = {in_js(model)}; return {expression} }})()")

    def until_all(self, model: Model, expression: str, value: Any) -> None:
        """Wait until all pages have this ``value``."""
        for page in self.pages:
            self.until(lambda page=page: self.in_page(page, model, expression) == value)  # type: ignore[misc]

    def until(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        """Wait for something; pages, and what listens to them, go on meanwhile."""
        wait_until(holds, seconds, self.pages[0])

    def rest(self, seconds: float) -> None:
        """Let time pass in which something is not to happen."""
        pause(seconds, "nothing can be waited for", self.pages[0])

    def close(self) -> None:
        for page in self.pages:
            page.close()
        self.session.close()
        assert not self.complaints


def in_js(model: Model) -> str:
    return f"Bokeh.documents[0].get_model_by_id('{model.id}')"


@pytest.fixture
def room(windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Room]:
    room = Room(windows, memory_server, request.node.name)
    yield room
    room.close()


def points(**tools: Any) -> tuple[figure, ColumnDataSource]:
    source = ColumnDataSource({"x": np.arange(5.0), "y": np.arange(5.0), "name": list("abcde")})
    ranges: Any = (-1, 6)
    plot = figure(width=400, height=300, x_range=ranges, y_range=ranges, **tools)
    plot.scatter("x", "y", size=14, source=source)
    return plot, source


def renderers_of(plot: figure) -> Any:
    return plot.renderers


def place(page: Page, plot: Model, x: float, y: float) -> tuple[float, float]:
    """Where a point of a plot is on the screen."""
    found = page.evaluate(
        f"""(() => {{
          const view = Bokeh.index.find_one({in_js(plot)})
          const {{left, top}} = view.el.getBoundingClientRect()
          const {{bbox, x_scale, y_scale}} = view.frame
          return [left + x_scale.compute({x}), top + y_scale.compute({y})]
        }})()"""
    )
    return found[0], found[1]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], steps: int = 10) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    page.mouse.up()


def drag_slider(page: Page, dx: float, steps: int = 10) -> None:
    handle = page.locator(".noUi-handle").first.bounding_box()
    assert handle is not None
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    drag(page, (x, y), (x + dx, y), steps)


def test_nothing_is_sent_while_a_page_is_just_drawn(room: Room) -> None:
    plot, source = points(tools="pan,box_select,wheel_zoom,reset")
    plot.add_tools(PointDrawTool(renderers=renderers_of(plot)))
    auto = figure(width=300, height=200, title="auto")
    auto.line("x", "y", source=source)
    table = DataTable(
        source=source, columns=[TableColumn(field=str(c), title=str(c)) for c in source.data], editable=True
    )
    tabs = Tabs(tabs=[])
    slider = Slider(start=0, end=10, value=1)
    slider.js_on_change("value", CustomJS(args={"p": plot}, code="p.title.text = `${this.value}`"))
    room.publish(plot, auto, table, tabs, slider, Button(label="go"), FileInput(), TextInput(value="a"))
    seq = room.state().seq
    for _ in range(2):
        page = room.open()
        room.rest(0.7)
        page.set_viewport_size({"width": 500, "height": 900})
        room.rest(0.5)
    assert room.sent == []
    assert room.state().seq == seq


def test_a_slider_that_is_dragged_moves_in_all_pages(room: Room) -> None:
    slider = Slider(start=0, end=100, value=1, width=300, title="amplitude")
    room.publish(slider)
    first, other = room.open(), room.open()
    first.evaluate(
        f"""() => {{
          const slider = {in_js(slider)}
          window.heard = []
          slider.properties.value.change.connect(() => heard.push(slider.value))
        }}"""
    )
    drag_slider(first, 150, steps=30)
    value = room.in_page(first, slider, "model.value")
    assert value > 30
    room.until_all(slider, "model.value", value)
    assert room.attribute(slider, "value") == value
    # Without an echo: the page that was dragged in never went back.
    heard = first.evaluate("window.heard")
    assert heard == sorted(set(heard))
    drag_slider(other, -100)
    value = room.in_page(other, slider, "model.value")
    room.until_all(slider, "model.value", value)


def test_at_most_one_batch_is_under_way_and_the_last_value_arrives(room: Room) -> None:
    slider = Slider(start=0, end=1000, value=0, width=300)
    room.publish(slider)
    page = room.open()
    under_way: list[int] = []
    open_now = [0]

    def hold(route: Any) -> None:
        open_now[0] += 1
        under_way.append(open_now[0])
        pause(0.06, "a slow answer", page)
        open_now[0] -= 1
        route.continue_()

    page.route("**/edits", hold)
    page.evaluate(
        f"""async () => {{
          for (let value = 1; value <= 60; value++) {{
            {in_js(slider)}.value = value
            await new Promise(requestAnimationFrame)
          }}
        }}"""
    )
    room.until(lambda: room.attribute(slider, "value") == 60)
    assert max(under_way) == 1
    assert len(room.sent) < 40


def test_two_pages_that_drag_at_once_end_with_one_value(room: Room) -> None:
    slider = Slider(start=0, end=1000, value=0)
    room.publish(slider)
    pages = [room.open() for _ in range(3)]
    for page in pages:
        page.evaluate(
            f"""() => {{
              let count = 0
              const timer = setInterval(() => {{
                {in_js(slider)}.value = Math.floor(Math.random() * 1000)
                if (++count == 80) {{ clearInterval(timer); window.done = true }}
              }}, 7)
            }}"""
        )
    for page in pages:
        page.wait_for_function("window.done")

    def values() -> set[float]:
        return {room.attribute(slider, "value"), *(room.in_page(p, slider, "model.value") for p in pages)}

    room.until(lambda: len(values()) == 1)


def test_a_selection_is_shared(room: Room) -> None:
    plot, source = points(tools="box_select", active_drag="box_select")
    room.publish(plot)
    first, _ = room.open(), room.open()
    drag(first, place(first, plot, 0.5, 0.5), place(first, plot, 3.5, 3.5))
    room.until_all(source, "[...model.selected.indices]", [1, 2, 3])
    assert room.attribute(source.selected, "indices") == [1, 2, 3]


def test_a_selection_outlasts_rows_that_are_not_there_for_a_while(room: Room) -> None:
    plot, source = points(tools="tap")
    room.publish(plot)
    page = room.open()
    selected = [1, 4]
    source.selected.indices = selected
    room.session.store_objects(source.selected)
    room.until_all(source, "model.selected.indices", selected)
    for count in (2, 5):
        source.data = {"x": np.arange(count), "y": np.arange(count), "name": ["a"] * count}
        room.session.store_objects(source)
        room.until_all(source, "model.data.x.length", count)
        assert room.in_page(page, source, "model.selected.indices") == selected
    assert room.attribute(source.selected, "indices") == selected


def test_a_button_s_event_comes_after_what_was_changed_before_it(room: Room) -> None:
    button = Button(label="go")
    button.on_click(lambda: None)
    text = TextInput(value="")
    button.js_on_event("button_click", CustomJS(args={"text": text}, code="text.value += '!'"))
    room.publish(button, text)
    page = room.open()
    page.get_by_role("textbox").fill("hello")
    page.get_by_role("button", name="go").click()
    room.until(lambda: room.attribute(text, "value") == "hello!")
    names = [[edit.get("attr") or edit["msg_data"]["name"] for edit in batch] for batch in room.sent]
    flat = [name for batch in names for name in batch if name != "value_input"]
    assert flat == ["value", "button_click", "value"] or flat == ["value", "value", "button_click"]
    batch = next(batch for batch in names if "button_click" in batch)
    assert batch[-1] == "button_click"


def test_columns_that_a_script_of_the_page_changes_travel_as_ops(room: Room) -> None:
    plot, source = points()
    button = Button(label="go")
    code = """
      source.stream({x: [5, 6], y: [5, 6], name: ["f", "g"]}, 6)
      source.patch({y: [[0, 10]]})
      source.data.x[1] = 20
      source.setv({data: source.data}, {check_eq: false})
    """
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    room.publish(plot, button)
    first, _ = room.open(), room.open()
    first.get_by_role("button", name="go").click()
    room.until_all(source, "[...model.data.x]", [1, 20, 3, 4, 5, 6])
    room.until_all(source, "[...model.data.y]", [10, 2, 3, 4, 5, 6])
    room.until_all(source, "[...model.data.name]", list("bcdefg"))
    assert room.column(source, "x") == [1, 20, 3, 4, 5, 6]
    kinds = [edit["kind"] for batch in room.sent for edit in batch]
    assert kinds == ["ColumnsStreamed", "ColumnsPatched", "ColumnsPatched"]
    first.get_by_role("button", name="go").click()
    room.until_all(source, "[...model.data.x]", [3, 20, 5, 6, 5, 6])


def test_a_point_that_is_dragged_or_added_sends_its_own_row(room: Room) -> None:
    plot, source = points(tools="")
    tool = PointDrawTool(renderers=renderers_of(plot), empty_value="new")
    plot.add_tools(tool)
    plot.toolbar.active_drag = tool
    plot.toolbar.active_tap = tool
    room.publish(plot)
    first, other = room.open(), room.open()
    drag(first, place(first, plot, 2, 2), place(first, plot, 3, 5))
    room.until(lambda: room.column(source, "y")[2] == pytest.approx(5, abs=0.2))
    rows = [edit["patches"] for batch in room.sent for edit in batch if edit["kind"] == "ColumnsPatched"]
    assert [patch["y"][0][0]["start"] for patch in rows] == [2]
    assert [patch["y"][0][0]["stop"] for patch in rows] == [3]
    x, y = place(first, plot, 5, 1)
    first.mouse.click(x, y)
    room.until(lambda: len(room.column(source, "y")) == 6)
    # By what BokehJS has learned of the column, or by what the tool says.
    assert room.column(source, "name")[-1] in ("", "new")
    now = room.column(source, "y")
    room.until_all(source, "[...model.data.y]", now)
    assert not any(edit["kind"] == "ColumnDataChanged" for batch in room.sent for edit in batch)
    # The script goes on with the same columns.
    source.data = {"x": np.arange(3.0), "y": np.arange(3.0), "name": list("xyz")}
    room.session.store_document(room.document)
    room.until_all(source, "[...model.data.y]", [0, 1, 2])
    drag(other, place(other, plot, 1, 1), place(other, plot, 4, 4))
    room.until(lambda: room.column(source, "x")[1] == pytest.approx(4, abs=0.2))
    room.until_all(source, "[...model.data.x]", room.column(source, "x"))


def test_a_cell_of_a_table_that_is_typed_into(room: Room) -> None:
    source = ColumnDataSource({"name": ["a", "b"], "value": ["one", "two"]})
    columns = [TableColumn(field=str(name), title=str(name)) for name in source.data]
    room.publish(DataTable(source=source, columns=columns, editable=True, width=300, height=150))
    first, _ = room.open(), room.open()
    first.locator(".slick-cell", has_text="two").click()
    first.keyboard.press("Enter")
    first.keyboard.press("Control+A")
    first.keyboard.type("zwei")
    first.keyboard.press("Enter")
    room.until(lambda: room.column(source, "value") == ["one", "zwei"])
    room.until_all(source, "model.data.value", ["one", "zwei"])
    for page in room.pages:
        page.locator(".slick-cell", has_text="zwei").wait_for()


def test_while_rows_are_streamed_to_it_the_page_s_own_rows_stay(room: Room) -> None:
    plot, source = points()
    button = Button(label="go")
    code = "source.stream({x: [100], y: [100], name: ['page']})"
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    room.publish(plot, button)
    first, _ = room.open(), room.open()
    for _ in range(10):
        first.get_by_role("button", name="go").click()
        # As another script does that has read the document: behind all that is there.
        state = room.state()
        version, rows = state.columns[source.id, "x"].version, state.columns[source.id, "x"].values.rows
        values: dict[str, Any] = {"x": np.array([1.0]), "y": np.array([1.0]), "name": ["script"]}
        append = Op(OpCode.APPEND, model=source.id, base=version, start=rows, count=1)
        # 409 where the page was quicker.
        assert room.upload(
            *(replace(append, column=c, values=column_from(v)) for c, v in values.items())
        ) in (200, 409)
    room.until(lambda: room.column(source, "name").count("page") == 10)
    room.until_all(source, "model.data.name", room.column(source, "name"))
    room.until_all(source, "[...model.data.x]", room.column(source, "x"))


def test_what_a_viewer_looks_at_is_their_own(room: Room) -> None:
    plot, _ = points(tools="pan", active_drag="pan")
    auto = figure(width=300, height=200, tools="pan", active_drag="pan")
    auto.line([1, 2, 3], [1, 2, 3])
    room.publish(plot, auto)
    page, _ = room.open(), room.open()
    for moved in (plot, auto):
        x, y = place(page, moved, 2, 2)
        drag(page, (x, y), (x + 50, y + 20))
    room.rest(0.3)
    assert room.sent == []


def test_a_shared_view_follows_who_moves_it(windows: Windows, memory_server: LiveServer) -> None:
    room = Room(windows, memory_server, "shared view")
    plot, _ = points(tools="pan,reset", active_drag="pan")
    auto = figure(width=300, height=200, tools="pan,reset", active_drag="pan", title="auto")
    line = auto.line([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    room.publish(plot, auto)
    room.upload(Op(OpCode.PATCH, json='{"events": [], "share_view": true}'))
    first, other = room.open(), room.open()
    room.rest(0.5)
    assert room.sent == []
    computed = room.in_page(first, auto.x_range, "[model.start, model.end]")
    for moved in (plot, auto):
        x, y = place(first, moved, 2, 2)
        drag(first, (x, y), (x + 50, y + 20))
        now = room.in_page(first, moved.x_range, "[model.start, model.end]")
        room.until_all(moved.x_range, "[model.start, model.end]", now)
    assert now != computed
    late = room.open()
    room.until_all(auto.x_range, "[model.start, model.end]", now)
    # It stays where it was moved to when the data grow.
    source: Any = line.data_source
    source.stream({"x": [100.0], "y": [100.0]})
    room.session.store_objects(source)
    room.until_all(source, "model.data.x.length", 4)
    assert room.in_page(other, auto.x_range, "[model.start, model.end]") == now
    # A reset is one for all: each page computes the range again.
    other.evaluate(f"Bokeh.index.find_one({in_js(auto)}).reset()")
    room.until(
        lambda: all(room.in_page(page, auto.x_range, "model.end") > 100 for page in (first, other, late))
    )
    room.close()


def test_a_page_for_everybody_keeps_to_itself_what_is_done_in_it(room: Room) -> None:
    slider = Slider(start=0, end=100, value=1, width=300)
    room.publish(slider)
    room.session.publish()
    seq = room.state().seq
    page = room.open(query="?public=true")
    drag_slider(page, 100)
    assert room.in_page(page, slider, "model.value") > 10
    room.rest(0.3)
    assert room.sent == []
    assert room.state().seq == seq
    # It goes on following.
    slider.value = 3
    room.session.store_objects(slider)
    room.until_all(slider, "model.value", 3)


def test_what_is_refused_is_told_and_taken_back(room: Room) -> None:
    slider = Slider(start=0, end=100, value=1)
    room.publish(slider)
    page = room.open()

    def spoil(route: Route) -> None:
        """BokehJS would not let a page do this."""
        route.continue_(post_data=(route.request.post_data or "").replace(":5}", ':"five"}'))

    page.route("**/edits", spoil, times=1)
    page.evaluate(f"{in_js(slider)}.value = 5")
    page.wait_for_selector("#bokeh-wsgi-notice")
    assert "cannot be 'five'" in page.inner_text("#bokeh-wsgi-notice")
    room.until_all(slider, "model.value", 1)
    assert room.attribute(slider, "value") == 1
    drag_slider(page, 50)
    room.until(lambda: room.attribute(slider, "value") > 1)


def test_a_notice_is_shown_for_a_while(room: Room) -> None:
    room.publish(Slider(start=0, end=100, value=1))
    page = room.open()
    event = json.dumps({"name": "bokeh_wsgi.notice", "values": {"text": "Computing took too long."}})
    room.upload(Op(OpCode.EVENT, json=event))
    page.wait_for_selector("#bokeh-wsgi-notice")
    assert page.inner_text("#bokeh-wsgi-notice") == "Computing took too long."
    page.wait_for_selector("#bokeh-wsgi-notice", state="detached", timeout=15_000)


def test_what_is_done_while_the_server_is_away_comes_once(
    windows: Windows, live_server: Callable[..., LiveServer], tmp_path: Path
) -> None:
    flags = ("--store", f"sqlite:///{tmp_path}/away.db")
    server = live_server(*flags)
    port = server.url.split(":")[2].split("/")[0]
    room = Room(windows, server, "away")
    plot, source = points()
    button = Button(label="go")
    code = "source.stream({x: [100], y: [100], name: [`${window.count = (window.count ?? 0) + 1}`]})"
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    room.publish(plot, button)
    page = room.open()
    page.get_by_role("button", name="go").click()
    room.until(lambda: room.column(source, "name").count("1") == 1)
    # The answer to the next one is lost, after the server has done it.

    def lose(route: Route) -> None:
        route.fetch()
        server.kill()
        route.abort()

    page.route("**/edits", lose, times=1)
    page.get_by_role("button", name="go").click()
    room.until(lambda: server._process.poll() is not None)
    page.get_by_role("button", name="go").click()
    again = live_server(*flags, "--port", port)
    room.until(lambda: room.column(source, "name")[5:] == ["1", "2", "3"])
    room.until_all(source, "model.data.name.slice(5)", ["1", "2", "3"])
    assert again.url == server.url
    room.close()


def test_what_is_done_last_before_a_page_is_closed_comes(room: Room) -> None:
    text = TextInput(value="")
    room.publish(text)
    page = room.open()
    with page.expect_navigation(url="about:blank"):
        page.evaluate(f"{in_js(text)}.value = 'last words'; location.href = 'about:blank'")
    room.until(lambda: room.attribute(text, "value") == "last words")


def test_a_model_that_another_side_removes_meanwhile_is_no_error(room: Room) -> None:
    slider, other = Slider(start=0, end=10, value=1, name="going"), Slider(start=0, end=10, value=1)
    room.publish(slider, other)
    page = room.open()
    held: list[Route] = []
    page.route("**/edits", lambda route: held.append(route), times=1)
    page.evaluate(f"{in_js(slider)}.value = 5")
    room.until(lambda: bool(held))
    room.document.remove_root(slider)
    room.session.store_document(room.document)
    held[0].continue_()
    room.until(lambda: page.evaluate("Bokeh.documents[0].roots().length") == 1)
    page.evaluate(f"{in_js(other)}.value = 7")
    room.until(lambda: room.attribute(other, "value") == 7)
    assert page.query_selector("#bokeh-wsgi-notice") is None


def test_a_file_that_is_chosen_is_one_change(room: Room) -> None:
    chosen = FileInput()
    room.publish(chosen)
    page = room.open()
    page.set_input_files("input[type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
    room.until(lambda: room.attribute(chosen, "filename") == "a.txt")
    assert [sorted(edit["attr"] for edit in batch) for batch in room.sent] == [
        ["filename", "mime_type", "value"]
    ]
    assert room.attribute(chosen, "value") == "aGVsbG8="


def test_models_that_are_added_one_after_the_other_all_come(room: Room) -> None:
    plot, _ = points(tools="pan")
    button = Button(label="add")
    code = """
      const {BoxAnnotation} = Bokeh.require("models/annotations/box_annotation")
      for (const left of [0, 1, 2]) {
        plot.renderers = [...plot.renderers, new BoxAnnotation({left, right: left + 0.5})]
      }
    """
    button.js_on_event("button_click", CustomJS(args={"plot": plot}, code=code))
    room.publish(plot, button)
    first, _ = room.open(), room.open()
    first.get_by_role("button", name="add").click()
    room.until_all(plot, "model.renderers.slice(1).map((box) => box.left)", [0, 1, 2])
    assert len(room.attribute(plot, "renderers")) == 4
