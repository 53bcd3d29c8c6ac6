"""What open pages do when scripts rerun, share a document, or delete it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bokeh.document import Document
from bokeh.models.annotations import Title
from playwright.sync_api import Page

from bokeh_wsgi import Session
from bokeh_wsgi.plotting import figure
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows

TITLES = "Bokeh.documents[0].roots().map((root) => root.title.text).sort()"


@pytest.fixture
def session(memory_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(root_url=memory_server.url, load_from_config=False) as session:
        session.use_doc(request.node.name)
        yield session


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    page = windows.new_page()
    yield page
    page.close()


def titled(title: str) -> figure:
    plot = figure(width=300, height=200, title=title, name=title)
    plot.line([1, 2, 3], [3, 1, 2])
    return plot


def document_of(*plots: figure) -> Document:
    document = Document()
    for plot in plots:
        document.add_root(plot)
    return document


def wait_for_titles(page: Page, *titles: str) -> None:
    wanted = str(sorted(titles))
    page.wait_for_function(f"() => window.Bokeh?.documents.length && {TITLES}.join() == {wanted}.join()")


SCRIPT = """
import sys
from bokeh_wsgi.plotting import figure, output_server, show
url, title, clear = sys.argv[1:]
output_server("shared", url=url, clear=clear == "clear")
p = figure(width=300, height=200, title=title)
p.line([1, 2, 3], [3, 1, 2])
show(p)
"""


def run_script(server: LiveServer, title: str, mode: str) -> str:
    """A script in a process of its own; returns the link that `show` told."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, server.url, title, mode],
        env={
            "PATH": "/usr/bin:/bin",
            "BOKEH_BROWSER": "none",
            "PYTHONPATH": str(root),
            "HOME": "/nonexistent",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.split()[-1]


def test_scripts_share_a_document_and_a_rerun_changes_its_open_page(
    live_server: Callable[..., LiveServer], page: Page
) -> None:
    server = live_server("--store", "memory:")
    first_link = run_script(server, "first", "clear")
    page.goto(first_link.rpartition("/")[0])
    wait_for_titles(page, "first")
    page.evaluate("window.notReloaded = true")
    run_script(server, "second", "join")
    wait_for_titles(page, "first", "second")
    again = run_script(server, "rerun", "clear")
    wait_for_titles(page, "rerun")
    assert again == first_link
    assert page.evaluate("window.notReloaded")


def test_a_page_of_one_model_shows_it_alone_by_id_or_name(session: Session, page: Page) -> None:
    one, other = titled("one"), titled("other")
    session.store_document(document_of(one, other))
    for link in (session.object_link(other), session.object_link(other).rpartition("/")[0] + "/other"):
        page.goto(link)
        page.wait_for_selector("[data-state=live]")
        page.wait_for_function("() => document.querySelectorAll('#bokeh-wsgi-view .bk-Figure').length == 1")


def test_new_glyphs_attributes_and_roots_reach_an_open_page(session: Session, page: Page) -> None:
    plot = titled("plot")
    document = document_of(plot)
    session.store_document(document)
    page.goto(session.object_link(plot).rpartition("/")[0])
    wait_for_titles(page, "plot")
    plot.title = Title(text="changed")
    plot.scatter([1, 2], [2, 2], name="dots")
    extra = titled("extra")
    document.add_root(extra)
    session.store_document(document)
    wait_for_titles(page, "changed", "extra")
    page.wait_for_function("() => [...Bokeh.documents[0]._all_models.values()].some((m) => m.name == 'dots')")
    page.wait_for_function("() => document.querySelectorAll('#bokeh-wsgi-view .bk-Figure').length == 2")
    document.remove_root(extra)
    session.store_document(document)
    page.wait_for_function("() => document.querySelectorAll('#bokeh-wsgi-view .bk-Figure').length == 1")


def test_deleting_a_document_tells_its_open_page(session: Session, page: Page) -> None:
    session.store_document(document_of(titled("doomed")))
    page.goto(f"{session.base_url}doc/{session.docid}")
    wait_for_titles(page, "doomed")
    session.delete_doc()
    page.wait_for_selector("#bokeh-wsgi-state[data-state=ended]")
    assert "deleted" in page.inner_text("body").lower()
