"""Puts each test into its groups, and says when one does what only those of another group do (groups.py)."""

import gc
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import current_thread
from typing import Any
from urllib.request import Request, urlopen

import pytest
from hypothesis import settings
from playwright.sync_api import Browser

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth import passwords
from bokeh_wsgi.store import SQLiteStore

from . import groups
from .browser.windows import Windows
from .command import running
from .effort import tries

guard = groups.Guard()


# A hash of a password takes a third of a second and 64 MiB, on purpose; servers in processes of their own
# make such, and tests/auth/test_passwords.py does.
REAL_METHOD = passwords.METHOD
CHEAP_METHOD = "scrypt:1024:4:1"


def pytest_configure() -> None:
    passwords.METHOD = CHEAP_METHOD
    settings.register_profile("bokeh_wsgi", max_examples=tries(100))
    settings.load_profile("bokeh_wsgi")


def pytest_collection_finish() -> None:
    # What was imported stays: no search for garbage need look at it again.
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function):
            for group in groups.groups_of(item):
                item.add_marker(group)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    guard.item = item
    try:
        return (yield)
    finally:
        guard.item = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    done = yield
    if wrong := guard.wrong:
        guard.wrong = []
        pytest.fail("\n".join(wrong), pytrace=False)
    return done


@pytest.fixture(scope="session", autouse=True)
def _types_of_bokeh() -> Iterator[None]:
    known = import_module("bokeh_wsgi.bokeh_types").bokeh_types

    def asked(name: str) -> Any:
        if current_thread().name != "bokeh-wsgi-types":  # what looks ahead, for edits that may come
            guard.asked_for_types(name)
        return known(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bokeh_wsgi.bokeh_types.bokeh_types", asked)
        yield


@pytest.fixture(scope="session")
def chromium_flags(chromium_flags: list[str]) -> list[str]:
    # Else each page of a document, whose origin is its own, begins with a process: a third of a second. What
    # a page may do is the same without.
    return [*chromium_flags, "--disable-site-isolation-trials"]


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture
def app() -> Iterator[BokehWSGI]:
    """A server in this process, which keeps nothing."""
    app = BokehWSGI(store="memory:")
    yield app
    app.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where `store` has its file."""
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    """In an SQLite file."""
    store = SQLiteStore(path)
    yield store
    store.close()


@pytest.fixture(scope="session")
def shared_process() -> Iterator[str]:
    """Address of a bokeh-server in a process of its own, which keeps nothing."""
    with running("--store", "memory:") as server:
        yield server.link


@pytest.fixture
def root(shared_process: str) -> str:
    """The same, without documents."""
    with urlopen(f"{shared_process}userinfo") as answer:
        documents = json.load(answer)["docs"]
    for document in documents:
        urlopen(Request(f"{shared_process}doc/{document['docid']}", method="DELETE")).close()
    return shared_process
