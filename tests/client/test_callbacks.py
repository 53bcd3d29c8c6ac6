"""Which callbacks are called, with what, and what becomes of errors in them."""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bokeh import events
from bokeh.document import Document
from bokeh.io import curdoc
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import (
    AutocompleteInput,
    Button,
    CheckboxGroup,
    ColorPicker,
    DatePicker,
    DateRangeSlider,
    Dropdown,
    FileInput,
    MultiChoice,
    NumericInput,
    RadioButtonGroup,
    RangeSlider,
    Select,
    Spinner,
    Switch,
    TextInput,
    TimePicker,
    Toggle,
)
from bokeh.plotting import figure

from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import Op, OpCode
from tests.waiting import wait_until

from .conftest import MakeSession, Viewer
from .editing_page import EditingPage


class Stage:
    """A live document whose models a page changes."""

    def __init__(self, make_session: MakeSession) -> None:
        self.session: Session = make_session(clear=True)
        self.page = EditingPage(make_session())
        self.document = Document()
        self.calls: list[Any] = []

    def put(self, *models: Any, **options: Any) -> None:
        for model in models:
            self.document.add_root(model)
        self.live = self.session.live(self.document, **options)

    def note(self, attr: str, old: Any, new: Any) -> None:
        self.calls.append((attr, old, new))

    def told(self, event: Any) -> None:
        self.calls.append(event)

    def wait_for(self, count: int) -> list[Any]:
        wait_until(lambda: len(self.calls) >= count)
        return self.calls


@pytest.fixture
def stage(make_session: MakeSession) -> Iterator[Stage]:
    made = Stage(make_session)
    yield made
    made.session.close()


CHOICES: Any = ["a", "b"]
WIDGETS: list[tuple[Callable[[], Any], str, Any, Any]] = [
    (lambda: Select(options=CHOICES, value="a"), "value", "b", "b"),
    (lambda: TextInput(value="a"), "value", "é日本", "é日本"),
    (lambda: AutocompleteInput(completions=["a"]), "value", "a", "a"),
    (lambda: RangeSlider(start=0, end=9, value=(1, 2)), "value", [3, 4.5], (3, 4.5)),
    (
        lambda: DateRangeSlider(start="2024-01-01", end="2024-02-01", value=("2024-01-02", "2024-01-03")),
        "value",
        [1704240000000, 1704326400000],
        (1704240000000, 1704326400000),
    ),
    (lambda: MultiChoice(options=["a", "b"]), "value", ["a", "b"], ["a", "b"]),
    (lambda: CheckboxGroup(labels=["a", "b"]), "active", [1], [1]),
    (lambda: RadioButtonGroup(labels=["a", "b"]), "active", 1, 1),
    (lambda: Toggle(active=True), "active", False, False),
    (lambda: Switch(), "active", True, True),
    (lambda: Spinner(value=1), "value", 2.5, 2.5),
    (lambda: NumericInput(value=1), "value", None, None),
    (lambda: ColorPicker(color="#000000"), "color", "#ff0000", "#ff0000"),
    (lambda: DatePicker(value="2024-01-01"), "value", "2024-02-03", "2024-02-03"),
    (lambda: TimePicker(), "value", 37_800_000, dt.time(10, 30)),
    (lambda: FileInput(), "value", "aGk=", "aGk="),
]


@pytest.mark.parametrize(
    ("make", "attr", "sent", "got"),
    WIDGETS,
    ids=[f"{number} {attr} {sent!s:.20}" for number, (_, attr, sent, _) in enumerate(WIDGETS)],
)
def test_values_of_widgets_come_as_the_script_would_have_written_them(
    stage: Stage, make: Callable[[], Any], attr: str, sent: Any, got: Any
) -> None:
    widget = make()
    widget.on_change(attr, stage.note)
    stage.put(widget)
    seq = stage.page.set(widget, **{attr: sent})
    ((_, _, new),) = stage.wait_for(1)
    assert new == got
    assert getattr(widget, attr) == got
    wait_until(lambda: stage.live.is_at_rest)
    assert stage.page.session.pull_state().seq == seq


def test_toggles_have_on_click(stage: Stage) -> None:
    toggle = Toggle(active=True)
    toggle.on_click(stage.told)
    stage.put(toggle)
    stage.page.set(toggle, active=False)
    assert stage.wait_for(1) == [False]


def test_buttons_and_menus_are_clicked(stage: Stage) -> None:
    button, menu, text = Button(), Dropdown(menu=[("A", "a")]), TextInput()
    button.on_click(stage.told)
    button.on_click(lambda: stage.told("clicked"))
    menu.on_click(lambda event: stage.told(event.item))
    text.on_event(events.ValueSubmit, lambda event: stage.told(event.value))
    stage.put(button, menu, text)
    stage.page.event("button_click", button)
    stage.page.event("menu_item_click", menu, item="a")
    stage.page.event("value_submit", text, value="sent")
    event, *others = stage.wait_for(4)
    assert isinstance(event, events.ButtonClick)
    assert event.model is button
    assert others == ["clicked", "a", "sent"]


def test_events_of_plots_carry_what_happened(stage: Stage) -> None:
    plot = figure()
    plot.line([1], [2])
    for kind in (events.Tap, events.SelectionGeometry, events.PanEnd, events.RangesUpdate, events.Reset):
        plot.on_event(kind, stage.told)
    stage.put(plot)
    modifiers = {"type": "map", "entries": [["shift", False], ["ctrl", True], ["alt", False]]}
    stage.page.event("tap", plot, sx=1, sy=2, x=3.5, y=4.5, modifiers=modifiers)
    geometry = {"type": "map", "entries": [["type", "rect"], ["x0", 1], ["x1", 2]]}
    stage.page.event("selectiongeometry", plot, geometry=geometry, final=True)
    stage.page.event("panend", plot, sx=1, sy=2, x=3, y=4)
    stage.page.event("rangesupdate", plot, x0=0, x1=1, y0=0, y1=2)
    stage.page.event("reset", plot)
    tap, selection, pan, ranges, reset = stage.wait_for(5)
    assert (tap.x, tap.y, tap.modifiers["ctrl"]) == (3.5, 4.5, True)
    assert selection.geometry["x1"] == 2
    assert isinstance(pan, events.PanEnd)
    assert ranges.y1 == 2
    assert reset.model is plot


def test_events_of_the_document_are_told(stage: Stage) -> None:
    stage.document.on_event("document_ready", stage.told)
    stage.put(Button())
    stage.page.send(Op(OpCode.EVENT, json='{"name": "document_ready", "values": {}}'))
    (event,) = stage.wait_for(1)
    assert isinstance(event, events.DocumentReady)


def test_events_that_mean_nothing_here_are_passed_over(stage: Stage) -> None:
    button = Button()
    button.on_click(stage.told)
    stage.put(button)
    stage.page.event("no_such_event", button)
    stage.page.event("button_click", button, surplus=1)
    stage.page.send(
        Op(OpCode.EVENT, model=button.id, json='{"name": "tap", "values": {"model": {"id": "nobody"}}}')
    )
    stage.page.event("button_click", button)
    assert len(stage.wait_for(1)) == 1


def test_selections_are_told(stage: Stage) -> None:
    source = ColumnDataSource({"x": [1, 2, 3]})
    plot = figure()
    plot.scatter("x", "x", source=source)
    source.selected.on_change("indices", stage.note)
    stage.put(plot)
    stage.page.set(source.selected, indices=[0, 2])
    assert stage.wait_for(1) == [("indices", [], [0, 2])]


def test_an_error_in_a_callback_is_told_and_stops_no_other(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    slider = Spinner(value=0, name="speed")
    button = Button()

    def fails(attr: str, old: Any, new: Any) -> None:
        raise ZeroDivisionError("at the sum")

    slider.on_change("value", fails, stage.note)

    def breaks() -> None:
        raise KeyError("gone")

    button.on_click(breaks)
    button.on_click(stage.told)
    stage.put(slider, button)
    stage.page.set(slider, value=1)
    stage.page.event("button_click", button)
    stage.page.set(slider, value=2)
    assert len(stage.wait_for(3)) == 3
    wait_until(lambda: len(caplog.records) >= 3)
    first, click, again = [record for record in caplog.records if "failed" in record.getMessage()]
    assert first.levelno == logging.ERROR
    assert first.name == "bokeh_wsgi"
    assert first.getMessage() == "on_change('value') of Spinner 'speed' failed: ZeroDivisionError: at the sum"
    assert first.exc_info is not None
    assert click.getMessage().startswith(f"button_click of Button '{button.id}' failed")
    assert again.getMessage().startswith("on_change('value') of Spinner 'speed' failed again: ")
    assert again.exc_info is None
    assert curdoc() is not stage.document


def test_pages_are_shown_errors_where_it_is_asked_for(stage: Stage) -> None:
    slider = Spinner(value=0)
    slider.on_change("value", lambda attr, old, new: new / 0)
    stage.put(slider, show_errors=True)
    viewer = Viewer(stage.page.session)
    viewer.changes()
    stage.page.set(slider, value=1)
    found: list[Any] = []

    def is_shown() -> bool:
        found.extend(op for change in viewer.changes() for op in change.ops if op.code is OpCode.EVENT)
        return bool(found)

    wait_until(is_shown)
    assert "bokeh_wsgi.notice" in found[0].json
    assert "ZeroDivisionError" in found[0].json


def test_coroutines_are_run_to_their_end(stage: Stage) -> None:
    slider, button, text = Spinner(value=0), Button(), TextInput()

    async def changed(attr: str, old: Any, new: Any) -> None:
        await asyncio.sleep(0)
        stage.told(new)

    async def clicked() -> None:
        await asyncio.sleep(0)
        text.value = "late"
        stage.told("clicked")

    slider.on_change("value", changed)  # type: ignore[arg-type]
    button.on_click(clicked)  # type: ignore[arg-type]
    stage.put(slider, button, text)
    stage.page.set(slider, value=1)
    stage.page.event("button_click", button)
    assert stage.wait_for(2) == [1, "clicked"]
    viewer = Viewer(stage.page.session)
    wait_until(lambda: viewer.attributes(text).get("value") == "late")


def test_a_value_that_cannot_be_set_here_is_told_and_put_right(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    choice, slider = RadioButtonGroup(labels=["a", "b"], active=0), Spinner(value=0)
    slider.on_change("value", stage.note)
    stage.put(choice, slider)
    stage.page.set(choice, active="nonsense")
    stage.page.set(slider, value=1)
    stage.wait_for(1)
    assert "cannot be set here" in caplog.text
    wait_until(lambda: stage.page.session.pull_state().graph.models[choice.id]["attributes"]["active"] == 0)
