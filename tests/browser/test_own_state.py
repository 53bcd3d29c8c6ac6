"""What is a page's own: where its mouse is, what opens and closes there; and what cannot leave it."""

from typing import Any

import pytest
from bokeh.events import DocumentReady
from bokeh.models import (
    BoxSelectTool,
    BoxZoomTool,
    ColumnDataSource,
    CrosshairTool,
    CustomJS,
    HoverTool,
    LassoSelectTool,
    Model,
    PolySelectTool,
    RangeTool,
    RedoTool,
    TabPanel,
    Tabs,
    UndoTool,
)
from bokeh.models.annotations.geometry import BoxAnnotation, PolyAnnotation, Span
from bokeh.models.dom import HTML
from bokeh.models.ui.tooltips import Tooltip
from bokeh.models.widgets.buttons import Button, HelpButton
from bokeh.models.widgets.inputs import TextInput
from bokeh.models.widgets.markups import Div
from bokeh.models.widgets.sliders import Slider
from bokeh.models.widgets.tables import DataTable, TableColumn
from bokeh.plotting import figure
from playwright.sync_api import Page, expect

from tests.browser.shared_document import SharedDocument, drag, in_js, place, points


@pytest.fixture
def slider() -> Slider:
    """Something whose change comes after all that was done before it."""
    return Slider(start=0, end=100, value=1, title="after all")


def heard(page: Page) -> list[str]:
    """What the page's console says from now on."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type != "info" else None)
    return told


def nothing_was_sent(shared: SharedDocument, slider: Slider) -> None:
    page = shared.pages[0]
    page.evaluate(f"{in_js(slider)}.value = 50")
    shared.until(lambda: shared.attribute(slider, "value") == 50)
    assert [(edit["kind"], edit.get("attr")) for batch in shared.sent for edit in batch] == [
        ("ModelChanged", "value")
    ]


def opened(page: Page, tooltip: Model) -> bool:
    found: bool = page.evaluate(f"{in_js(tooltip)}.visible")
    return found


def test_a_tab_with_a_tooltip_is_drawn_and_its_tooltip_opens_in_one_page(
    shared: SharedDocument, slider: Slider
) -> None:
    tooltip = Tooltip(content="about the first", position="bottom_center")
    tabs = [
        TabPanel(child=Div(text="one"), title="First", tooltip=tooltip),
        TabPanel(child=Div(text="two"), title="Second"),
    ]
    shared.publish(Tabs(tabs=tabs), slider)
    first, other = shared.open(), shared.open()
    told = heard(first)
    first.get_by_text("First", exact=True).hover()
    shared.until(lambda: opened(first, tooltip))
    nothing_was_sent(shared, slider)
    shared.until_all(slider, "model.value", 50)
    assert not opened(other, tooltip)
    assert told == []
    late = shared.open()
    assert not opened(late, tooltip)


def test_a_description_opens_where_the_mouse_is(shared: SharedDocument, slider: Slider) -> None:
    tooltip = Tooltip(content=HTML(html="<b>what to type</b>"), position="right")
    text = TextInput(title="name", description=tooltip)
    shared.publish(text, slider)
    first, other = shared.open(), shared.open()
    first.locator(".bk-description").hover()
    shared.until(lambda: opened(first, tooltip))
    nothing_was_sent(shared, slider)
    shared.until_all(slider, "model.value", 50)
    assert not opened(other, tooltip)


def test_a_help_button_helps_who_clicks_it(shared: SharedDocument, slider: Slider) -> None:
    tooltip = Tooltip(content="how to", position="right")
    shared.publish(HelpButton(tooltip=tooltip), slider)
    first, other = shared.open(), shared.open()
    first.get_by_role("button").first.click()
    shared.until(lambda: opened(first, tooltip))
    nothing_was_sent(shared, slider)
    shared.until_all(slider, "model.value", 50)
    assert not opened(other, tooltip)


@pytest.mark.parametrize(
    ("tool", "overlay"),
    [
        (BoxSelectTool, BoxAnnotation),
        (BoxZoomTool, BoxAnnotation),
        (LassoSelectTool, PolyAnnotation),
        (PolySelectTool, PolyAnnotation),
    ],
)
def test_what_a_tool_draws_while_it_is_used_is_its_page_s(
    shared: SharedDocument, slider: Slider, tool: Any, overlay: Any
) -> None:
    plot, _ = points(tools="")
    made = tool(overlay=overlay())
    plot.add_tools(made, HoverTool())
    if tool is PolySelectTool:
        plot.toolbar.active_tap = made
    else:
        plot.toolbar.active_drag = made
    shared.publish(plot, slider)
    page = shared.open()
    told = heard(page)
    page.mouse.move(*place(page, plot, 4.5, 4.5))
    page.mouse.down()
    page.mouse.up() if tool is PolySelectTool else None
    page.mouse.move(*place(page, plot, 5.5, 5.5), steps=5)
    shared.until(lambda: shared.in_page(page, made.overlay, "model.visible") is True)
    nothing_was_sent(shared, slider)
    page.mouse.up()
    assert told == []


def test_a_crosshair_and_a_range_tool_follow_their_own_page(shared: SharedDocument, slider: Slider) -> None:
    plot, _ = points(tools="pan", active_drag="pan")
    spans = Span(dimension="width"), Span(dimension="height")
    plot.add_tools(CrosshairTool(overlay=spans), UndoTool(), RedoTool())
    ranges: Any = (-1, 6)
    small = figure(width=400, height=100, x_range=ranges, y_range=ranges, tools="", title="small")
    tool = RangeTool(x_range=plot.x_range, overlay=BoxAnnotation())
    small.add_tools(tool)
    shared.publish(plot, small, slider)
    page = shared.open()
    x, y = place(page, plot, 2, 2)
    drag(page, (x, y), (x + 50, y + 20))
    shared.until(lambda: shared.in_page(page, tool.overlay, "model.left") < -1.1)
    assert isinstance(shared.in_page(page, spans[0], "model.location"), float)
    page.mouse.move(5, 5)
    nothing_was_sent(shared, slider)


UNTELLABLE = {
    "an element": "[document.body]",
    "a function": "[() => 1]",
    "a large integer": "[1n]",
}


@pytest.mark.parametrize("what", UNTELLABLE)
def test_what_cannot_be_sent_stays_in_the_page_and_the_script_goes_on(
    shared: SharedDocument, slider: Slider, what: str
) -> None:
    button = Button(label="go")
    code = f"""
      for (let i = 0; i < 3; i++) {{
        slider.tags = {UNTELLABLE[what]}
        slider.value += 1
      }}
    """
    button.js_on_event("button_click", CustomJS(args={"slider": slider}, code=code))
    shared.publish(button, slider)
    page = shared.open()
    told = heard(page)
    page.get_by_role("button", name="go").click()
    shared.until(lambda: shared.attribute(slider, "value") == 4)
    assert shared.attribute(slider, "tags") in (None, [])
    assert [text.split(":")[:2] for text in told] == [
        ["bokeh_wsgi", " a change of Slider.tags stays in this page, since it cannot be sent"]
    ]
    expect(page.locator("#bokeh-wsgi-notice")).to_have_count(0)


def test_what_a_script_does_when_the_page_is_drawn_is_done_at_every_opening(shared: SharedDocument) -> None:
    source = ColumnDataSource({"x": [0]}, name="openings")
    shared.document.js_on_event(
        DocumentReady, CustomJS(args={"source": source}, code="source.stream({x: [source.data.x.length]})")
    )
    shared.publish(DataTable(source=source, columns=[TableColumn(field="x")]))
    shared.open()
    shared.until(lambda: shared.column(source, "x") == [0, 1])
    shared.open()
    shared.until_all(source, "[...model.data.x]", [0, 1, 2])
    assert shared.column(source, "x") == [0, 1, 2]
