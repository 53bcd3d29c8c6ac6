"""Types of models that are not Bokeh's own go with them, so that pages may change these, too."""

import tracemalloc
from typing import Any

import pytest
from bokeh.core.properties import Float, Int, NonNegative
from bokeh.document import Document
from bokeh.model import DataModel
from bokeh.models import LayoutDOM
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.bokeh_types import bokeh_types
from bokeh_wsgi.client import Session
from bokeh_wsgi.plotting import figure


class Knob(LayoutDOM):
    angle: Any = Float(default=0)
    turns: Any = NonNegative(Int, default=0)


class Person(DataModel):
    age: Any = Int(default=3)


def edit(app: BokehWSGI, session: Session, model: str, attr: str, new: Any) -> int:
    change = {"kind": "ModelChanged", "model": {"id": model}, "attr": attr, "new": new}
    path = f"/doc/{session.docid}/edits"
    return Client(app).post(path, json={"edits": [change]}).status_code


@pytest.mark.parametrize(("attr", "good", "bad"), [("angle", 1.5, "up"), ("turns", 2, -2)])
def test_pages_may_change_models_of_other_packages(app: BokehWSGI, attr: str, good: Any, bad: Any) -> None:
    session = Session(app=app, load_from_config=False)
    session.use_doc("knob", clear=True)
    document, knob = Document(), Knob()
    document.add_root(knob)
    session.store_document(document)
    assert edit(app, session, knob.id, attr, good) == 200
    assert edit(app, session, knob.id, attr, bad) == 400
    assert edit(app, session, knob.id, "colour", 1) == 400
    assert session.pull_state().graph.types.keys() == {Knob.__qualified_model__}


def test_a_model_that_comes_later_brings_its_types(app: BokehWSGI) -> None:
    session = Session(app=app, load_from_config=False)
    session.use_doc("later", clear=True)
    document = Document()
    document.add_root(figure())
    session.store_document(document)
    assert session.pull_state().graph.types == {}
    knob = Knob()
    document.add_root(knob)
    session.store_document(document)
    assert edit(app, session, knob.id, "angle", 1.5) == 200
    assert edit(app, session, document.roots[0].id, "visible", False) == 200


def test_data_models_are_known_by_their_definitions(app: BokehWSGI) -> None:
    session = Session(app=app, load_from_config=False)
    session.use_doc("person", clear=True)
    document, person = Document(), Person()
    document.add_root(person)
    session.store_document(document)
    assert edit(app, session, person.id, "age", 4) == 200
    assert edit(app, session, person.id, "shoe", 4) == 400


def test_names_that_no_class_has_are_not_remembered() -> None:
    bokeh_types("Slider")
    tracemalloc.start()
    for n in range(1000):
        assert bokeh_types(f"{n}" * 1000) is None
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000
