"""What `stream` and `patch` said travels as it is; everything else is found by comparing."""

from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import OpCode

from .conftest import MakeSession, Viewer

ROWS = 200_000


@pytest.fixture
def source(document: Document) -> Any:
    rng = np.random.default_rng(3)
    made = ColumnDataSource({"x": np.arange(float(ROWS)), "y": rng.normal(size=ROWS)})
    document.add_root(made)
    return made


@pytest.fixture
def stored(session: Session, document: Document, source: Any, viewer: Viewer) -> Session:
    session.store_document(document)
    viewer.changes()
    return session


def assert_same(viewer: Viewer, source: Any) -> None:
    for name, values in source.data.items():
        assert viewer.column(source, name).tobytes() == np.asarray(values).tobytes(), name


def test_a_stream_is_an_append_with_a_drop(stored: Session, source: Any, viewer: Viewer) -> None:
    source.stream({"x": np.ones(10), "y": np.ones(10)}, rollover=ROWS)
    source.stream({"x": np.zeros(5), "y": np.ones(5)}, rollover=ROWS)
    stored.store_objects(source)
    (change,) = viewer.changes()
    told = [(op.code, op.column, op.start, op.count, op.drop) for op in change.ops]
    assert told == [(OpCode.APPEND, name, ROWS - 15, 15, 15) for name in ("x", "y")]
    assert_same(viewer, source)


def test_a_patch_is_writes_near_ones_joined(stored: Session, source: Any, viewer: Viewer) -> None:
    source.patch({"y": [(5, 1.0), (9, 2.0), (slice(100_000, 100_500), np.zeros(500))]})
    stored.store_objects(source)
    (change,) = viewer.changes()
    told = [(op.code, op.column, op.start, op.count) for op in change.ops]
    assert told == [(OpCode.WRITE, "y", 5, 5), (OpCode.WRITE, "y", 100_000, 500)]
    assert_same(viewer, source)


def test_patched_rows_move_with_the_stream(stored: Session, source: Any, viewer: Viewer) -> None:
    source.patch({"y": [(5, 1.0), (50_000, 2.0)]})
    source.stream({"x": np.ones(10), "y": np.ones(10)}, rollover=ROWS)
    source.patch({"y": [(ROWS - 1, 3.0), (70_000, 4.0)]})
    stored.store_objects(source)
    (change,) = viewer.changes()
    told = [(op.code, op.start, op.count) for op in change.ops if op.column == "y"]
    assert told == [
        (OpCode.APPEND, ROWS - 10, 10),
        (OpCode.WRITE, 49_990, 1),
        (OpCode.WRITE, 70_000, 1),
    ]
    assert_same(viewer, source)


def test_a_stream_of_more_rows_than_there_are(stored: Session, source: Any, viewer: Viewer) -> None:
    source.stream({"x": np.ones(300), "y": np.ones(300)}, rollover=100)
    source.stream({"x": np.zeros(7), "y": np.zeros(7)}, rollover=100)
    stored.store_objects(source)
    assert_same(viewer, source)


def test_rows_written_in_place_besides_a_stream_are_found_by_a_later_store(
    stored: Session, source: Any, viewer: Viewer
) -> None:
    source.data["y"][ROWS // 2] = 77.0
    for _ in range(60):
        source.stream({"x": np.ones(10), "y": np.ones(10)}, rollover=ROWS)
        stored.store_objects(source)
    assert_same(viewer, source)


def test_a_store_without_streams_compares_all(stored: Session, source: Any, viewer: Viewer) -> None:
    source.data["y"][ROWS // 2] = 77.0
    source.stream({"x": np.ones(10), "y": np.ones(10)}, rollover=ROWS)
    stored.store_objects(source)
    stored.store_objects(source)
    assert_same(viewer, source)


def test_an_assignment_besides_a_stream_is_compared(stored: Session, source: Any, viewer: Viewer) -> None:
    source.stream({"x": np.ones(10), "y": np.ones(10)})
    source.data["x"] = np.arange(float(ROWS + 10))
    source.data["y"][7] = 1.0
    stored.store_objects(source)
    assert_same(viewer, source)


def test_integers_that_leave_their_wire_type_are_sent_whole(
    session: Session, document: Document, viewer: Viewer
) -> None:
    source: Any = ColumnDataSource({"n": np.arange(10)})
    document.add_root(source)
    session.store_document(document)
    source.stream({"n": [2**40]})
    session.store_objects(source)
    assert viewer.column(source, "n").tolist() == [*map(float, range(10)), float(2**40)]


def test_lists_and_texts_stream(session: Session, document: Document, viewer: Viewer) -> None:
    source: Any = ColumnDataSource({"name": ["a", "b"], "n": [1.5, 2.5], "xs": [[1.0], [2.0, 3.0]]})
    document.add_root(source)
    session.store_document(document)
    viewer.changes()
    for _ in range(3):
        source.stream({"name": ["ß"], "n": [3.5], "xs": [[4.0, 5.0, 6.0]]}, rollover=3)
        source.patch({"name": [(0, "first")]})
        session.store_objects(source)
        assert set(viewer.ops()) <= {OpCode.APPEND, OpCode.WRITE}
        for name in source.data:
            assert viewer.column(source, name) == source.data[name]


def test_short_columns_of_any_kind_are_compared_besides(
    session: Session, document: Document, viewer: Viewer
) -> None:
    source: Any = ColumnDataSource({"name": ["a", "b"], "at": np.array(["2024-01-01"] * 2, "M8[ms]")})
    document.add_root(source)
    session.store_document(document)
    source.data["name"][0] = "other"
    source.data["at"][0] = np.datetime64("2026-01-01", "ms")
    source.stream({"name": ["c"], "at": np.array(["2025-01-01"], "M8[ms]")})
    session.store_objects(source)
    assert viewer.column(source, "name") == ["other", "b", "c"]
    assert viewer.column(source, "at")[0] == source.data["at"][0].astype(float)


def test_only_columns_that_are_named_are_looked_at(stored: Session, source: Any, viewer: Viewer) -> None:
    source.data["x"][0] = 5.0
    source.data["y"][0] = 5.0
    stored.store_objects(source, columns=["y"])
    (change,) = viewer.changes()
    assert [op.column for op in change.ops] == ["y"]
    stored.store_objects(source)
    assert_same(viewer, source)


def test_a_stream_of_which_one_column_was_stored_is_not_forgotten(
    stored: Session, source: Any, viewer: Viewer
) -> None:
    source.stream({"x": np.ones(10), "y": np.ones(10)}, rollover=ROWS)
    stored.store_objects(source, columns=["y"])
    stored.store_objects(source)
    assert_same(viewer, source)


def test_without_diff_columns_are_sent_whole(app: Any, document: Document, source: Any) -> None:
    session = Session(app=app, diff="off")
    session.use_doc("line")
    session.store_document(document)
    viewer = Viewer(session)
    viewer.changes()
    source.data["y"][0] = 5.0
    session.store_objects(source)
    (change,) = viewer.changes()
    assert [(op.code, op.count) for op in change.ops] == [(OpCode.REPLACE, ROWS)] * 2
    assert_same(viewer, source)


def test_diff_has_two_words(app: Any) -> None:
    with pytest.raises(ValueError, match='"auto" or "off"'):
        Session(app=app, diff="maybe")  # type: ignore[arg-type]


def test_two_sessions_stream_one_source(make_session: MakeSession, document: Document, source: Any) -> None:
    sessions = [make_session("one"), make_session("two")]
    for session in sessions:
        session.store_document(document)
    viewers = [Viewer(session) for session in sessions]
    for step in range(4):
        source.stream({"x": np.ones(10) * step, "y": np.ones(10)}, rollover=ROWS)
        for session in sessions[: 1 + step % 2]:
            session.store_objects(source)
    for viewer in viewers:
        assert_same(viewer, source)


def test_a_column_that_somebody_else_wrote_is_sent_whole(
    stored: Session, make_session: MakeSession, source: Any, viewer: Viewer
) -> None:
    other = make_session()
    copy = Document()
    other.load_document(copy)
    theirs: Any = copy.select_one({"type": ColumnDataSource})
    theirs.data["y"][3] = 99.0
    other.store_objects(theirs)
    source.stream({"x": np.ones(10), "y": np.ones(10)}, rollover=ROWS)
    stored.store_objects(source)
    assert_same(viewer, source)


def test_models_that_change_beside_a_stream_are_sent(stored: Session, source: Any, viewer: Viewer) -> None:
    for step in range(6):
        source.stream({"x": np.ones(10), "y": np.ones(10)}, rollover=ROWS)
        if step % 2:
            source.name = f"step {step}"
        if step == 4:
            source.selected.indices = [1, 2]
        stored.store_objects(source)
        named = step - 1 + step % 2
        assert viewer.attributes(source).get("name") == (f"step {named}" if named > 0 else None)
    assert viewer.attributes(source.selected)["indices"] == [1, 2]
    assert_same(viewer, source)


def test_models_that_change_while_their_document_holds_its_events_are_sent(
    stored: Session, document: Document, source: Any, viewer: Viewer
) -> None:
    source.stream({"x": np.ones(10), "y": np.ones(10)})
    stored.store_objects(source)
    document.hold()
    source.name = "held"
    source.stream({"x": np.ones(10), "y": np.ones(10)})
    stored.store_objects(source)
    assert viewer.attributes(source)["name"] == "held"


def test_values_inside_values_are_found_after_some_streams(
    stored: Session, source: Any, viewer: Viewer
) -> None:
    source.tags = [{"a": 1}]
    stored.store_objects(source)
    source.tags[0]["a"] = 2
    for _ in range(40):
        source.stream({"x": np.ones(1), "y": np.ones(1)}, rollover=ROWS)
        stored.store_objects(source)
    (tag,) = viewer.attributes(source)["tags"]
    assert tag["entries"] == [["a", 2]]


def test_patches_of_a_series_go_by_its_index(session: Session, document: Document, viewer: Viewer) -> None:
    pandas = pytest.importorskip("pandas")
    source: Any = ColumnDataSource({"y": [0.0]})
    source.data = {"y": pandas.Series([1.0, 2.0, 3.0], index=[2, 1, 0])}
    document.add_root(source)
    session.store_document(document)
    session.store_objects(source)
    source.patch({"y": [(0, 9.0)]})
    session.store_objects(source)
    assert viewer.column(source, "y").tolist() == source.data["y"].tolist() == [1.0, 2.0, 9.0]
