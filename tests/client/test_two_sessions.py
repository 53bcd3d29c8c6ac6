"""Sessions that share a document leave each other's models alone, and agree in the end."""

from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div, Slider
from bokeh.plotting import figure

from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import OpCode
from bokeh_wsgi.exc import Conflict, ServerRefused

from .conftest import MakeSession, Viewer


def document_with(*roots: Any) -> Document:
    document = Document()
    for root in roots:
        document.add_root(root)
    return document


def line(y: Any) -> tuple[Any, Any]:
    source = ColumnDataSource({"y": np.asarray(y, dtype=float)})
    plot = figure(width=300, height=200)
    plot.line("y", "y", source=source)
    return plot, source


def texts(viewer: Viewer) -> list[str]:
    viewer.changes()
    graph = viewer.state.graph
    return [graph.models[root]["attributes"].get("text", "?") for root in graph.roots]


def same_ids(model: Any, as_model: Any) -> None:
    """Give a model and all it leads to the ids of another, as they would have in another process."""
    ours, theirs = list(model.references()), list(as_model.references())
    ours.sort(key=lambda found: int(found.id[1:]))
    theirs.sort(key=lambda found: int(found.id[1:]))
    for mine, other in zip(ours, theirs, strict=True):
        vars(mine)["_id"] = other.id


def test_a_second_session_s_models_join_those_of_the_first(make_session: MakeSession) -> None:
    first, second = make_session(), make_session()
    a, b = document_with(Div(text="a")), document_with(Div(text="b"))
    first.store_document(a)
    second.store_document(b)
    viewer = Viewer(first)
    assert texts(viewer) == ["a", "b"]
    a.roots[0].text = "a2"  # type: ignore[attr-defined]
    first.store_document(a)
    b.clear()
    second.store_document(b)
    assert texts(viewer) == ["a2"]


def test_models_of_two_processes_with_the_same_ids_stay_apart(make_session: MakeSession) -> None:
    first, second = make_session(), make_session()
    mine, my_source = line([1, 2, 3])
    theirs, their_source = line([4, 5])
    same_ids(theirs, mine)
    first.store_document(document_with(mine))
    second.store_document(document_with(theirs))
    my_source.data["y"][0] = 10
    their_source.data["y"][0] = 40
    first.store_objects(my_source)
    second.store_objects(their_source)
    viewer = Viewer(first)
    viewer.changes()
    assert len(viewer.state.graph.roots) == 2
    assert sorted(held.values.column().values().tolist() for held in viewer.state.columns.values()) == [
        [10, 2, 3],
        [40, 5],
    ]
    assert first.object_link(mine) != second.object_link(theirs)
    assert second.object_link(theirs).rpartition("/")[2] in viewer.state.graph.models


def test_a_column_that_another_session_wrote_is_sent_whole(make_session: MakeSession) -> None:
    first, second = make_session(), make_session()
    plot, source = line(np.arange(1000.0) ** 2)
    first.store_document(document_with(plot))
    copy = Document()
    second.load_document(copy)
    their_source: Any = copy.select_one({"type": ColumnDataSource})
    their_source.data["y"][5] = -5
    second.store_objects(their_source)
    source.data["y"][7] = -7
    first.store_objects(source)
    viewer = Viewer(first)
    viewer.changes()
    (held,) = viewer.state.columns.values()
    assert held.values.column().values().tobytes() == source.data["y"].tobytes()


def test_changes_of_different_columns_do_not_disturb_each_other(make_session: MakeSession) -> None:
    first, second = make_session(), make_session()
    source = ColumnDataSource({"x": np.arange(9.0) ** 2, "y": np.arange(9.0) ** 3})
    plot = figure()
    plot.line("x", "y", source=source)
    first.store_document(document_with(plot))
    copy = Document()
    second.load_document(copy)
    viewer = Viewer(first)
    viewer.changes()
    theirs: Any = copy.select_one({"type": ColumnDataSource})
    for number in range(3):
        source.data["x"][0] = number  # type: ignore[index]
        first.store_objects(source)
        theirs.data["y"][0] = number
        second.store_objects(theirs)
    assert set(viewer.ops()) == {OpCode.WRITE}


def test_after_another_session_started_the_document_anew_ours_is_added_again(
    make_session: MakeSession,
) -> None:
    first = make_session(on_taken_over="retake")
    plot, source = line([1, 2, 3])
    first.store_document(document_with(plot))
    second = make_session(clear=True)
    second.store_document(document_with(Div(text="anew")))
    source.data["y"][0] = 10
    first.store_objects(source)
    viewer = Viewer(first)
    viewer.changes()
    assert len(viewer.state.graph.roots) == 2
    assert viewer.state.columns[source.id, "y"].values.column().values().tolist() == [10, 2, 3]


def test_a_document_started_anew_with_our_ids_keeps_its_models(make_session: MakeSession) -> None:
    first = make_session(on_taken_over="retake")
    mine, my_source = line([1, 2, 3])
    theirs, _ = line([7, 7])
    theirs.width = 555
    same_ids(theirs, mine)
    first.store_document(document_with(mine))
    second = make_session(clear=True)
    second.store_document(document_with(theirs, Div(text="theirs")))
    mine.title.text = "mine"
    mine.scatter([1], [2])
    my_source.data["y"][0] = 10
    first.store_document(mine.document)
    viewer = Viewer(second)
    viewer.changes()
    graph = viewer.state.graph
    widths = [graph.models[root]["attributes"].get("width") for root in graph.roots]
    assert widths.count(555) == 1


def test_a_model_that_another_session_removed_is_added_again_with_its_change(
    make_session: MakeSession,
) -> None:
    first, second = make_session(), make_session()
    slider, note = Slider(start=0, end=10, value=1), Div(text="stays")
    document = document_with(note, slider)
    first.store_document(document)
    copy = Document()
    second.load_document(copy)
    copy.remove_root(copy.roots[1])
    second.store_document(copy)
    slider.value = 2
    first.store_objects(slider)
    viewer = Viewer(first)
    viewer.changes()
    names = [viewer.state.graph.models[root]["name"] for root in viewer.state.graph.roots]
    assert names == ["Div", "Slider"]


def test_a_deleted_document_is_an_error_that_says_so(session: Session) -> None:
    document = document_with(Div(text="x"))
    session.store_document(document)
    session.delete_doc()
    document.roots[0].text = "y"  # type: ignore[attr-defined]
    with pytest.raises(ServerRefused, match="deleted") as caught:
        session.store_document(document)
    assert caught.value.status == 404
    with pytest.raises(ServerRefused, match="it was deleted, or its link is wrong"):
        session.load_document(Document())


def test_conflicts_that_do_not_end_are_an_error(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Conflict] = []

    def refuse(*args: Any, **kwargs: Any) -> Any:
        answers.append(Conflict("The change was made for an older state of the document."))
        raise answers[-1]

    monkeypatch.setattr(session.http_session, "request", refuse)
    with pytest.raises(Conflict, match="older state"):
        session.store_document(document_with(Div(text="x")))
    assert len(answers) == 5
