"""What pages send: every kind of edit, and everything that is refused."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from

from .document_page import GRAPH, DocumentPage, array, changed, event, packed, patched, replaced, streamed

pytestmark = pytest.mark.bokeh  # its types are what edits are checked against


@pytest.fixture
def page() -> Iterator[DocumentPage]:
    app = BokehWSGI(store="memory:", max_edit_bytes=10_000)
    page = DocumentPage(app)
    page.begin(x=np.arange(4.0), n=np.arange(4, dtype=np.int32), names=["a", "b", "c", "d"])
    yield page
    app.close()


class TestAttributes:
    def test_a_value_is_kept_and_passed_on(self, page: DocumentPage) -> None:
        seq = page.accepted(changed("p1", "value", 3.5))
        assert page.attribute("p1", "value") == 3.5
        (op,) = page.last(seq - 1)
        assert op.code is OpCode.PATCH

    def test_a_batch_is_one_change(self, page: DocumentPage) -> None:
        seq = page.accepted(
            event("button_click", "p5"),
            changed("p1", "value", 2),
            changed("p3", "indices", [1, 2]),
            streamed(x=[4], n=[4], names=["e"]),
        )
        codes = [op.code for op in page.last(seq - 1)]
        assert codes == [OpCode.PATCH, *[OpCode.APPEND] * 3, OpCode.EVENT]

    def test_an_attribute_goes_back_to_its_default(self, page: DocumentPage) -> None:
        page.accepted({"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "value", "unset": True})
        assert page.attribute("p1", "value") is None

    def test_a_batch_that_is_sent_again_is_not_done_again(self, page: DocumentPage) -> None:
        first = page.send(streamed(x=[4], n=[4], names=["e"]), key="one")
        again = page.send(streamed(x=[4], n=[4], names=["e"]), key="one")
        assert first.get_json() == again.get_json()
        assert len(page.values("x")) == 5

    def test_new_models_come_with_what_mentions_them(self, page: DocumentPage) -> None:
        new = {"type": "object", "name": "Selection", "id": "j1", "attributes": {"indices": [3]}}
        page.accepted(changed("p2", "selected", new))
        assert page.attribute("p2", "selected") == {"id": "j1"}
        assert page.attribute("j1", "indices") == [3]

    def test_roots_and_the_title(self, page: DocumentPage) -> None:
        page.accepted(
            {"kind": "TitleChanged", "title": "new"}, {"kind": "RootRemoved", "model": {"id": "p1"}}
        )
        graph = page.state().graph
        assert (graph.title, graph.roots) == ("new", ["p4", "p5"])

    def test_models_of_other_packages_are_known_by_types_in_the_graph(self, page: DocumentPage) -> None:
        types = {
            "my.Knob": {"bases": ["my.Knob", "Model"], "attributes": {"angle": ["range", "float", 0, 360]}}
        }
        models = {**GRAPH["models"], "p9": {"name": "my.Knob", "attributes": {}}}  # type: ignore[dict-item]
        graph = {**GRAPH, "models": models, "roots": ["p1", "p4", "p5", "p9"], "types": types}
        page.upload(page.docid, [Op(OpCode.GRAPH, json=json.dumps(graph))])
        page.accepted(changed("p9", "angle", 90))
        assert page.refused(changed("p9", "angle", 361))[0] == 400
        assert page.refused(changed("p9", "colour", "red"))[0] == 400

    def test_models_that_a_script_defined_have_the_attributes_it_gave_them(self, page: DocumentPage) -> None:
        definition = {"type": "model", "name": "Person", "properties": [{"name": "age", "kind": "Int"}]}
        models = {**GRAPH["models"], "p9": {"name": "Person", "attributes": {}}}  # type: ignore[dict-item]
        graph = {**GRAPH, "models": models, "roots": ["p1", "p4", "p5", "p9"], "defs": [definition]}
        page.upload(page.docid, [Op(OpCode.GRAPH, json=json.dumps(graph))])
        page.accepted(changed("p9", "age", 90))
        assert page.refused(changed("p9", "shoe", 44))[0] == 400


class TestColumns:
    def test_streamed_rows_are_an_append(self, page: DocumentPage) -> None:
        seq = page.accepted(streamed(x=[4, 5.5], n=[4, 5], names=["e", "f"]))
        assert [op.code for op in page.last(seq - 1)] == [OpCode.APPEND] * 3
        assert page.values("x").tolist() == [0, 1, 2, 3, 4, 5.5]
        assert page.values("x").dtype == np.float64
        assert page.values("n").dtype == np.int32
        assert page.values("names") == ["a", "b", "c", "d", "e", "f"]

    @pytest.mark.parametrize("rollover", [0, 1, 2, 3, 4, 5, 6, 9])
    def test_a_rollover_keeps_so_many_rows(self, page: DocumentPage, rollover: int) -> None:
        page.accepted(streamed(rollover, x=[4, 5], n=[4, 5], names=["e", "f"]))
        whole = [0, 1, 2, 3, 4, 5]
        assert page.values("x").tolist() == whole[len(whole) - min(rollover, 6) :]

    def test_patched_rows_are_a_write(self, page: DocumentPage) -> None:
        patch = {"type": "slice", "start": 1, "stop": 3, "step": None}
        seq = page.accepted(patched(x=[[0, 9], [patch, [7.5, 8]]], names=[[3, "z"]]))
        ops = page.last(seq - 1)
        assert [(op.code, op.start, op.count) for op in ops] == [(OpCode.WRITE, 0, 3), (OpCode.WRITE, 3, 1)]
        assert page.values("x").tolist() == [9, 7.5, 8, 3]
        assert page.values("names") == ["a", "b", "c", "z"]

    def test_a_part_of_an_image_is_patched(self, page: DocumentPage) -> None:
        page.restart(image=[np.zeros((2, 3)), np.ones((2, 3))])
        part = {"type": "slice", "start": 0, "stop": 2, "step": None}
        page.accepted(patched(image=[[[1, part, 2], [5, 6]]]))
        assert page.values("image")[1].tolist() == [[1, 1, 5], [1, 1, 6]]

    def test_a_value_that_does_not_fit_its_type_widens_the_column(self, page: DocumentPage) -> None:
        page.accepted(patched(n=[[1, 1.5]]))
        assert page.values("n").tolist() == [0, 1.5, 2, 3]
        page.accepted(patched(x=[[2, "two"]]))
        assert list(page.values("x")) == [0, 1, "two", 3]
        page.accepted(streamed(x=[7], n=[7], names=[None]))
        assert list(page.values("names")) == ["a", "b", "c", "d", None]

    def test_numbers_that_json_has_not(self, page: DocumentPage) -> None:
        nan, infinite = ({"type": "number", "value": name} for name in ("nan", "-inf"))
        page.accepted(patched(x=[[0, nan], [1, infinite]]))
        assert np.array_equal(page.values("x"), [np.nan, -np.inf, 2, 3], equal_nan=True)

    def test_whole_columns_come_and_go(self, page: DocumentPage) -> None:
        page.accepted(replaced("names", x=array(np.arange(2, dtype=np.uint8)), n=[1, 2], y=["p", "q"]))
        assert page.values("x").dtype == np.uint8
        assert (page.values("n").tolist(), page.values("n").dtype) == ([1, 2], np.int32)
        assert page.values("y") == ["p", "q"]
        assert ("p2", "names") not in page.state().columns

    def test_arrays_may_be_packed(self, page: DocumentPage) -> None:
        page.accepted(replaced(x=packed(np.arange(100.0))))
        assert page.values("x").tolist() == list(range(100))

    def test_what_a_batch_unpacks_to_is_limited(self, page: DocumentPage) -> None:
        halves = replaced(x=packed(np.zeros(625))), replaced(n=packed(np.zeros(626)))
        assert page.send(halves[0]).status_code == 200
        status, message = page.refused(*halves)
        assert status == 413
        assert "10000 bytes (max_edit_bytes)" in message

    def test_edits_of_one_batch_go_one_after_the_other(self, page: DocumentPage) -> None:
        page.accepted(
            streamed(5, x=[4, 5], n=[4, 5], names=["e", "f"]),
            patched(x=[[4, 50]]),
            patched(x=[[0, "one"]]),
            streamed(x=[6], n=[6], names=["g"]),
        )
        assert list(page.values("x")) == ["one", 2, 3, 4, 50, 6]

    def test_a_script_that_did_not_see_it_is_told(self, page: DocumentPage) -> None:
        version = page.state().columns["p2", "x"].version
        page.accepted(patched(x=[[0, 9]]))
        op = Op(OpCode.WRITE, model="p2", column="x", base=version, count=1, values=column_from(np.ones(1)))
        assert page.upload(page.docid, [op]).status_code == 409


class TestEvents:
    def test_an_event_is_passed_on_and_is_no_state(self, page: DocumentPage) -> None:
        before = page.state().graph.to_json()
        seq = page.accepted(event("button_click", "p5"))
        (op,) = page.last(seq - 1)
        assert (op.code, op.model) == (OpCode.EVENT, "p5")
        assert json.loads(op.json) == {"name": "button_click", "values": {"model": {"id": "p5"}}}
        assert page.state().graph.to_json() == before

    def test_a_reader_who_is_far_behind_gets_all_events_in_order(self, page: DocumentPage) -> None:
        seq = page.state().seq
        for value in range(300):
            page.accepted(changed("p1", "value", value), changed("p3", "indices", list(range(value))))
            page.accepted(event("button_click", "p5", number=value))
        (change,) = page.changes(f"{page.docid}:{seq}")
        events = [json.loads(op.json)["values"]["number"] for op in change.ops if op.code is OpCode.EVENT]
        assert events == list(range(300))


REFUSED: dict[str, tuple[Any, int, str]] = {
    "no such kind": ({"kind": "DocumentCleared"}, 400, "DocumentCleared"),
    "no kind": ({}, 400, "kind"),
    "no object": (7, 400, "edit 0 must be a JSON object"),
    "no such model": (changed("p77", "value", 1), 409, "p77"),
    "no such attribute": (changed("p1", "valu", 1), 400, "no attribute 'valu'"),
    "a wrong type": (changed("p1", "value", "high"), 400, "'value' of a Slider (p1) cannot be 'high'"),
    "true is no number": (changed("p1", "value", True), 400, "cannot be True"),
    "a list of wrong things": (changed("p3", "indices", [1, "2"]), 400, "indices"),
    "no such word": (changed("p1", "orientation", "diagonal"), 400, "orientation"),
    "out of range": (changed("p1", "width", -1), 400, "width"),
    "a model of another kind": (changed("p2", "selected", {"id": "p1"}), 400, "selected"),
    "a new model of a type nobody knows": (
        changed("p2", "selected", {"type": "object", "name": "os.system", "id": "j1"}),
        400,
        "os.system",
    ),
    "a new model with a wrong attribute": (
        changed(
            "p2",
            "selected",
            {"type": "object", "name": "Selection", "id": "j1", "attributes": {"indices": "all"}},
        ),
        400,
        "indices",
    ),
    "data as an attribute": (changed("p2", "data", {"x": [1]}), 400, "data"),
    "columns of a slider": ({**streamed(x=[1]), "model": {"id": "p1"}}, 400, "no columns"),
    "no such column": (streamed(y=[1]), 409, "no column 'y'"),
    "rows of many lengths": (streamed(x=[1], n=[1, 2], names=["e"]), 400, "as many rows"),
    "a row that is not there": (patched(x=[[4, 1]]), 409, "no row 4"),
    "a negative row": (patched(x=[[-1, 1]]), 400, "no row -1"),
    "a slice that is too long": (
        patched(x=[[{"type": "slice", "start": 0, "stop": 10**9, "step": 1}, [1]]]),
        409,
        "4 rows",
    ),
    "too few values": (
        patched(x=[[{"type": "slice", "start": 0, "stop": 2, "step": 1}, [1]]]),
        400,
        "1 values for 2 rows",
    ),
    "an array that lies": (replaced(x={**array([1.0]), "shape": [10**12]}), 400, "shape"),
    "an array of objects": (replaced(x={**array([1.0]), "dtype": "object"}), 400, "object"),
    "bytes that are none": (
        replaced(x={**array([1.0]), "array": {"type": "bytes", "data": "?"}}),
        400,
        "bytes",
    ),
    "an event without subscribers": (event("tap", "p5"), 400, "subscribed"),
    "a notice": (event("bokeh_wsgi.notice", None, text="hi"), 400, "notices"),
    "another message": ({"kind": "MessageSent", "msg_type": "x", "msg_data": {}}, 400, "message"),
    "an event of a model that is not there": (event("tap", "p77"), 409, "p77"),
    "scripts": ({"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "value"}, 400, "must have"),
}


class TestRefusals:
    @pytest.mark.parametrize("case", REFUSED)
    def test_nothing_is_done_and_the_reason_is_told(self, page: DocumentPage, case: str) -> None:
        edit, status, words = REFUSED[case]
        told = page.refused(edit)
        assert told[0] == status, told
        assert words in told[1]

    def test_one_bad_edit_stops_its_whole_batch(self, page: DocumentPage) -> None:
        status, message = page.refused(changed("p1", "value", 2), changed("p1", "value", "x"))
        assert status == 400
        assert "cannot be 'x'" in message
        assert page.attribute("p1", "value") == 1

    def test_a_batch_that_is_too_large(self, page: DocumentPage) -> None:
        status, message = page.refused(changed("p1", "title", "x" * 10_000))
        assert status == 413
        assert "max_edit_bytes" in message

    @pytest.mark.parametrize(
        "body", [b" ", b"[]", b"{}", b'{"edits": []}', b'{"edits": 1}', b"[" * 100_000, b"\xff"]
    )
    def test_what_is_no_batch(self, page: DocumentPage, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        response = page.client.post(f"/doc/{page.docid}/edits", data=body[:9000], headers=headers)
        assert response.status_code == 400, response.text

    def test_only_json_is_taken(self, page: DocumentPage) -> None:
        response = page.client.post(f"/doc/{page.docid}/edits", data=b"{}")
        assert response.status_code == 400
