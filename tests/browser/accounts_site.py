"""A server with accounts, and what people do in its pages."""

import threading
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from bokeh_wsgi import BokehWSGI
from bokeh_wsgi.auth import LOGIN_COOKIE
from bokeh_wsgi.serving.server import Server, listen
from tests.api.people import PASSWORD, People

TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


class Site:
    """`People` and their documents, at ``url``, in this process."""

    def __init__(self, **options: Any) -> None:
        self.app = BokehWSGI(store="memory:", multi_user=True, gallery=True, **options)
        self.people = People(self.app)
        listener = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/bokeh/"
        mounted: Any = DispatcherMiddleware(NotFound(), {"/bokeh": self.app})
        self._server = Server(listener, mounted, name="test")
        self._listener = listener
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def document(self) -> str:
        """The address of ada's document "line"."""
        return f"{self.url}doc/{self.people.docid}"

    def __enter__(self) -> "Site":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._listener.close()
        self.app.close()


def fill_in(page: Page, **fields: str) -> None:
    """Fill in a form by the names of its fields, and send it."""
    for name, value in fields.items():
        page.locator(f"input[name={name}]:not([type=hidden])").fill(value)
    page.locator("main form button[type=submit]").last.click()


def status_of(page: Page, url: str) -> int:
    response = page.goto(url)
    assert response
    return response.status


def sign_in(page: Page, site: Site, user: str = "ada", password: str = PASSWORD) -> None:
    page.goto(f"{site.url}login")
    fill_in(page, username=user, password=password)


def signed_in(page: Page, site: Site, user: str = "ada") -> Page:
    """The page, as of this user's own browser, at the index."""
    login = site.app.context.accounts.start_login(user, "Chromium on Linux", address="127.0.0.1")
    page.set_default_timeout(10_000)
    name = f"{LOGIN_COOKIE}_{urlsplit(site.url).port}"
    cookie: Any = {"name": name, "value": login, "domain": "127.0.0.1", "path": "/bokeh"}
    page.context.add_cookies([cookie])
    page.goto(site.url)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def choose(page: Page, title: str, choice: str) -> None:
    """Choose something in the menu of a document."""
    page.get_by_role("button", name=f"More for {title}", exact=True).click()
    page.get_by_role("menuitem", name=choice).or_(page.get_by_role("menuitemcheckbox", name=choice)).click()


def open_share(page: Page, title: str) -> Any:
    page.get_by_role("button", name=f"Share… {title}", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Share “{title}”")
    expect(dialog.get_by_label("Link", exact=True).or_(dialog.get_by_label("For people"))).to_be_visible()
    return dialog
