"""Objects of Panel, HoloViews and hvPlot, of the real packages, in a page."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.imports import ROOT

SCRIPT = Path(__file__).with_name("holoviz_script.py")

pytestmark = pytest.mark.skipif(
    find_spec("hvplot") is None, reason="Panel, which HoloViews and hvPlot need, is for Bokeh up to 3.9"
)


@pytest.fixture
def script(memory_server: LiveServer) -> Iterator[Callable[[str], str]]:
    """Starts the script with an object; returns what it prints first."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str) -> str:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), memory_server.url, name],
            env={**os.environ, "PYTHONPATH": str(ROOT), "BOKEH_BROWSER": "none"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    page = windows.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def opened(page: Page, link: str) -> None:
    page.goto(link)
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
    expect(page.locator("#bokeh-wsgi-notice")).to_have_count(0)


def test_a_layout_of_panel_is_drawn_and_its_functions_are_called(
    script: Callable[[str], str], page: Page
) -> None:
    opened(page, script("panel"))
    expect(page.get_by_role("heading", name="A heading")).to_be_visible()
    expect(page.get_by_text("There are 0 of them")).to_be_visible()
    handle = page.locator(".noUi-handle")
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    expect(page.get_by_text("There are 3 of them")).to_be_visible()


def test_a_table_of_panel_brings_the_libraries_it_needs(script: Callable[[str], str], page: Page) -> None:
    opened(page, script("tabulator"))
    expect(page.locator(".tabulator-cell", has_text="second")).to_be_visible()


TITLES = """() => [...Bokeh.documents[0]._all_models.values()]
  .filter(({type}) => type == "Figure")
  .map((plot) => [plot.title.text, Bokeh.index.find_one(plot)?.frame.bbox.width > 50])"""


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("holoviews", ["drawn by HoloViews"]),
        ("side_by_side", ["on the left", "on the right"]),
        ("hvplot", ["drawn by hvPlot"]),
    ],
)
def test_plots_of_holoviews_and_hvplot_are_drawn(
    script: Callable[[str], str], page: Page, name: str, titles: list[str]
) -> None:
    opened(page, script(name))
    page.wait_for_function(f"() => ({TITLES})().every(([, is_drawn]) => is_drawn)")
    assert [title for title, _ in page.evaluate(TITLES)] == titles


def test_a_plot_that_varies_comes_with_its_widgets(script: Callable[[str], str], page: Page) -> None:
    opened(page, script("grouped"))
    page.wait_for_function(f"() => ({TITLES})()[0][0] == 'kind: first'")
    page.locator("select").select_option("third")
    page.wait_for_function(f"() => ({TITLES})()[0][0] == 'kind: third'")


@pytest.mark.parametrize(
    ("name", "module", "advice"),
    [
        ("accessor", "hvplot.plotting.core.hvPlotTabular", "df.hvplot.line(…)"),
        ("interactive", "hvplot.interactive.Interactive", ".layout()"),
        ("template", "panel.template.material.MaterialTemplate", "panel.Column"),
    ],
)
def test_what_is_no_plot_is_refused_with_a_word_on_what_to_call(
    script: Callable[[str], str], name: str, module: str, advice: str
) -> None:
    told = script(name)
    assert told.startswith(f"show() publishes plots, widgets and layouts, not {module}")
    assert advice in told
