"""Every widget, with mouse and keyboard: what Python is told is what ``bokeh serve`` tells it."""

import re
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from bokeh.core.has_props import is_abstract
from bokeh.models.widgets import Widget
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.examples import (
    TIMEOUT_MS,
    Program,
    Script,
    drag_in_plot,
    look_at,
    model,
    place,
    slide,
    wait_until_drawn,
)
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.command import EXAMPLES

Act = Callable[[Page], None]

SERVED = f"""
import runpy, types
from bokeh.io import curdoc
import bokeh_wsgi.plotting as plotting
plotting.output_server = lambda title: None
plotting.cursession = lambda: types.SimpleNamespace(run=lambda: None)
plotting.show = curdoc().add_root
runpy.run_path({str(EXAMPLES / "widgets.py")!r}, run_name="__main__")
"""


@pytest.fixture(scope="module")
def published(memory_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    """The example, published."""
    with Script("widgets.py", memory_server.url, tmp_path_factory.mktemp("published")) as script:
        yield script


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The example as an app of Bokeh's own server."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "widgets.py").write_text(SERVED)
    with Program(["-m", "bokeh", "serve", "--port", "0", "widgets.py"], folder) as served:
        yield served


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    page = windows.new_page(viewport={"width": 1000, "height": 1000})
    page.set_default_timeout(TIMEOUT_MS)
    yield page
    page.close()


def look_at_served(page: Page, served: Program) -> None:
    page.goto(served.wait_for(r"running at: (http\S+)")[1])
    wait_until_drawn(page)


def click(selector: str, number: int = 0) -> Act:
    return lambda page: page.locator(selector).nth(number).click()


def press(selector: str, *keys: str) -> Act:
    def act(page: Page) -> None:
        for key in keys:
            page.locator(selector).press(key)

    return act


def fill(selector: str, text: str, then: str = "Enter", number: int = 0) -> Act:
    def act(page: Page) -> None:
        found = page.locator(selector).nth(number)
        found.fill(text)
        found.press(then)

    return act


def choose(selector: str, *labels: str) -> Act:
    return lambda page: cast(None, page.locator(selector).select_option(list(labels)))


def pick(widget: str, *days: int, hour: str = "") -> Act:
    """Open a calendar, click on days in May 2024, type an hour, and close it."""

    def act(page: Page) -> None:
        field = page.locator(f".bk-{widget}")
        field.locator(".form-control").click()
        for day in days:
            field.locator(f".flatpickr-day[aria-label='May {day}, 2024']").click()
        if hour:
            field.locator(".flatpickr-hour").fill(hour)
            field.locator(".flatpickr-hour").press("Enter")
        page.locator(".bk-tab", has_text="Dates").hover()
        page.mouse.down()
        page.mouse.up()

    return act


def choose_in_menu(page: Page) -> None:
    page.locator(".bk-Dropdown button").click()
    page.locator(".bk-Dropdown .bk-item", has_text="cherry").click()


def choose_palette(page: Page) -> None:
    page.locator(".bk-PaletteSelect .bk-value-input").click()
    page.get_by_text("greens", exact=True).locator("visible=true").click()


def choose_another(page: Page) -> None:
    page.locator(".bk-MultiChoice .choices__inner").click()
    page.locator(".bk-MultiChoice .choices__item--choice", has_text="cherry").click()


def complete(page: Page) -> None:
    page.locator(".bk-AutocompleteInput input").press_sequentially("ba")
    page.locator(".bk-AutocompleteInput .bk-menu").get_by_text("banana").click()


def choose_file(page: Page) -> None:
    file: FilePayload = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"}
    page.locator(".bk-FileInput input").set_input_files(file)


def drag_slider(page: Page) -> None:
    slide(page, page.locator(".bk-Slider .noUi-handle").nth(1), 60)


def tap(page: Page) -> None:
    page.mouse.click(*place(page, model("Figure"), 4, 6))


def tap_twice(page: Page) -> None:
    # On a busy machine the second click may come too late to be one.
    page.evaluate(f"{model('Figure')}.on_event('doubletap', () => {{ window.tapped = true }})")
    while not page.evaluate("window.tapped === true"):
        page.mouse.dblclick(*place(page, model("Figure"), 6, 4))


def pan(page: Page) -> None:
    drag_in_plot(page, model("Figure"), (3, 3), (3.5, 3.5))


STEPS: dict[str, list[tuple[Act, str]]] = {
    "Buttons": [
        (click(".bk-Button button"), "Button button_click: "),
        (choose_in_menu, "Dropdown menu_item_click: {'item': 'cherry'}"),
        (click(".bk-Toggle button"), "Toggle.active: True"),
        (click(".bk-CheckboxGroup input", 2), "CheckboxGroup.active: [0, 2]"),
        (click(".bk-CheckboxButtonGroup button", 1), "CheckboxButtonGroup.active: [0, 1]"),
        (click(".bk-RadioGroup input", 1), "RadioGroup.active: 1"),
        (click(".bk-RadioButtonGroup button", 3), "RadioButtonGroup.active: 3"),
        (click(".bk-Switch"), "Switch.active: True"),
        (click(".bk-Checkbox input"), "Checkbox.active: True"),
    ],
    "Sliders": [
        (press(".bk-Slider .noUi-handle >> nth=0", "ArrowRight"), "Slider.value: 5.5"),
        (press(".bk-RangeSlider .noUi-handle-upper", "ArrowLeft"), "RangeSlider.value: (2, 7)"),
        (press(".bk-CategoricalSlider .noUi-handle", "ArrowRight"), "CategoricalSlider.value: cherry"),
        (press(".bk-DateSlider .noUi-handle", "ArrowRight"), "DateSlider.value: "),
        (press(".bk-DateRangeSlider .noUi-handle-lower", "ArrowRight"), "DateRangeSlider.value: "),
        (press(".bk-DatetimeRangeSlider .noUi-handle-lower", "ArrowRight"), "DatetimeRangeSlider.value: "),
        (drag_slider, "Slider.value_throttled: 7"),
    ],
    "Texts": [
        (
            fill(".bk-TextInput input", "hello"),
            "TextInput.value: hello\nTextInput value_submit: {'value': 'hello'}",
        ),
        (press(".bk-TextInput input >> nth=1", "a"), "TextInput.value_input: a"),
        (press(".bk-TextInput input >> nth=1", "b"), "TextInput.value_input: ab"),
        (fill(".bk-PasswordInput input", "secret"), "PasswordInput.value: secret"),
        (fill(".bk-TextAreaInput textarea", "two\nlines", "Tab"), "TextAreaInput.value: two"),
        (complete, "AutocompleteInput.value: banana"),
        (fill(".bk-NumericInput input", "2.5"), "NumericInput.value: 2.5"),
        (click(".bk-Spinner .bk-spin-btn-up"), "Spinner.value: 5.5"),
        (choose_file, "FileInput.value: aGVsbG8="),
    ],
    "Choices": [
        (choose(".bk-Select select", "cherry"), "Select.value: cherry"),
        (choose(".bk-MultiSelect select", "banana", "date"), "MultiSelect.value: ['banana', 'date']"),
        (choose_another, "MultiChoice.value: ['apple', 'cherry']"),
        (fill(".bk-ColorPicker input", "#ff8800", "Tab"), "ColorPicker.color: #ff8800"),
        (choose_palette, "PaletteSelect.value: greens"),
    ],
    "Dates": [
        (pick("DatePicker", 15), "DatePicker.value: "),
        (pick("DateRangePicker", 6, 9), "DateRangePicker.value: "),
        (pick("MultipleDatePicker", 2), "MultipleDatePicker.value: "),
        (pick("DatetimePicker", 20), "DatetimePicker.value: "),
        (pick("DatetimeRangePicker", 6, 9), "DatetimeRangePicker.value: "),
        (pick("MultipleDatetimePicker", 2), "MultipleDatetimePicker.value: "),
        (pick("TimePicker", hour="3"), "TimePicker.value: "),
    ],
    "More": [
        (click(".slick-row >> nth=2 >> .slick-cell >> nth=1"), "Selection.indices: [2]"),
        # In this order: a tap soon after another one is taken for a double tap.
        (tap_twice, "figure doubletap: {'x': "),
        (tap, "figure tap: {'x': "),
        (pan, "figure panend: "),
    ],
}


def turn_to(page: Page, title: str) -> None:
    tab = page.locator(".bk-tab", has_text=title)
    tab.click()
    expect(tab).to_contain_class("bk-active")


def use(page: Page, title: str, script: Program) -> list[str]:
    """Do all that there is to do in a tab; returns what Python was told, each once."""
    turn_to(page, title)
    begin = len(script.said)
    for act, told in STEPS[title]:
        since = len(script.said)
        act(page)
        for line in told.splitlines():
            script.wait_for("^" + re.escape(line), since=since)
    told_lines = [rounded(line) for line in script.said[begin:] if not line.startswith("Tabs.active")]
    return list(dict.fromkeys(told_lines))


def rounded(line: str) -> str:
    """Plots are not at the same place of the window."""
    return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.1f}", line)


@pytest.mark.parametrize("title", STEPS)
def test_python_is_told_what_bokeh_serve_tells_it(
    title: str, published: Script, served: Program, page: Page
) -> None:
    look_at(page, published.link)
    told = use(page, title, published)
    look_at_served(page, served)
    assert told == use(page, title, served)


def test_tabs_are_told_and_all_pages_turn(published: Script, page: Page, windows: Windows) -> None:
    look_at(page, published.link)
    other = windows.new_page()
    look_at(other, published.link)
    for number, title in enumerate(STEPS):
        since = len(published.said)
        is_there = page.evaluate(f"{model('Tabs')}.active") == number
        turn_to(page, title)
        if not is_there:
            published.wait_for(f"^Tabs.active: {number}$", since=since)
        expect(other.locator(".bk-tab", has_text=title)).to_contain_class("bk-active")
    other.close()


def test_every_widget_is_in_the_example() -> None:
    told_nothing = {"Div", "HelpButton", "Markdown", "Paragraph", "Progress"}
    bases = {"TextLikeInput"}
    untried = {"DataCube"}  # a table in all that matters here
    example = (EXAMPLES / "widgets.py").read_text()
    own = (cls for cls in kinds_of(Widget) if cls.__module__.startswith("bokeh."))
    widgets = {cls.__name__ for cls in own if not is_abstract(cls)}
    missing = {name for name in widgets if f"{name}(" not in example}
    assert missing - told_nothing - bases == untried


def kinds_of(cls: type[Widget]) -> Iterator[type[Widget]]:
    for kind in cls.__subclasses__():
        yield kind
        yield from kinds_of(kind)
