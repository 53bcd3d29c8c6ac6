"""A graph for tests of graphs."""

import pytest

from bokeh_wsgi.models.graph import Graph
from tests.models.bokeh_json import flattened
from tests.models.events import obj, ref


@pytest.fixture
def graph() -> Graph:
    """a → b → c, and d; a and d are roots; c has a name and an alias of b."""
    return flattened(
        {
            "version": "3.9.2",
            "title": "t",
            "roots": [obj("a", child=obj("b", items=[obj("c", name="cee", back=ref("b"))])), obj("d")],
        }
    )
