"""What people do in a page comes to the document, and to the other pages; with real mouse and keyboard."""

from typing import Any

import numpy as np
from bokeh.models import CustomJS, PointDrawTool
from bokeh.models.layouts import Tabs
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.inputs import FileInput, TextInput
from bokeh.models.widgets.sliders import Slider
from bokeh.models.widgets.tables import DataTable, TableColumn
from bokeh.plotting import figure

from tests.browser.shared_document import (
    SharedDocument,
    drag,
    drag_slider,
    in_js,
    place,
    points,
    renderers_of,
)
from tests.waiting import pause


def test_nothing_is_sent_while_a_page_is_just_drawn(shared: SharedDocument) -> None:
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
    shared.publish(plot, auto, table, tabs, slider, Button(label="go"), FileInput(), TextInput(value="a"))
    seq = shared.state().seq
    for _ in range(2):
        page = shared.open()
        shared.rest(0.7)
        page.set_viewport_size({"width": 500, "height": 900})
        shared.rest(0.5)
    assert shared.sent == []
    assert shared.state().seq == seq


def test_a_slider_that_is_dragged_moves_in_all_pages(shared: SharedDocument) -> None:
    slider = Slider(start=0, end=100, value=1, width=300, title="amplitude")
    shared.publish(slider)
    first, other = shared.open(), shared.open()
    first.evaluate(
        f"""() => {{
          const slider = {in_js(slider)}
          window.heard = []
          slider.properties.value.change.connect(() => heard.push(slider.value))
        }}"""
    )
    drag_slider(first, 150, steps=30)
    value = shared.in_page(first, slider, "model.value")
    assert value > 30
    shared.until_all(slider, "model.value", value)
    assert shared.attribute(slider, "value") == value
    # Without an echo: the page that was dragged in never went back.
    heard = first.evaluate("window.heard")
    assert heard == sorted(set(heard))
    drag_slider(other, -100)
    value = shared.in_page(other, slider, "model.value")
    shared.until_all(slider, "model.value", value)


def test_at_most_one_batch_is_under_way_and_the_last_value_arrives(shared: SharedDocument) -> None:
    slider = Slider(start=0, end=1000, value=0, width=300)
    shared.publish(slider)
    page = shared.open()
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
    shared.until(lambda: shared.attribute(slider, "value") == 60)
    assert max(under_way) == 1
    assert len(shared.sent) < 40


def test_two_pages_that_drag_at_once_end_with_one_value(shared: SharedDocument) -> None:
    slider = Slider(start=0, end=1000, value=0)
    shared.publish(slider)
    pages = [shared.open() for _ in range(3)]
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
        return {shared.attribute(slider, "value"), *(shared.in_page(p, slider, "model.value") for p in pages)}

    shared.until(lambda: len(values()) == 1)


def test_a_selection_is_shared(shared: SharedDocument) -> None:
    plot, source = points(tools="box_select", active_drag="box_select")
    shared.publish(plot)
    first, _ = shared.open(), shared.open()
    drag(first, place(first, plot, 0.5, 0.5), place(first, plot, 3.5, 3.5))
    shared.until_all(source, "[...model.selected.indices]", [1, 2, 3])
    assert shared.attribute(source.selected, "indices") == [1, 2, 3]


def test_a_selection_outlasts_rows_that_are_not_there_for_a_while(shared: SharedDocument) -> None:
    plot, source = points(tools="tap")
    shared.publish(plot)
    page = shared.open()
    selected = [1, 4]
    source.selected.indices = selected
    shared.session.store_objects(source.selected)
    shared.until_all(source, "model.selected.indices", selected)
    for count in (2, 5):
        source.data = {"x": np.arange(count), "y": np.arange(count), "name": ["a"] * count}
        shared.session.store_objects(source)
        shared.until_all(source, "model.data.x.length", count)
        assert shared.in_page(page, source, "model.selected.indices") == selected
    assert shared.attribute(source.selected, "indices") == selected


def test_a_button_s_event_comes_after_what_was_changed_before_it(shared: SharedDocument) -> None:
    button = Button(label="go")
    button.on_click(lambda: None)
    text = TextInput(value="")
    button.js_on_event("button_click", CustomJS(args={"text": text}, code="text.value += '!'"))
    shared.publish(button, text)
    page = shared.open()
    page.get_by_role("textbox").fill("hello")
    page.get_by_role("button", name="go").click()
    shared.until(lambda: shared.attribute(text, "value") == "hello!")
    names = [[edit.get("attr") or edit["msg_data"]["name"] for edit in batch] for batch in shared.sent]
    flat = [name for batch in names for name in batch if name != "value_input"]
    assert flat == ["value", "button_click", "value"] or flat == ["value", "value", "button_click"]
    batch = next(batch for batch in names if "button_click" in batch)
    assert batch[-1] == "button_click"


def test_a_file_that_is_chosen_is_one_change(shared: SharedDocument) -> None:
    chosen = FileInput()
    shared.publish(chosen)
    page = shared.open()
    page.set_input_files("input[type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"})
    shared.until(lambda: shared.attribute(chosen, "filename") == "a.txt")
    assert [sorted(edit["attr"] for edit in batch) for batch in shared.sent] == [
        ["filename", "mime_type", "value"]
    ]
    assert shared.attribute(chosen, "value") == "aGVsbG8="


def test_models_that_are_added_one_after_the_other_all_come(shared: SharedDocument) -> None:
    plot, _ = points(tools="pan")
    button = Button(label="add")
    code = """
      const {BoxAnnotation} = Bokeh.require("models/annotations/box_annotation")
      for (const left of [0, 1, 2]) {
        plot.renderers = [...plot.renderers, new BoxAnnotation({left, right: left + 0.5})]
      }
    """
    button.js_on_event("button_click", CustomJS(args={"plot": plot}, code=code))
    shared.publish(plot, button)
    first, _ = shared.open(), shared.open()
    first.get_by_role("button", name="add").click()
    shared.until_all(plot, "model.renderers.slice(1).map((box) => box.left)", [0, 1, 2])
    assert len(shared.attribute(plot, "renderers")) == 4
