"""Edits that are refused, lost on their way, or overtaken by what another side did."""

import json
from collections.abc import Callable
from pathlib import Path

from bokeh.models import CustomJS
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.inputs import TextInput
from bokeh.models.widgets.sliders import Slider
from playwright.sync_api import Route

from bokeh_wsgi.dataplane import Op, OpCode
from tests.browser.live_server import LiveServer
from tests.browser.shared_document import SharedDocument, drag_slider, in_js, points
from tests.browser.windows import Windows


def test_what_is_refused_is_told_and_taken_back(shared: SharedDocument) -> None:
    slider = Slider(start=0, end=100, value=1)
    shared.publish(slider)
    page = shared.open()

    def spoil(route: Route) -> None:
        """BokehJS would not let a page do this."""
        route.continue_(post_data=(route.request.post_data or "").replace(":5}", ':"five"}'))

    page.route("**/edits", spoil, times=1)
    page.evaluate(f"{in_js(slider)}.value = 5")
    page.wait_for_selector("#bokeh-wsgi-notice")
    assert "cannot be 'five'" in page.inner_text("#bokeh-wsgi-notice")
    shared.until_all(slider, "model.value", 1)
    assert shared.attribute(slider, "value") == 1
    drag_slider(page, 50)
    shared.until(lambda: shared.attribute(slider, "value") > 1)


def test_a_notice_is_shown_for_a_while(shared: SharedDocument) -> None:
    shared.publish(Slider(start=0, end=100, value=1))
    page = shared.open()
    event = json.dumps({"name": "bokeh_wsgi.notice", "values": {"text": "Computing took too long."}})
    shared.upload(Op(OpCode.EVENT, json=event))
    page.wait_for_selector("#bokeh-wsgi-notice")
    assert page.inner_text("#bokeh-wsgi-notice") == "Computing took too long."
    page.wait_for_selector("#bokeh-wsgi-notice", state="detached", timeout=15_000)


def test_what_is_done_while_the_server_is_away_comes_once(
    windows: Windows, live_server: Callable[..., LiveServer], tmp_path: Path
) -> None:
    flags = ("--store", f"sqlite:///{tmp_path}/away.db")
    server = live_server(*flags)
    port = server.url.split(":")[2].split("/")[0]
    shared = SharedDocument(windows, server, "away")
    plot, source = points()
    button = Button(label="go")
    code = "source.stream({x: [100], y: [100], name: [`${window.count = (window.count ?? 0) + 1}`]})"
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    shared.publish(plot, button)
    page = shared.open()
    page.get_by_role("button", name="go").click()
    shared.until(lambda: shared.column(source, "name").count("1") == 1)
    # The answer to the next one is lost, after the server has done it.

    def lose(route: Route) -> None:
        route.fetch()
        server.kill()
        route.abort()

    page.route("**/edits", lose, times=1)
    page.get_by_role("button", name="go").click()
    shared.until(lambda: server._process.poll() is not None)
    page.get_by_role("button", name="go").click()
    again = live_server(*flags, "--port", port)
    shared.until(lambda: shared.column(source, "name")[5:] == ["1", "2", "3"])
    shared.until_all(source, "model.data.name.slice(5)", ["1", "2", "3"])
    assert again.url == server.url
    shared.close()


def test_what_is_done_last_before_a_page_is_closed_comes(shared: SharedDocument) -> None:
    text = TextInput(value="")
    shared.publish(text)
    page = shared.open()
    with page.expect_navigation(url="about:blank"):
        page.evaluate(f"{in_js(text)}.value = 'last words'; location.href = 'about:blank'")
    shared.until(lambda: shared.attribute(text, "value") == "last words")


def test_a_model_that_another_side_removes_meanwhile_is_no_error(shared: SharedDocument) -> None:
    slider, other = Slider(start=0, end=10, value=1, name="going"), Slider(start=0, end=10, value=1)
    shared.publish(slider, other)
    page = shared.open()
    held: list[Route] = []
    page.route("**/edits", lambda route: held.append(route), times=1)
    page.evaluate(f"{in_js(slider)}.value = 5")
    shared.until(lambda: bool(held))
    shared.document.remove_root(slider)
    shared.session.store_document(shared.document)
    held[0].continue_()
    shared.until(lambda: page.evaluate("Bokeh.documents[0].roots().length") == 1)
    page.evaluate(f"{in_js(other)}.value = 7")
    shared.until(lambda: shared.attribute(other, "value") == 7)
    assert page.query_selector("#bokeh-wsgi-notice") is None
