"""Sessions of several users at one server in this process."""

from collections.abc import Iterator

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session

PASSWORD = "correct horse battery"


@pytest.fixture
def shared_app() -> Iterator[BokehWSGI]:
    """A server with users."""
    made = BokehWSGI(store="memory:", multi_user=True)
    yield made
    made.close()


def registered(app: BokehWSGI, name: str) -> Session:
    session = Session(app=app)
    session.register(name, PASSWORD)
    return session


@pytest.fixture
def ann(shared_app: BokehWSGI) -> Session:
    """Has the document "line" in use."""
    session = registered(shared_app, "ann")
    session.use_doc("line")
    return session


@pytest.fixture
def bob(shared_app: BokehWSGI) -> Session:
    return registered(shared_app, "bob")
