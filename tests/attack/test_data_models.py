"""Classes that a document defines are of data alone: they replace nothing that Bokeh or Python calls."""

import json
from typing import Any

import pytest
from bokeh.core.has_props import _default_resolver
from bokeh.document import Document
from bokeh.model import DataModel

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import BokehWSGIError
from tests.api.conftest import Api

pytestmark = pytest.mark.bokeh


@pytest.fixture(autouse=True)
def _classes_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other test meets the classes that are made here."""
    resolver: Any = _default_resolver
    monkeypatch.setattr(resolver, "_known_models", dict(resolver._known_models))


def loaded(name: str, *definitions: dict[str, Any]) -> Document | None:
    """The document as a script has it; None where the server or the session refuses it in its own words."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make("models")
    graph = {
        "version": "3.9.2",
        "roots": ["p1"],
        "models": {"p1": {"name": name, "attributes": {}}},
        "defs": [{"type": "model", **definition} for definition in definitions],
    }
    if api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))]).status_code == 400:
        return None
    session = Session(app=app)
    session.use_doc(docid=docid)
    document = Document()
    try:
        session.load_document(document)
    except BokehWSGIError:
        return None
    return document


@pytest.mark.parametrize(
    "name",
    [
        *("__init__", "__class__", "__del__", "__eq__", "__repr__", "__getattr__", "__module__"),
        *("set_from_json", "properties", "document", "references", "trigger", "id", "_initialized"),
    ],
)
def test_a_property_that_has_the_name_of_a_method(name: str) -> None:
    """The class got it in the place of the method: whatever called that failed, or called it later."""
    mine = f"Of{name.strip('_')}"
    document = loaded(mine, {"name": mine, "properties": [{"name": name, "kind": "Any", "default": 5}]})
    if document is not None:
        (root,) = document.roots
        assert getattr(type(root), name, None) is getattr(DataModel, name, None)


def test_classes_that_extend_each_other() -> None:
    one = {"name": "One", "extends": {"id": "Other"}, "properties": []}
    other = {"name": "Other", "extends": {"id": "One"}, "properties": []}
    assert loaded("One", one, other) is None


@pytest.mark.parametrize("name", ["bokeh.models.Nowhere", "x\x00y"])
def test_names_that_no_class_can_have(name: str) -> None:
    """What failed was an assertion of Bokeh's, and a type of Python's: neither says which document."""
    assert loaded(name, {"name": name, "properties": []}) is None
