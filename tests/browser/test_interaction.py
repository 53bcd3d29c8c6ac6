"""The examples of docs/interaction.md, with mouse and keyboard in Chromium."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.events import Event as BokehEvent
from bokeh.events import RangesUpdate
from bokeh.models import Range1d
from bokeh.models.widgets.buttons import Button
from bokeh.plotting import figure
from playwright.sync_api import Page, expect

from bokeh_wsgi import Session
from tests.browser.examples import (
    MODELS,
    Script,
    drag_in_plot,
    figure_with,
    look_at,
    model,
    place,
    slide,
    source_of,
    wait,
)
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows

Run = Callable[[str], Script]


@pytest.fixture
def run(memory_server: LiveServer, tmp_path: Path) -> Iterator[Run]:
    """Runs examples; each starts its document anew."""
    scripts: list[Script] = []

    def run(example: str) -> Script:
        scripts.append(Script(example, memory_server.url, tmp_path))
        return scripts[-1]

    yield run
    for script in scripts:
        script.kill()


@pytest.fixture
def browsers(windows: Windows) -> Iterator[Callable[[], Page]]:
    """Pages of other people's browsers: no two share anything."""
    pages: list[Page] = []

    def new() -> Page:
        pages.append(windows.new_page())
        return pages[-1]

    yield new
    for page in pages:
        page.close()


@pytest.fixture
def page(browsers: Callable[[], Page]) -> Page:
    return browsers()


def test_a_button_is_counted_for_everybody(run: Run, browsers: Callable[[], Page]) -> None:
    link = run("one_button.py").link
    mine, theirs = browsers(), browsers()
    for page in (mine, theirs):
        look_at(page, link)
    mine.get_by_role("button", name="Click me").click()
    for page in (mine, theirs):
        expect(page.get_by_role("button", name="Clicked 1 times")).to_be_visible()
    theirs.get_by_role("button", name="Clicked 1 times").click()
    for page in (mine, theirs):
        expect(page.get_by_role("button", name="Clicked 2 times")).to_be_visible()


CURVE = source_of("t")


def expected_curve(frequency: float) -> list[float]:
    return [float(y) for y in np.sin(frequency * np.linspace(0, 4 * np.pi, 1000))]


def test_slider_select_and_text_drive_a_curve(run: Run, page: Page, complaints: list[str]) -> None:
    look_at(page, run("curve.py").link)
    shown = f"{CURVE}.data.y.every((y, i) => Math.abs(y - argument[i]) < 1e-9)"
    wait(page, shown, expected_curve(1))
    slide(page, page.locator(".noUi-handle"), 60)
    # What comes last always arrives, whatever was left out on the way.
    frequency = page.evaluate(f"{model('Slider')}.value")
    assert frequency > 2
    wait(page, shown, expected_curve(frequency))
    page.get_by_label("Wave").select_option("square")
    wait(page, f"{CURVE}.data.y.every((y) => Math.abs(y) == 1 || y == 0)")
    title = page.get_by_label("Title")
    title.fill("Mine")
    title.press("Enter")
    wait(page, f"{MODELS}.find((model) => model.text == 'Mine')")
    assert complaints == []


def test_the_keyboard_drives_the_curve_too(run: Run, page: Page) -> None:
    look_at(page, run("curve.py").link)
    handle = page.locator(".noUi-handle")
    for _ in range(2):
        handle.press("ArrowRight")
    wait(page, f"{CURVE}.data.y.every((y, i) => Math.abs(y - argument[i]) < 1e-9)", expected_curve(1.2))


def test_box_selection_drives_histograms(run: Run, page: Page) -> None:
    look_at(page, run("histograms.py").link)
    plot, points = figure_with("BoxSelectTool"), source_of("x")
    histograms = source_of("selected").removesuffix("[0]")
    sums = f"{histograms}.map((model) => model.data.selected.reduce((a, b) => a + b, 0))"
    assert page.evaluate(sums) == [0, 0]
    drag_in_plot(page, plot, (4.5, 0.5), (7.5, 4))
    wait(page, f"{points}.selected.indices.length > 0")
    chosen = page.evaluate(
        f"(() => {{ const {{x, y}} = {points}.data; return Array.from(x).filter((_, i) =>"
        " x[i] >= 4.5 && x[i] <= 7.5 && y[i] >= 0.5 && y[i] <= 4).length })()"
    )
    assert chosen > 500
    wait(page, f"Math.abs({points}.selected.indices.length - argument) <= 10", chosen)  # by pixels
    shown = page.evaluate(f"{points}.selected.indices.length")
    wait(page, f"{sums}.every((sum) => sum == argument)", shown)
    page.keyboard.press("Escape")
    wait(page, f"{sums}.every((sum) => sum == 0)")


LAST_STEP = f"{source_of('step')}.data.step.at(-1)"


def steps_in(page: Page, ms: int) -> int:
    """How many measurements come while the page's own clock goes on by so much."""
    return int(
        page.evaluate(
            f"""async (ms) => {{
              const begun = {LAST_STEP}
              await new Promise((resolve) => setTimeout(resolve, ms))
              return {LAST_STEP} - begun
            }}""",
            ms,
        )
    )


def test_a_stream_moves_all_the_while_is_made_faster_and_stopped(run: Run, page: Page) -> None:
    look_at(page, run("streaming.py").link)
    start, stop, faster = (page.get_by_role("button", name=name) for name in ("Start", "Stop", "Faster"))
    wait(page, f"{LAST_STEP} >= 5")
    slow = steps_in(page, 2000)
    for _ in range(2):
        before = page.evaluate(LAST_STEP)
        faster.click()
        wait(page, f"{LAST_STEP} > argument", before)
    wait(page, f"{MODELS}.find((model) => model.text?.startsWith('20 '))")
    quick = steps_in(page, 2000)
    assert quick > 1.5 * slow > 0
    stop.click()
    expect(start).to_be_enabled()
    expect(stop).to_be_disabled()
    # Start came to be enabled in the change of the callback that stopped the timer, the last step before it.
    assert steps_in(page, 1000) == 0
    stopped_at = page.evaluate(LAST_STEP)
    start.click()
    wait(page, f"{LAST_STEP} > argument + 3", stopped_at)
    every_step = page.evaluate(f"Array.from({source_of('step')}.data.step)")
    assert every_step == list(range(len(every_step)))


def test_a_table_is_edited_in_the_page_and_saved_by_python(run: Run, page: Page, tmp_path: Path) -> None:
    script = run("table.py")
    look_at(page, script.link)
    saved = tmp_path / "planting.csv"
    for row, column, text in ((1, 1, "7"), (2, 0, "garlic"), (0, 2, "1.5")):
        cell = page.locator(".slick-row").nth(row).locator(".slick-cell").nth(column)
        cell.dblclick()
        editor = cell.locator("input")
        editor.fill(text)
        editor.press("Enter")
        expect(cell).to_have_text(text)
    wait(page, f"{MODELS}.find((model) => model.text?.startsWith('45 metres'))")
    assert saved.read_text().splitlines() == [
        "plant,rows,metres",
        "beans,4,1.5",
        "peas,7,2.5",
        "garlic,2,4.0",
        "chard,2,3.0",
        "kale,1,3.0",
        "beetroot,3,1.5",
    ]
    # Started again, it goes on with what was saved; the open page too.
    script.kill()
    run("table.py").wait_for("http")
    cell = page.locator(".slick-row").nth(4).locator(".slick-cell").nth(1)
    expect(cell).to_have_text("1")
    wait(page, f"{source_of('plant')}.data.rows[1] == 7")


def selected(source: str) -> str:
    return f"[...{source}.selected.indices].sort((a, b) => a - b)"


def test_a_selection_is_that_of_both_plots_in_two_browsers(run: Run, browsers: Callable[[], Page]) -> None:
    script = run("linked_selection.py")
    mine, theirs = browsers(), browsers()
    for page in (mine, theirs):
        look_at(page, script.link)
    penguins = source_of("species")
    drag_in_plot(mine, model("Figure", 0), (40, 16), (50, 20))
    wait(mine, f"{penguins}.selected.indices.length > 20")
    chosen = mine.evaluate(selected(penguins))
    wait(theirs, f"JSON.stringify({selected(penguins)}) == JSON.stringify(argument)", chosen)
    told = f"{MODELS}.map((m) => m.text).find((text) => /Adelie/.test(text))"
    for page in (mine, theirs):
        wait(page, f"(({told}) ?? '').split(/\\D+/).map(Number).reduce((a, b) => a + b) == {len(chosen)}")
    # Neither page needs the script for it; the other plot is as good.
    script.kill()
    drag_in_plot(theirs, model("Figure", 1), (178, 3000), (195, 4000))
    wait(theirs, f"JSON.stringify({selected(penguins)}) != JSON.stringify(argument)", chosen)
    chosen = theirs.evaluate(selected(penguins))
    wait(mine, f"JSON.stringify({selected(penguins)}) == JSON.stringify(argument)", chosen)


def test_python_fits_a_curve_through_points_that_are_dragged(
    run: Run, page: Page, complaints: list[str]
) -> None:
    look_at(page, run("points.py").link)
    dots, curve = source_of("x", 0), source_of("x", 1)
    if page.evaluate(f"{dots}.data.x.length") > 100:
        dots, curve = curve, dots
    plot = model("Figure")
    drag_in_plot(page, plot, (4, 4), (4.5, 9))
    wait(page, f"Math.abs({dots}.data.y[2] - 9) < 0.1 && Math.abs({dots}.data.x[2] - 4.5) < 0.1")
    follows(page, dots, curve, 3)
    page.mouse.click(*place(page, plot, 5, 1))
    wait(page, f"{dots}.data.x.length == 7")
    follows(page, dots, curve, 3)
    degree = page.get_by_label("Degree of the polynomial")
    degree.fill("5")
    degree.press("Enter")
    wait(page, f"{model('Spinner')}.value == 5")
    follows(page, dots, curve, 5)
    # Select one, and delete it. A click soon after another one is taken for a double click: nothing happens.
    while page.evaluate(f"{dots}.selected.indices.length") != 1:
        page.mouse.click(*place(page, plot, 1, 2))
    page.keyboard.press("Backspace")
    wait(page, f"{dots}.data.x.length == 6")
    follows(page, dots, curve, 5)
    assert complaints == []


def follows(page: Page, dots: str, curve: str, degree: int) -> None:
    """Wait until the curve is the polynomial through the dots that the page shows."""
    x, y = (np.array(page.evaluate(f"Array.from({dots}.data.{name})")) for name in "xy")
    polynomial = np.polynomial.Polynomial.fit(x, y, degree)
    expected = [float(value) for value in polynomial(np.linspace(x.min(), x.max(), 200))]
    wait(page, f"{curve}.data.y.every((y, i) => Math.abs(y - argument[i]) < 1e-6)", expected)


def test_a_dashboard_computes_while_somebody_looks_and_finds_what_people_left(
    run: Run, browsers: Callable[[], Page]
) -> None:
    script = run("dashboard.py")
    link = script.link
    page = browsers()
    look_at(page, link)
    script.wait_for("measuring")
    sweep, notes = source_of("volts"), source_of("note")
    wait(page, f"{sweep}.data.volts.some((volts) => volts != 0)")

    page.get_by_label("Signal").select_option("square")
    slide(page, page.locator(".noUi-handle"), 60)
    noise = page.evaluate(f"{model('Slider')}.value")
    assert noise > 0.3
    drag_in_plot(page, figure_with("BoxSelectTool"), (2, 1), (6, 1))
    wait(page, f"{sweep}.selected.indices.length > 50")
    page.get_by_role("button", name="Note the selection").click()
    wait(page, f"{notes}.data.note.length == 1")

    # Killed in the middle, while somebody goes on using the page.
    script.kill()
    page.get_by_label("Signal").select_option("silence")
    cell = page.locator(".slick-row .slick-cell").last
    cell.dblclick()
    cell.locator("input").fill("while nobody counts")
    cell.locator("input").press("Enter")
    wait(page, f"{notes}.data.note[0] == 'while nobody counts'")
    shown = page.evaluate(f"Array.from({sweep}.data.volts)")

    script = run("dashboard.py")
    assert script.link == link
    script.wait_for("measuring")
    # It measures on with the knobs as they are: silence, and noise.
    wait(page, f"{sweep}.data.volts.some((volts, i) => volts != argument[i])", shown)
    assert page.evaluate(f"{model('Select')}.value") == "silence"
    assert page.evaluate(f"{model('Slider')}.value") == noise
    assert page.evaluate(f"{notes}.data.note[0]") == "while nobody counts"
    wait(page, f"{sweep}.data.volts.slice(0, 40).every((volts) => Math.abs(volts) < 6 * {noise})")
    # And its callbacks go on.
    page.get_by_role("button", name="Note the selection").click()
    wait(page, f"{notes}.data.note.length == 2")

    said = len(script.said)
    page.close()
    script.wait_for("nobody looks", since=said)
    page = browsers()
    look_at(page, link)
    script.wait_for("measuring", since=said)
    assert page.evaluate(f"{notes}.data.note[0]") == "while nobody counts"
    before = page.evaluate(f"Array.from({sweep}.data.volts)")
    wait(page, f"{sweep}.data.volts.some((volts, i) => volts != argument[i])", before)


@pytest.fixture
def session(memory_server: LiveServer) -> Iterator[Session]:
    with Session(root_url=memory_server.url, load_from_config=False) as session:
        session.use_doc("interaction", clear=True)
        yield session


def test_an_error_in_a_callback_is_shown_where_it_is_asked_for(
    session: Session, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    document = Document()
    button = Button(label="divide", name="divider")

    def divide() -> None:
        _ = 1 / 0

    button.on_click(divide)
    document.add_root(button)
    with session.live(document, show_errors=True):
        look_at(page, session.document_link())
        page.get_by_role("button", name="divide").click()
        told = "button_click of Button 'divider' failed: ZeroDivisionError: division by zero"
        expect(page.get_by_text(told)).to_be_visible()
    assert told in caplog.text


def test_zooms_are_told_by_events_and_other_pages_stay_where_they_are(
    session: Session, browsers: Callable[[], Page]
) -> None:
    document, told = Document(), Event()
    x_range = Range1d(start=0, end=10)
    p = figure(
        x_range=x_range, y_range=Range1d(start=0, end=10), tools="box_zoom,reset", active_drag="box_zoom"
    )
    p.scatter([5], [5])
    ranges: list[float | None] = []

    def moved(event: BokehEvent) -> None:
        assert isinstance(event, RangesUpdate)
        ranges[:] = [event.x0, event.x1]
        told.set()

    p.on_event(RangesUpdate, moved)
    document.add_root(p)
    with session.live(document):
        mine, theirs = browsers(), browsers()
        for page in (mine, theirs):
            look_at(page, session.document_link())
        drag_in_plot(mine, model("Figure"), (2, 2), (6, 6))
        while ranges != mine.evaluate(f"[{model('Figure')}.x_range.start, {model('Figure')}.x_range.end]"):
            assert told.wait(30)
            told.clear()
    assert ranges[0] is not None
    assert ranges[0] > 1
    assert theirs.evaluate(f"{model('Figure')}.x_range.start") == x_range.start == 0
