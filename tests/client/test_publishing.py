"""What travels when a script changes something and stores it."""

from typing import Any

import numpy as np
import pytest
from bokeh.core.properties import Int
from bokeh.document import Document
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, GeoJSONDataSource, LinearColorMapper
from bokeh.models.widgets import Div, Slider
from bokeh.plotting import figure, row

from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import OpCode
from bokeh_wsgi.exc import ColumnError

from .conftest import MakeSession, Viewer


@pytest.fixture
def source() -> Any:
    rng = np.random.default_rng(7)
    return ColumnDataSource({"x": np.arange(50_000.0), "y": rng.normal(size=50_000), "name": ["a"] * 50_000})


@pytest.fixture
def plot(document: Document, source: Any) -> Any:
    made = figure(width=400, height=300, name="plot")
    made.line("x", "y", source=source)
    document.add_root(made)
    return made


@pytest.fixture
def stored(session: Session, document: Document, plot: Any, viewer: Viewer) -> Session:
    session.store_document(document)
    viewer.changes()
    return session


def same_bits(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a.dtype == b.dtype) and a.tobytes() == b.tobytes()


def test_the_first_store_sends_the_graph_and_all_columns_in_one_change(
    session: Session, document: Document, plot: Any, viewer: Viewer, source: Any
) -> None:
    session.store_document(document)
    assert session.seq == 1
    assert len(viewer.changes()) == 1
    assert viewer.state.graph.roots == [plot.id]
    assert viewer.state.graph.title == "line"
    for name in ("x", "y"):
        assert same_bits(viewer.column(source, name), source.data[name])
    assert viewer.column(source, "name") == source.data["name"]


def test_columns_are_not_in_the_graph(stored: Session, viewer: Viewer, source: Any) -> None:
    assert "data" not in viewer.attributes(source)


def test_a_store_without_a_change_sends_nothing(stored: Session, document: Document, plot: Any) -> None:
    stored.store_document(document)
    stored.store_objects(plot)
    assert stored.seq == 1


def test_rows_changed_in_place_are_all_that_travels(stored: Session, viewer: Viewer, source: Any) -> None:
    source.data["y"][100:200] = np.nan
    stored.store_objects(source)
    (change,) = viewer.changes()
    (op,) = change.ops
    assert (op.code, op.column, op.start, op.count) == (OpCode.WRITE, "y", 100, 100)
    assert same_bits(viewer.column(source, "y"), source.data["y"])


def test_a_value_of_other_bits_is_a_change(stored: Session, viewer: Viewer, source: Any) -> None:
    source.data["x"][0] = -0.0
    stored.store_objects(source)
    assert np.signbit(viewer.column(source, "x")[0])


def test_what_was_stored_does_not_follow_the_script_s_array(
    stored: Session, viewer: Viewer, source: Any
) -> None:
    for value in (1.0, 2.0, 3.0):
        source.data["y"][:] = value
        stored.store_objects(source)
        assert (viewer.column(source, "y") == value).all()
    assert stored.seq == 4


def test_a_list_changed_in_place_is_found(stored: Session, viewer: Viewer, source: Any) -> None:
    source.data["name"][3] = "b"
    stored.store_objects(source)
    assert viewer.ops() == [OpCode.WRITE]
    assert viewer.column(source, "name")[:5] == ["a", "a", "a", "b", "a"]


def test_a_stream_with_rollover_sends_the_new_rows(stored: Session, viewer: Viewer, source: Any) -> None:
    rng = np.random.default_rng(8)
    new = {"x": 50_000.0 + np.arange(10), "y": rng.normal(size=10), "name": ["b"] * 10}
    source.stream(new, rollover=50_000)
    stored.store_objects(source)
    (change,) = viewer.changes()
    assert {op.column: (op.code, op.drop, op.count) for op in change.ops}["y"] == (OpCode.APPEND, 10, 10)
    assert same_bits(viewer.column(source, "y"), source.data["y"])
    assert viewer.column(source, "name") == source.data["name"]


def test_a_patch_sends_its_rows(stored: Session, viewer: Viewer, source: Any) -> None:
    source.patch({"y": [(slice(10, 12), [1.0, 2.0]), (40_000, 3.0)]})
    stored.store_objects(source)
    assert viewer.ops() == [OpCode.WRITE, OpCode.WRITE]
    assert same_bits(viewer.column(source, "y"), source.data["y"])


def test_a_column_that_was_not_assigned_anew_does_not_travel(
    stored: Session, viewer: Viewer, source: Any
) -> None:
    source.data = {**source.data, "y": np.zeros(50_000)}
    stored.store_objects(source)
    (change,) = viewer.changes()
    assert {op.column for op in change.ops} == {"y"}


def test_columns_can_be_added_and_removed(stored: Session, viewer: Viewer, source: Any) -> None:
    source.data["z"] = np.ones(50_000, dtype=np.int16)
    del source.data["name"]
    stored.store_objects(source)
    assert set(viewer.ops()) == {OpCode.RAMP, OpCode.REMOVE}
    assert {name for _, name in viewer.state.columns} == {"x", "y", "z"}
    assert same_bits(viewer.column(source, "z"), source.data["z"])


def test_an_attribute_is_all_that_travels_of_a_model(stored: Session, plot: Any, viewer: Viewer) -> None:
    plot.title.text = "moved"
    stored.store_objects(plot.title)
    assert viewer.ops() == [OpCode.PATCH]
    assert viewer.attributes(plot.title)["text"] == "moved"


def test_an_attribute_back_at_its_default_leaves_the_graph(
    stored: Session, plot: Any, viewer: Viewer, document: Document
) -> None:
    plot.title.text = "moved"
    stored.store_document(document)
    del plot.title.text
    stored.store_document(document)
    (change,) = viewer.changes()[-1:]
    assert '"new":"","unset":true' in change.ops[0].json
    assert "text" not in viewer.attributes(plot.title)


def test_a_new_glyph_brings_its_models_and_columns(
    stored: Session, plot: Any, document: Document, viewer: Viewer
) -> None:
    renderer = plot.scatter([1, 2], [3, 4])
    stored.store_document(document)
    assert stored.seq == 2
    assert viewer.ops()[0] is OpCode.PATCH
    assert viewer.column(renderer.data_source, "y") == [3, 4]


def test_a_removed_glyph_takes_its_models_and_columns_along(
    stored: Session, plot: Any, document: Document, viewer: Viewer, source: Any
) -> None:
    plot.renderers.clear()
    stored.store_document(document)
    viewer.changes()
    assert source.id not in viewer.state.graph.models
    assert not viewer.state.columns
    plot.line("x", "y", source=source)
    stored.store_document(document)
    assert same_bits(viewer.column(source, "y"), source.data["y"])


def test_store_objects_of_a_plot_brings_what_was_added_to_it(
    stored: Session, plot: Any, viewer: Viewer
) -> None:
    renderer = plot.scatter([1, 2], [3, 4])
    stored.store_objects(plot)
    assert viewer.column(renderer.data_source, "x") == [1, 2]


def test_roots_come_go_and_move(stored: Session, plot: Any, document: Document, viewer: Viewer) -> None:
    note = Div(text="note")
    document.add_root(note)
    stored.store_document(document)
    viewer.changes()
    assert viewer.state.graph.roots == [plot.id, note.id]
    document.clear()
    layout = row(note, plot)
    document.add_root(layout)
    stored.store_document(document)
    viewer.changes()
    assert viewer.state.graph.roots == [layout.id]
    assert plot.id in viewer.state.graph.models


def test_a_title_travels(stored: Session, document: Document, viewer: Viewer) -> None:
    document.title = "another"
    stored.store_document(document)
    assert viewer.ops() == [OpCode.PATCH]
    assert viewer.state.graph.title == "another"


def test_values_of_a_theme_are_attributes(
    stored: Session, plot: Any, document: Document, viewer: Viewer
) -> None:
    document.theme = "dark_minimal"
    stored.store_document(document)
    assert viewer.attributes(plot)["background_fill_color"] == "#20262B"
    document.theme = None
    stored.store_document(document)
    assert "background_fill_color" not in viewer.attributes(plot)


def test_callbacks_of_models_and_of_the_document_travel(
    stored: Session, plot: Any, document: Document, viewer: Viewer
) -> None:
    plot.js_on_event("tap", CustomJS(code="console.log(1)"))
    document.js_on_event("document_ready", CustomJS(code="console.log(2)"))
    stored.store_document(document)
    viewer.changes()
    codes = [
        rep["attributes"]["code"] for rep in viewer.state.graph.models.values() if rep["name"] == "CustomJS"
    ]
    assert sorted(codes) == ["console.log(1)", "console.log(2)"]
    assert viewer.state.graph.callbacks is not None


class Counter(DataModel):
    count = Int(default=3)


def test_data_models_come_with_their_definitions(
    session: Session, document: Document, viewer: Viewer
) -> None:
    slider = Slider(start=0, end=1, value=0.5, tags=[Counter()])
    document.add_root(slider)
    session.store_document(document)
    viewer.changes()
    names = [definition["name"] for definition in viewer.state.graph.defs or ()]
    assert Counter.__qualified_model__ in names


def test_the_document_s_config_travels(stored: Session, document: Document, viewer: Viewer) -> None:
    document.config.notify_connection_status = False
    stored.store_document(document)
    viewer.changes()
    config = viewer.state.graph.config
    assert viewer.state.graph.models[config["id"]]["attributes"]["notify_connection_status"] is False


def test_sources_of_other_kinds_keep_their_attributes(
    session: Session, document: Document, viewer: Viewer
) -> None:
    geo = GeoJSONDataSource(geojson='{"type": "FeatureCollection", "features": []}')
    plot = figure()
    plot.scatter("x", "y", source=geo)
    document.add_root(plot)
    session.store_document(document)
    assert "FeatureCollection" in viewer.attributes(geo)["geojson"]


def test_arrays_that_are_not_columns_are_encoded_without_using_up_ids(
    session: Session, document: Document, viewer: Viewer
) -> None:
    callback = CustomJS(args={"values": np.arange(5.0)}, code="")
    slider = Slider(start=0, end=1, value=0.5)
    slider.js_on_change("value", callback)
    document.add_root(slider)
    before = int(LinearColorMapper(palette=["red"]).id[1:])
    session.store_document(document)
    session.store_document(document)
    assert session.seq == 1
    assert int(LinearColorMapper(palette=["red"]).id[1:]) - before < 5


def test_a_column_of_mixed_values_arrives_as_bokeh_tells_them(
    session: Session, document: Document, viewer: Viewer
) -> None:
    source = ColumnDataSource({"mixed": [1, "a", None, {"k": float("nan")}, (1, "b")]})
    document.add_root(figure())
    plot = document.roots[0]
    plot.scatter("mixed", "mixed", source=source)  # type: ignore[attr-defined]
    session.store_document(document)
    mixed = viewer.column(source, "mixed")
    assert mixed[:3] == [1, "a", None]
    assert np.isnan(mixed[3]["k"])


def test_values_that_cannot_be_a_column_are_named(session: Session, document: Document) -> None:
    source = ColumnDataSource({"z": np.zeros(3, dtype=complex)})
    plot = figure()
    plot.line("z", "z", source=source)
    document.add_root(plot)
    with pytest.raises(ColumnError, match=r"column 'z' of ColumnDataSource"):
        session.store_document(document)
    assert session.seq == 0


def test_clear_replaces_the_document_in_one_change(
    stored: Session, make_session: Any, viewer: Viewer
) -> None:
    second = make_session(clear=True)
    fresh = Document()
    plot = figure()
    plot.line([1, 2], [3, 4])
    fresh.add_root(plot)
    second.store_document(fresh)
    assert viewer.ops()[0] is OpCode.GRAPH
    assert viewer.state.graph.roots == [plot.id]
    assert viewer.state.graph.title == "line"
    assert len(viewer.state.columns) == 2


def test_with_dirty_only_false_columns_are_sent_whole(
    stored: Session, document: Document, viewer: Viewer
) -> None:
    stored.store_document(document, dirty_only=False)
    assert set(viewer.ops()) <= {OpCode.REPLACE, OpCode.RAMP}


def test_a_model_in_no_document_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match=r"is in no document"):
        session.store_objects(ColumnDataSource({"x": [1]}))


def test_a_column_that_no_page_could_show_is_refused_by_its_name(session: Session) -> None:
    source = ColumnDataSource({"x": [1], "constructor": [1]})
    document = Document()
    document.add_root(source)
    with pytest.raises(ColumnError, match=r"column 'constructor' of ColumnDataSource.*rename it"):
        session.store_document(document)
    source.data["builder"] = source.data.pop("constructor")
    session.store_document(document)
    assert session.seq == 1


def test_a_new_document_without_a_title_goes_by_its_name(make_session: MakeSession) -> None:
    for title, clear in (("joined", False), ("anew", True)):
        session = make_session(title, clear=clear)
        session.store_document(Document())
        note = Document()
        note.add_root(Div(text="x"))
        session.store_document(note)
        assert session.pull_state().graph.title == title


def test_who_joins_a_document_leaves_its_title(make_session: MakeSession) -> None:
    first = make_session("line", clear=True)
    document = Document(title="Line of the day")
    document.add_root(Div(text="x"))
    first.store_document(document)
    joined = make_session("line")
    other = Document()
    other.add_root(Div(text="y"))
    joined.store_document(other)
    assert len(first.pull_state().graph.roots) == 2
    assert first.pull_state().graph.title == "Line of the day"
