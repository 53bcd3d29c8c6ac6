"""Sites with a login of their own: their users have their plots there, in a real browser."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from playwright.sync_api import Frame, Page

from bokeh_wsgi import Session
from bokeh_wsgi.plotting import figure
from tests.browser.servers import Server
from tests.browser.windows import Windows
from tests.test_examples import DJANGO, DJANGO_SAYS, ENVIRON, FLASK, FLASK_SAYS, process

FIRST_Y = """(value) => window.Bokeh && Bokeh.documents.some((document) =>
  [...document._all_models.values()].some((model) => model.name == "source" && model.data.y[0] == value))"""


@contextmanager
def example(command: list[str], says: str) -> Iterator[str]:
    with process(*command) as server:
        yield server.wait_for(says).rstrip("/").replace("127.0.0.1", "localhost")


@contextmanager
def walled(kind: str) -> Iterator[str]:
    with Server(kind, "", "walled") as server:
        yield server.root_url.rstrip("/")


SITES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "flask": lambda: example(FLASK, FLASK_SAYS),
    "flask with a wall": lambda: walled("gunicorn gthread"),
    "django": lambda: example(DJANGO, DJANGO_SAYS),
}


@pytest.fixture(params=SITES)
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setitem(ENVIRON, "XDG_DATA_HOME", str(tmp_path))
    with SITES[request.param]() as home:
        yield home


@pytest.fixture
def someone(windows: Windows) -> Iterator[Callable[[], Page]]:
    """Pages of browsers that know nothing of each other."""
    pages: list[Page] = []

    def open_page() -> Page:
        pages.append(windows.new_page())
        pages[-1].set_default_timeout(20_000)
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


def sign_in(page: Page, home: str, name: str, password: str) -> None:
    page.goto(home)
    if page.get_by_role("link", name="Sign in").count():
        page.get_by_role("link", name="Sign in").click()
    page.locator("input[name=name], input[name=username]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def make_key(page: Page, home: str) -> str:
    page.goto(f"{home}/bokeh/account")
    page.get_by_label("Name of a new key").fill("laptop")
    page.get_by_role("button", name="Make key").click()
    field = page.locator("#new-key-text")
    field.wait_for()
    return field.input_value()


def wait_until_moved(seen: Page | Frame, value: float) -> None:
    seen.wait_for_function(FIRST_Y, arg=value)


def test_a_user_of_a_site_watches_their_own_plots(home: str, someone: Callable[[], Page]) -> None:
    ada, bob, nobody = someone(), someone(), someone()
    sign_in(ada, home, "ada", "lovelace")
    sign_in(bob, home, "bob", "splines")
    source = ColumnDataSource({"x": [1.0, 2.0], "y": [3.0, 4.0]}, name="source")
    plot = figure(width=400, height=300)
    plot.line("x", "y", source=source)
    document = Document()
    document.add_root(plot)
    key = make_key(ada, home)
    with Session(root_url=f"{home}/bokeh/", userapikey=key, load_from_config=False) as session:
        session.use_doc("ada's plot")
        session.store_document(document)
        link = session.document_link()

        # By the index, to the document, live
        ada.goto(f"{home}/bokeh/")
        ada.get_by_role("link", name="ada's plot").first.click()
        wait_until_moved(ada, 3)
        source.data["y"] = [42.0, 4.0]
        session.store_objects(source)
        wait_until_moved(ada, 42)

        # On the site's own page
        ada.goto(home)
        frame = ada.wait_for_selector("iframe").content_frame()  # type: ignore[union-attr]
        assert frame is not None
        wait_until_moved(frame, 42)
        source.data["y"] = [43.0, 4.0]
        session.store_objects(source)
        wait_until_moved(frame, 43)

        # Not for others
        bob.goto(f"{home}/bokeh/")
        assert bob.get_by_text("ada's plot").count() == 0
        for stranger, statuses in ((bob, {404}), (nobody, {404, 403})):
            answer = stranger.goto(link)
            assert answer is not None
            assert answer.status in statuses

        # Nor for ada, once she has left
        ada.get_by_role("button", name="Sign out").click()
        ada.get_by_role("button", name="Sign out").wait_for(state="detached")
        answer = ada.goto(link)
        assert answer is not None
        assert answer.status in (403, 404)
