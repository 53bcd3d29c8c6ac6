"""Answers that are none: half of one, or what something between says instead of the server."""

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from bokeh.models import CustomJS
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.sliders import Slider
from playwright.sync_api import Route, expect

from tests.browser.shared_document import SharedDocument, in_js, points

SIGN_IN = "<!DOCTYPE html><h1>Sign in to reach the network</h1>"
INSTEAD = {
    "a page to sign in at": ("text/html", SIGN_IN),
    "half an answer": ("application/json", '{"se'),
    "another server's": ("application/json", '{"signed_in": false}'),
    "nothing": ("application/json", ""),
    "no object": ("application/json", "null"),
}
HALF = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: *\r\n"
    b'Content-Length: 99\r\n\r\n{"se'
)


class Killed(socketserver.StreamRequestHandler):
    """A server that is killed between the head and the body of its answer."""

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline()).strip():
            name, _, value = line.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
        self.rfile.read(length)
        self.wfile.write(HALF)


@pytest.fixture
def killed() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Killed) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def counting(shared: SharedDocument) -> tuple[Any, list[str]]:
    """A page with a button that streams a row, named by a number; the keys of its batches."""
    plot, source = points()
    button = Button(label="go")
    code = "source.stream({x: [100], y: [100], name: [`${window.count = (window.count ?? 0) + 1}`]})"
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    shared.publish(plot, button)
    page = shared.open()
    keys: list[str] = []

    def heard(request: Any) -> None:
        if request.url.endswith("/edits"):
            keys.append((request.post_data or "").split("\n")[1])

    page.on("request", heard)
    return source, keys


def goes_on(shared: SharedDocument, source: Any, keys: list[str]) -> None:
    """Two clicks, of which the first one's answer is spoilt once, are two rows."""
    (page,) = shared.pages
    page.get_by_role("button", name="go").click()
    shared.until(lambda: len(keys) >= 2)
    page.get_by_role("button", name="go").click()
    shared.until(lambda: shared.column(source, "name")[5:] == ["1", "2"])
    assert keys[0] == keys[1]
    shared.until_all(source, "model.data.name.slice(5)", ["1", "2"])
    expect(page.locator("#bokeh-wsgi-notice")).to_have_count(0)


@pytest.mark.parametrize("kind", INSTEAD)
def test_an_edit_is_sent_again_where_something_else_answered(shared: SharedDocument, kind: str) -> None:
    source, keys = counting(shared)
    mimetype, body = INSTEAD[kind]

    def spoil(route: Route) -> None:
        """After the server has done it."""
        route.fetch()
        route.fulfill(
            status=200, content_type=mimetype, body=body, headers={"Access-Control-Allow-Origin": "*"}
        )

    shared.pages[0].route("**/edits", spoil, times=1)
    goes_on(shared, source, keys)


def test_an_edit_is_sent_again_where_the_answer_was_cut(shared: SharedDocument, killed: str) -> None:
    source, keys = counting(shared)

    def cut(route: Route) -> None:
        """After the server has done it."""
        route.fetch()
        route.continue_(url=killed)

    shared.pages[0].route("**/edits", cut, times=1)
    goes_on(shared, source, keys)


def test_that_edits_do_not_arrive_is_told_until_they_do(shared: SharedDocument) -> None:
    slider = Slider(start=0, end=100, value=1)
    shared.publish(slider)
    page = shared.open()
    page.route("**/edits", lambda route: route.fulfill(status=200, content_type="text/html", body=SIGN_IN))
    page.evaluate(f"{in_js(slider)}.value = 5")
    notice = page.locator("#bokeh-wsgi-notice")
    expect(notice).to_contain_text("What was done here has not reached the server yet")
    page.unroute("**/edits")
    shared.until(lambda: shared.attribute(slider, "value") == 5)
    expect(notice).to_have_count(0, timeout=15_000)
    page.evaluate(f"{in_js(slider)}.value = 6")
    shared.until(lambda: shared.attribute(slider, "value") == 6)


@pytest.mark.parametrize("status", [200, 403, 404, 502])
def test_a_page_of_something_between_is_no_stream_of_changes(shared: SharedDocument, status: int) -> None:
    slider = Slider(start=0, end=100, value=1)
    shared.publish(slider)
    page = shared.windows.new_page()

    def heard(message: Any) -> None:
        if "FrameError" in message.text:
            shared.complaints.append(message.text)

    page.on("console", heard)
    page.route(
        "**/changes*",
        lambda route: route.fulfill(status=status, content_type="text/html", body=SIGN_IN),
        times=2,
    )
    page.goto(shared.session.document_link())
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
    shared.pages.append(page)
    expect(page.locator("#bokeh-wsgi-notice")).to_have_count(0)
    slider.value = 7
    shared.session.store_objects(slider)
    shared.until_all(slider, "model.value", 7)
