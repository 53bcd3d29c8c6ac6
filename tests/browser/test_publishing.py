"""What is published, as somebody sees it who is not signed in: by its link, and in pages of other sites."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bokeh
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from playwright.sync_api import Frame, Page
from werkzeug.wrappers import Response

from bokeh_wsgi import Session, io, plotting
from bokeh_wsgi.embed import autoload_server, components, iframe
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows
from tests.client.test_transport import serving

BLOCKS = Path(__file__).parents[1] / "old_docs"
# In the page: whether a source's first value has come, in documents of the page itself and of embeds.
MOVED = """async (value) => {
  const documents = [...(window.Bokeh?.documents ?? [])]
  for (const embeds of Object.values(window.bokehWSGIEmbeds?.byBase ?? {})) {
    for (const embedded of (await embeds).documents.values()) documents.push(embedded.live?.document)
  }
  const sources = documents.filter(Boolean).flatMap((document) =>
    [...document._all_models.values()].filter((model) => model.name == "source"))
  return sources.some((source) => source.data.y[0] == value)
}"""

CELL = """
p = figure(width=300, height=200)
ds = p.line([1, 2], [3, 4]).data_source
ds.name = "source"
show(p)
"""


@pytest.fixture(scope="module")
def server(live_server: Callable[..., LiveServer]) -> LiveServer:
    return live_server("-m", "--store", "memory:")


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    """Of somebody who is not signed in."""
    page = windows.new_page()
    page.set_default_timeout(15_000)
    yield page
    page.close()


@pytest.fixture
def user(server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A script that has registered and logged in, by the code of the old docs with the imports changed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BOKEH_BROWSER", "none")
    monkeypatch.setattr(io, "DEFAULT_SERVER_URL", server.url)
    name = f"user-{tmp_path.name[-40:]}".replace("_", "-")
    script = {"Session": Session, "url": server.url, "username": name, "password": "correct horse battery"}
    exec((BLOCKS / "register.txt").read_text(), script)
    exec((BLOCKS / "login.txt").read_text(), script)
    yield script
    plotting.reset_output()


@pytest.fixture
def published(user: dict[str, Any]) -> dict[str, Any]:
    """… and has published a plot."""
    exec("from bokeh_wsgi.plotting import cursession, figure, output_server", user)
    plots = "p = figure(width=300, height=200)\nds = p.line([1, 2], [3, 4]).data_source\nds.name = 'source'"
    exec((BLOCKS / "publish.txt").read_text().replace("# make some plots", plots), user)
    return user


def move(script: dict[str, Any], value: float) -> None:
    script["ds"].data["y"] = [value, 4]
    script["cursession"]().store_objects(script["ds"])


def wait_until_moved(seen: Page | Frame, value: float) -> None:
    seen.wait_for_function(MOVED, arg=value)


def test_a_published_plot_moves_live_by_its_link(page: Page, published: dict[str, Any]) -> None:
    link = published["cursession"]().object_link(published["p"])
    page.goto(f"{link}?public=true")
    wait_until_moved(page, 3)
    move(published, 42)
    wait_until_moved(page, 42)


@pytest.mark.parametrize("public", [True, False])
def test_a_plot_moves_live_in_another_site_s_page(
    page: Page, published: dict[str, Any], public: bool
) -> None:
    tag = autoload_server(published["p"], published["cursession"](), public=public)
    with serving(Response(f"<!doctype html><body><h1>Another site</h1>{tag}", mimetype="text/html")) as url:
        page.goto(url)
        wait_until_moved(page, 3)
        move(published, 42)
        wait_until_moved(page, 42)


def test_a_tag_that_another_bokeh_made_still_shows_its_plot(page: Page, published: dict[str, Any]) -> None:
    tag = autoload_server(published["p"]).replace(f'version="{bokeh.__version__}"', 'version="3.0.0"')
    assert "3.0.0" in tag
    with serving(Response(f"<!doctype html><body>{tag}", mimetype="text/html")) as url:
        page.goto(url)
        wait_until_moved(page, 3)
        page.wait_for_selector(".bk-Figure")


def test_components_draw_into_their_places(page: Page, published: dict[str, Any]) -> None:
    script, div = components(published["p"])
    html = f"<!doctype html><body><main>{div}</main><footer></footer>{script}"
    with serving(Response(html, mimetype="text/html")) as url:
        page.goto(url)
        wait_until_moved(page, 3)
        page.wait_for_selector("main .bk-Figure")


@pytest.mark.parametrize("public", [True, False])
def test_a_frame_moves_live_in_another_site_s_page(
    page: Page, published: dict[str, Any], public: bool
) -> None:
    frame = iframe(published["p"], public=public)
    with serving(Response(f"<!doctype html><body>{frame}", mimetype="text/html")) as url:
        page.goto(url)
        wait_until_moved(framed(page), 3)
        move(published, 42)
        wait_until_moved(framed(page), 42)


def framed(page: Page) -> Frame:
    page.wait_for_selector("iframe")
    (frame,) = page.main_frame.child_frames
    return frame


def test_a_cell_s_output_moves_live_in_a_notebook_of_another_origin(page: Page, user: dict[str, Any]) -> None:
    shell: Any = InteractiveShell.instance()
    try:
        with capture_output():
            shell.run_cell("from bokeh_wsgi.plotting import *").raise_error()
            shell.run_cell(f"output_notebook(url={user['url']!r}, docname='notebook')").raise_error()
        with capture_output() as cell:
            shell.run_cell(CELL).raise_error()
        html = "".join(output.data.get("text/html", "") for output in cell.outputs)
        with serving(Response(f"<!doctype html><body>{html}", mimetype="text/html")) as url:
            page.goto(url)
            wait_until_moved(framed(page), 3)
            shell.run_cell("ds.data['y'] = [42, 4]; cursession().store_objects(ds)").raise_error()
            wait_until_moved(framed(page), 42)
    finally:
        InteractiveShell.clear_instance()


def test_what_is_private_is_not_there(page: Page, user: dict[str, Any]) -> None:
    plotting.output_server("private")
    plot = plotting.figure()
    plotting.show(plot)
    session = plotting.cursession()
    assert session is not None
    for link in (session.document_link(), session.object_link(plot), session.document_link(public=True)):
        response = page.goto(link)
        assert response is not None
        assert response.status == 404


def test_what_was_unpublished_stops(page: Page, published: dict[str, Any]) -> None:
    session = published["cursession"]()
    link = session.document_link(public=True)
    page.goto(link)
    wait_until_moved(page, 3)
    session.unpublish()
    page.wait_for_selector("#bokeh-wsgi-state[data-state=ended]")
    response = page.goto(link)
    assert response is not None
    assert response.status == 404
