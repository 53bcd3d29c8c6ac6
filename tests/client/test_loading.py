"""A document that a session loads is the one that was stored."""

import datetime as dt
import warnings
from typing import Any

import numpy as np
import pytest
from bokeh.core.has_props import _default_resolver
from bokeh.core.properties import Int, List, String
from bokeh.document import Document
from bokeh.model import DataModel, Model
from bokeh.models import ColumnDataSource, CustomJS, FactorRange
from bokeh.models.widgets import DatePicker, Div, Slider, TimePicker
from bokeh.plotting import figure

from bokeh_wsgi.client import Session
from tests.effort import some
from tests.gallery import documents as gallery

from .conftest import MakeSession, Viewer


class Settings(DataModel):
    label = String(default="none")
    sizes = List(Int, default=[1, 2])


def loaded(make_session: MakeSession, title: str = "line") -> Document:
    """The document, as a script without any of its models gets it."""
    document = Document()
    make_session(title).load_document(document)
    return document


def stored(session: Session, *roots: Model) -> Document:
    document = Document()
    for root in roots:
        document.add_root(root)
    session.store_document(document)
    return document


@pytest.mark.parametrize("name", some(gallery.NAMES))
def test_storing_a_loaded_document_sends_nothing(name: str, make_session: MakeSession) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "out of range integer|.*beyond 2..53")
        document = gallery.build(name)
        make_session(name, clear=True).store_document(document)
        session = make_session(name)
        copy = Document()
        session.load_document(copy)
        seq = session.seq
        session.store_document(copy)
    assert session.seq == seq
    assert [type(root).__name__ for root in copy.roots] == [type(root).__name__ for root in document.roots]
    assert copy.title == document.title


@pytest.mark.parametrize(
    "values",
    [
        np.arange(5.0),
        np.arange(5, dtype=np.uint8),
        np.array([True, False]),
        [1, 2.5, None],
        ["a", None],
        [("a", "b"), ("c", "d")],
        [[1.0, 2.0], [3.0]],
        [np.arange(3.0), np.arange(2.0)],
        np.arange(12, dtype=np.float32).reshape(2, 3, 2),
        [1, "a", None, {"k": [1, 2]}],
        [],
    ],
    ids=str,
)
def test_columns_come_back_as_they_were(values: Any, session: Session, make_session: MakeSession) -> None:
    source = ColumnDataSource({"x": values})
    plot = figure()
    plot.scatter("x", "x", source=source)
    stored(session, plot)
    copy = loaded(make_session).select_one({"type": ColumnDataSource})
    assert isinstance(copy, ColumnDataSource)
    np.testing.assert_equal(copy.data["x"], values)
    assert type(copy.data["x"]) is type(values)


def test_factors_come_back_as_tuples(session: Session, make_session: MakeSession) -> None:
    stored(session, figure(x_range=FactorRange(factors=[("a", "b"), ("a", "c")])))
    factors = loaded(make_session).select_one({"type": FactorRange})
    assert isinstance(factors, FactorRange)
    assert factors.factors == [("a", "b"), ("a", "c")]


def test_times_and_dates_come_back(session: Session, make_session: MakeSession) -> None:
    stored(session, TimePicker(value=dt.time(10, 30), name="t"), DatePicker(value="2020-02-01", name="d"))
    document = loaded(make_session)
    assert getattr(document.select_one({"name": "t"}), "value", None) == dt.time(10, 30)
    assert getattr(document.select_one({"name": "d"}), "value", None) == "2020-02-01"


def test_data_models_come_back(session: Session, make_session: MakeSession) -> None:
    stored(session, Slider(start=0, end=1, value=0.5, tags=[Settings(label="mine", sizes=[3])]))
    (slider,) = loaded(make_session).roots
    assert isinstance(slider, Slider)
    (settings,) = slider.tags
    assert (settings.label, settings.sizes) == ("mine", [3])


def test_data_models_that_this_process_lacks_are_made(session: Session, make_session: MakeSession) -> None:
    class Passing(DataModel):
        count = Int(default=4)
        note = String()

    stored(session, Slider(start=0, end=1, value=0.5, tags=[Passing(note="hello")]))
    forget: Any = _default_resolver
    forget.remove(Passing)
    (slider,) = loaded(make_session).roots
    assert isinstance(slider, Slider)
    assert (slider.tags[0].count, slider.tags[0].note) == (4, "hello")


def test_callbacks_and_config_come_back(session: Session, make_session: MakeSession) -> None:
    document = Document()
    document.add_root(Div(text="x"))
    document.js_on_event("document_ready", CustomJS(code="1"))
    document.config.notify_connection_status = False
    session.store_document(document)
    copy = loaded(make_session)
    ((callback,),) = copy.callbacks.js_event_callbacks.values()
    assert getattr(callback, "code", None) == "1"
    assert copy.config.notify_connection_status is False


def test_new_models_get_ids_that_the_document_does_not_have(
    session: Session, make_session: MakeSession
) -> None:
    document = stored(session, Div(text="x"))
    copy = loaded(make_session)
    ids = {model.id for model in document.models} | {model.id for model in copy.models}
    assert Div(text="y").id not in ids


def test_what_changed_on_the_server_reaches_the_same_objects(
    session: Session, make_session: MakeSession
) -> None:
    slider, source = Slider(start=0, end=10, value=1), ColumnDataSource({"x": [1, 2], "y": [1, 2]})
    plot = figure()
    plot.line("x", "y", source=source)
    document = stored(session, slider, plot)
    heard: list[Any] = []
    slider.on_change("value", lambda attr, old, new: heard.append((attr, old, new)))
    x = source.data["x"]

    other = make_session()
    copy = Document()
    other.load_document(copy)
    theirs = copy.select_one({"type": Slider})
    their_source = copy.select_one({"type": ColumnDataSource})
    assert isinstance(theirs, Slider)
    assert isinstance(their_source, ColumnDataSource)
    theirs.value = 5
    their_source.data["y"] = [1, 3]
    other.store_document(copy)

    session.load_document(document)
    assert heard == [("value", 1, 5)]
    assert document.roots == [slider, plot]
    assert source.data["y"] == [1, 3]
    assert source.data["x"] is x
    seq = session.seq
    session.store_document(document)
    assert session.seq == seq


def test_models_that_were_removed_go_and_own_ones_that_were_not_stored_stay(
    session: Session, make_session: MakeSession
) -> None:
    first, second = Div(text="1"), Div(text="2")
    document = stored(session, first, second)
    other = make_session()
    copy = Document()
    other.load_document(copy)
    copy.remove_root(copy.roots[0])
    copy.add_root(Div(text="theirs"))
    other.store_document(copy)

    mine = Div(text="mine")
    document.add_root(mine)
    session.load_document(document)
    assert [getattr(root, "text", None) for root in document.roots] == ["2", "mine", "theirs"]
    assert document.roots[:2] == [second, mine]


def test_a_model_whose_id_the_document_has_too_is_kept_apart(
    session: Session, make_session: MakeSession
) -> None:
    theirs = Div(text="theirs")
    stored(session, theirs)
    mine = Div(text="mine")
    vars(mine)["_id"] = theirs.id
    document = Document()
    document.add_root(mine)
    joining = make_session()
    joining.load_document(document)
    joining.store_document(document)
    assert {getattr(root, "text", None) for root in loaded(make_session).roots} == {"mine", "theirs"}
    assert joining.object_link(mine) != session.object_link(theirs)


def test_a_loaded_column_may_be_written_into(session: Session, make_session: MakeSession) -> None:
    plot = figure()
    plot.line(np.arange(5.0), np.arange(5.0) ** 2)
    stored(session, plot)
    other, copy = make_session(), Document()
    other.load_document(copy)
    source: Any = copy.select_one({"type": ColumnDataSource})
    source.data["y"][2] = 99
    other.store_objects(source)
    viewer = Viewer(other)
    viewer.changes()
    (values,) = (
        held.values.column().values() for (_, name), held in viewer.state.columns.items() if name == "y"
    )
    assert list(values) == [0, 1, 99, 9, 16]


def test_pull_and_push_are_for_models_by_hand(session: Session) -> None:
    slider = Slider(start=0, end=10, value=1)
    stored(session, slider)
    (found,) = session.pull("Slider", slider.id)
    assert found["attributes"]["value"] == 1
    session.push({**found, "attributes": {"value": 7}})
    assert session.pull("Slider", slider.id)[0]["attributes"]["value"] == 7
    with pytest.raises(ValueError, match="both a typename and an objid"):
        session.pull("Slider")


def test_load_object_wants_a_model_of_the_document(session: Session) -> None:
    slider = Slider(start=0, end=10, value=1)
    document = stored(session, slider)
    session.push({"id": slider.id, "attributes": {"value": 7}})
    session.load_object(slider, document)
    assert slider.value == 7
    with pytest.raises(ValueError, match="not in this document"):
        session.load_object(Div(), document)
