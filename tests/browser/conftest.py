"""Servers that are started like a user starts them."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.accounts_site import Site, signed_in
from tests.browser.live_server import LiveServer
from tests.browser.shared_document import SharedDocument
from tests.browser.windows import Windows


@pytest.fixture(scope="session")
def live_server() -> Iterator[Callable[..., LiveServer]]:
    """Starts servers: ``live_server("--store", "memory:")``; those still running at the end are stopped."""
    started: list[LiveServer] = []

    def start(*flags: str) -> LiveServer:
        started.append(LiveServer(*flags))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def memory_server(live_server: Callable[..., LiveServer]) -> LiveServer:
    """One server that keeps nothing, for all tests that only need some server."""
    return live_server("--store", "memory:")


@pytest.fixture
def shared(
    windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[SharedDocument]:
    """A document of this test alone, which its pages close with it."""
    shared = SharedDocument(windows, memory_server, request.node.name)
    yield shared
    shared.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A server with accounts, in this process."""
    with Site() as site:
        yield site


@pytest.fixture
def user(browser: Browser, windows: Windows, site: Site) -> Iterator[Callable[..., Page]]:
    """Browsers of users, each its own: ``user("ada")``; ``user("")`` is somebody who is not signed in."""
    opened: list[Page] = []

    def start(name: str = "ada", **options: Any) -> Page:
        """With options of a context it is one of its own."""
        page = browser.new_context(**options).new_page() if options else windows.new_page()
        opened.append(page)
        page.set_default_timeout(10_000)
        return signed_in(page, site, name) if name else page

    yield start
    for page in opened:
        page.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the page's console says, but for information, and errors of its scripts."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type != "info" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Generator[None, Any, Any]:
    """What a test's servers logged is shown when it fails."""
    del call
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, LiveServer):
                report.sections.append((f"log of {name}", value.log))
    return report
