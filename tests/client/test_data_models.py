"""Classes that a document defines are of data alone: they replace nothing that Bokeh or Python calls."""

import json
import logging
from typing import Any

import pytest
from bokeh.core.has_props import _default_resolver
from bokeh.document import Document
from bokeh.document.config import DocumentConfig
from bokeh.models.widgets import Div

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.conftest import Api


@pytest.fixture(autouse=True)
def _classes_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the classes that a test has created."""
    resolver: Any = _default_resolver
    monkeypatch.setattr(resolver, "_known_models", dict(resolver._known_models))


def loaded(name: str, *definitions: Any, **document: Any) -> Document:
    """A document with one model of this class, as a script has it that loads it."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make("models")
    graph = {
        "version": "3.9.2",
        "roots": ["p1", "p2"],
        "models": {"p1": {"name": name, "attributes": {}}, "p2": {"name": "Div", "attributes": {}}},
        "defs": [{"type": "model", **definition} for definition in definitions],
        **document,
    }
    answer = api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))])
    assert answer.status_code == 200, answer.text
    session = Session(app=app)
    session.use_doc(docid=docid)
    document_here = Document()
    session.load_document(document_here)
    assert isinstance(document_here.roots[-1], Div), "the rest of the document is there"
    return document_here


def refused(caplog: pytest.LogCaptureFixture, name: str, *definitions: Any) -> str:
    """The reason why a model of this class was not created."""
    with caplog.at_level(logging.WARNING, "bokeh_wsgi"):
        document = loaded(name, *definitions)
    assert len(document.roots) == 1
    assert "p1 cannot be created here" in caplog.text
    return caplog.text


def of_one(name: str, **prop: Any) -> dict[str, Any]:
    return {"name": "Mine", "properties": [{"name": name, "kind": "Any", **prop}]}


@pytest.mark.parametrize(
    "name",
    [
        *("__init__", "__class__", "__del__", "__eq__", "__repr__", "__getattr__", "__module__"),
        *("set_from_json", "properties", "document", "references", "trigger", "id", "_initialized"),
        *("select", "on_change", "mro", "two words", "x\ny", ""),
    ],
)
def test_a_property_replaces_no_method(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert "no data model can have a property" in refused(caplog, "Mine", of_one(name, default=5))


def test_a_property_that_all_models_have_stays_as_it_is() -> None:
    """Bokeh relies on its type: it adds names to the set of subscribed events."""
    document = loaded("Mine", of_one("subscribed_events", default=5))
    assert document.roots[0].subscribed_events == set()


def test_a_class_below_another_of_the_document_may_declare_its_property_again() -> None:
    below = {"name": "Below", "extends": {"id": "Mine"}, "properties": [{"name": "size", "default": 2}]}
    with pytest.warns(RuntimeWarning, match="previously declared"):
        document = loaded("Below", of_one("size", default=1), below)
    root: Any = document.roots[0]
    assert root.size == 2


def test_classes_that_extend_each_other_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    one = {"name": "One", "extends": {"id": "Other"}, "properties": []}
    other = {"name": "Other", "extends": {"id": "One"}, "properties": []}
    assert "needs itself" in refused(caplog, "One", one, other)


def test_a_default_value_of_its_own_class_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    assert "needs itself" in refused(caplog, "Mine", of_one("other", default={"id": "p1"}))


def test_a_long_line_of_classes_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    line = [{"name": f"Number{n}", "extends": {"id": f"Number{n + 1}"}} for n in range(2000)]
    assert "needs itself, or more than" in refused(caplog, "Number0", *line)


@pytest.mark.parametrize(
    "name", ["bokeh.models.Nowhere", "x\x00y", "x\x1b[2Jy", "a.", "two words", "x" * 501]
)
@pytest.mark.usefixtures("any_type_name")
def test_names_that_no_class_has_are_refused(name: str, caplog: pytest.LogCaptureFixture) -> None:
    text = refused(caplog, name, {"name": name, "properties": []})
    assert "\x1b" not in text
    assert "\x00" not in text


def test_names_of_modules_that_are_not_identifiers_are_taken() -> None:
    document = loaded("my-script.Mine", {"name": "my-script.Mine", "properties": [{"name": "size"}]})
    assert type(document.roots[0]).__name__ == "Mine"


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"name": 5},
        {"name": "Mine", "extends": 5},
        {"name": "Mine", "properties": 5},
        of_one("x", default={"type": "?"}),
    ],
    ids=str,
)
def test_a_definition_that_is_none_is_refused(definition: Any, caplog: pytest.LogCaptureFixture) -> None:
    refused(caplog, "Mine", definition)


@pytest.mark.parametrize(
    "value", [5, {"id": "p2"}, {"type": "?"}, {"type": "map", "entries": [["a", 5]]}], ids=str
)
def test_what_is_no_config_and_no_callbacks_is_passed_over(value: Any) -> None:
    document = loaded("Div", config=value, callbacks=value)
    assert isinstance(document.config, DocumentConfig)
    assert document.callbacks.js_event_callbacks == {}
