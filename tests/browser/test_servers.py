"""The same live document under every server and in every site: published, followed, reloaded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from playwright.sync_api import Page

from bokeh_wsgi import Session
from bokeh_wsgi.plotting import figure
from tests.browser.exact import COLUMNS, expected
from tests.browser.servers import SERVERS, Server
from tests.browser.windows import Windows

PLACES = [(kind, "plain", "/") for kind in SERVERS] + [
    ("werkzeug", "in_flask", "/plots/"),
    ("werkzeug", "in_django", "/plots/"),
    ("gunicorn gthread", "in_flask", "/plots/"),
    ("waitress", "in_django", "/plots/"),
    ("werkzeug", "in_blueprint", "/plots/"),
    ("gunicorn gthread", "in_blueprint", "/plots/"),
    ("gunicorn gevent", "in_blueprint", "/plots/"),
    ("waitress", "in_blueprint", "/plots/"),
    ("werkzeug", "behind_mod_wsgi", "/"),
]

# BokehJS itself tells, as information, when a document is drawn.
BAD = ("error", "warning")


@pytest.mark.parametrize(("kind", "app", "mount"), PLACES, ids=[f"{kind} {app}" for kind, app, _ in PLACES])
def test_a_page_follows_a_script(kind: str, app: str, mount: str, windows: Windows, tmp_path: Path) -> None:
    with Server(kind, f"sqlite:///{tmp_path}/store.db", app, mount) as server:
        rng = np.random.default_rng(1)
        y: Any = rng.random(500)
        source = ColumnDataSource({"x": np.arange(500.0), "y": y}, name="live")
        plot = figure(width=400, height=300)
        plot.line("x", "y", source=source)
        document = Document()
        document.add_root(plot)
        with Session(root_url=server.root_url, load_from_config=False) as session:
            session.use_doc("live")
            session.store_document(document)
            page = windows.new_page()
            trouble: list[str] = []
            page.on("console", lambda said: trouble.extend([said.text] if said.type in BAD else []))
            page.on("pageerror", lambda error: trouble.append(str(error)))
            page.goto(session.object_link(plot))
            wait_for(page, source)
            for step in range(5):
                y[step * 10 : step * 10 + 10] = step
                session.store_objects(source)
                wait_for(page, source)
                source.stream({"x": np.arange(5.0), "y": rng.random(5)}, rollover=500)
                y = source.data["y"]
                session.store_objects(source)
                wait_for(page, source)
            page.reload()
            wait_for(page, source)
            assert page.locator("#bokeh-wsgi-state").get_attribute("data-state") == "live"
            assert trouble == []
            page.close()


def wait_for(page: Page, source: ColumnDataSource) -> None:
    """Until the page has, bit for bit, what the script has."""
    wanted = {name: expected(values) for name, values in source.data.items()}
    script = f"(wanted) => window.Bokeh && JSON.stringify(({COLUMNS})('live')) == JSON.stringify(wanted)"
    page.wait_for_function(script, arg=wanted, polling=50, timeout=20_000)
