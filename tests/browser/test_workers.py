"""Pages under a server that replaces its workers."""

import signal
from pathlib import Path
from typing import Any

from bokeh.document import Document
from bokeh.models.widgets import Div
from playwright.sync_api import expect

from bokeh_wsgi import Session
from tests.browser.windows import Windows
from tests.servers.kinds import Kind
from tests.servers.running import STOP_S, Running


def test_a_page_goes_on_at_the_next_worker_with_a_stream(windows: Windows, tmp_path: Path) -> None:
    said: Any = Div(text="before", name="said")
    document = Document()
    document.add_root(said)
    with (
        Running(Kind("gunicorn, threads", "gunicorn", 4), tmp_path, "--workers", "2") as server,
        Session(root_url=f"http://127.0.0.1:{server.port}/", load_from_config=False) as session,
    ):
        session.use_doc("t", clear=True)
        session.store_document(document)
        page = windows.new_page()
        with page.expect_request("**/changes?*wait=stream*"):
            page.goto(session.document_link())
        expect(page.get_by_text("before")).to_be_visible()
        # The worker that has its stream ends, and the page asks another one for the next: it does not poll.
        with page.expect_request("**/changes?*", timeout=STOP_S * 1000) as asked:
            server.signal(signal.SIGHUP)
        assert "wait=stream" in asked.value.url
        said.text = "after"
        session.store_objects(said)
        expect(page.get_by_text("after")).to_be_visible(timeout=STOP_S * 1000)
        expect(page.locator("#bokeh-wsgi-state")).to_have_attribute("data-state", "live")
        page.close()
