"""A notebook whose cells show live plots, and whose callbacks answer to what is done in them."""

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from playwright.sync_api import Frame, Page

from tests.browser.host_site import HostSite
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.client.test_output import fresh_output
from tests.waiting import pause

__all__ = ["fresh_output"]


CELL = """
slider = Slider(start=0, end=100, value=1, width=250, title="frequency")
source = ColumnDataSource({"x": [1, 2, 3], "y": [1, 1, 1]})
plot = figure(width=300, height=200, name="plot")
plot.line("x", "y", source=source)
got = []

def changed(attr, old, new):
    got.append(new)
    source.data = {"x": [1, 2, 3], "y": [new, new, new]}

slider.on_change("value", changed)
live = cursession().live()
show(column(slider, plot))
"""


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def run(shell: Any, code: str) -> list[dict[str, Any]]:
    """The outputs of a cell."""
    with capture_output() as captured:
        shell.run_cell(code).raise_error()
    return [output.data for output in captured.outputs]


def framed(page: Page) -> Frame:
    page.wait_for_selector("iframe")
    (frame,) = page.main_frame.child_frames
    frame.wait_for_selector(".bk-Figure")
    return frame


def drag(page: Page, frame: Frame, dx: float) -> None:
    handle = frame.locator(".noUi-handle").bounding_box()
    assert handle is not None
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y, steps=10)
    page.mouse.up()


SOURCE, SLIDER = (
    f"[...Bokeh.documents[0]._all_models.values()].find((model) => model.type == '{kind}')"
    for kind in ("ColumnDataSource", "Slider")
)
ANSWERED = f"{SOURCE}.data.y[0] == {SLIDER}.value"


def test_callbacks_answer_to_what_is_done_below_a_cell(
    windows: Windows, memory_server: LiveServer, shell: Any
) -> None:
    run(shell, "from bokeh_wsgi.plotting import *; from bokeh.layouts import column")
    run(shell, "from bokeh.models import ColumnDataSource, Slider")
    run(shell, f"output_notebook(url={memory_server.url!r}, docname='notebook with callbacks')")
    (shown,) = run(shell, CELL)
    with HostSite() as notebook:
        page = windows.new_page()
        page.goto(notebook.page(shown["text/html"]))
        frame = framed(page)
        drag(page, frame, 120)
        frame.wait_for_function(f"{ANSWERED} && {SLIDER}.value > 30")
        value = frame.evaluate(f"{SOURCE}.data.y[0]")
        assert shell.user_ns["got"][-1] == shell.user_ns["slider"].value == value
        # The cell that begins it is run again: each change is answered once.
        run(shell, "live = cursession().live(); got.clear()")
        drag(page, frame, -60)
        frame.wait_for_function(f"{ANSWERED} && {SLIDER}.value < {value - 10}")
        got = shell.user_ns["got"]
        assert len(got) == len(set(got))
        # What a later cell changes is seen, too.
        run(shell, "slider.title = 'period'; cursession().store_objects(slider)")
        frame.wait_for_selector("text=period")
        run(shell, "live.stop()")
        drag(page, frame, 40)
        pause(0.3, "for calls that are not to come", page)
        assert shell.user_ns["got"] == got
        # Whoever opens the notebook when its tokens were withdrawn sees and does nothing.
        run(shell, "cursession().withdraw_tokens()")
        page.reload()
        page.wait_for_load_state("networkidle")
        assert page.frame_locator("iframe").locator(".bk-Figure").count() == 0
        page.close()
    run(shell, "cursession().close()")
