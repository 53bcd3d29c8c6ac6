"""Small requests take little time and memory, whatever the document has from before."""

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from werkzeug.test import TestResponse

from bokeh_wsgi import concurrency
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from
from bokeh_wsgi.exc import Busy
from bokeh_wsgi.models import library, reader_cache
from bokeh_wsgi.models.reps import checked_value, loads, memory_of
from tests.growth import seconds_of

from .conftest import GRAPH, Api
from .document_page import patched


def edited(kind: Any, value: Any) -> TestResponse:
    """The answer to a page that sets an attribute of this type, which a script has sent with its graph."""
    api = Api(BokehWSGI(store="memory:"))
    docid = api.make()
    graph = {
        "version": "3.9.2",
        "roots": ["p1"],
        "models": {"p1": {"name": "Mine", "attributes": {}}},
        "types": {"Mine": {"bases": ["Model"], "attributes": {"v": kind}}},
    }
    assert api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))]).status_code == 200
    edit = {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "v", "new": value}
    return api.client.post(f"/doc/{docid}/edits", json={"edits": [edit]})


STRUCT = ["struct", {"a": "int"}]
MAP = {"type": "map", "entries": [[f"key {i}", 1] for i in range(50_000)]}


@pytest.mark.bokeh
def test_values_are_not_compared_with_hundreds_of_alternatives_each() -> None:
    """60 kB of edit took 50 s, and 64 MB are allowed."""
    answer = edited(["list", ["either", *[STRUCT] * 450, "int"]], [1] * 2000)
    assert (answer.status_code, answer.get_json()["limit"]) == (413, 20)
    assert "fewer values" in answer.get_json()["message"]


@pytest.mark.bokeh
@pytest.mark.parametrize(
    ("count", "alternatives"), [(100, 450), (50_000, 12)], ids=["few values", "few alternatives"]
)
def test_values_may_have_alternatives(count: int, alternatives: int) -> None:
    kind = ["list", ["either", *[STRUCT] * alternatives, "int"]]
    assert edited(kind, [1] * count).status_code == 200


@pytest.mark.bokeh
@pytest.mark.parametrize("kind", [STRUCT, ["dict", "int", "int"]])
def test_a_large_value_is_not_read_anew_for_each_alternative(kind: Any) -> None:
    edited("int", 1)  # Bokeh's types are read once

    def seconds_with(alternatives: int) -> float:
        type_of_value = ["either", *[kind] * alternatives, "str"]
        return min(seconds_of(lambda: refused(type_of_value)) for _ in range(2))

    def refused(type_of_value: Any) -> None:
        assert edited(type_of_value, MAP).status_code == 400

    assert seconds_with(300) < 10 * seconds_with(1)  # it would be up to 300 times


ROWS = 480 << 10
RAMP = json.dumps({"start": (0.0).hex(), "step": (1.0).hex()})


class Ramps(Api):
    """A document with two columns that are ramps of 3.75 MiB, of which a change may unpack to 4."""

    def __init__(self, **options: Any) -> None:
        super().__init__(BokehWSGI(store="memory:", max_change_bytes=4 << 20, **options))
        self.docid = self.make()
        assert self.upload(self.docid, [Op(OpCode.GRAPH, json=GRAPH)]).status_code == 200
        ramp = Op(OpCode.RAMP, model="p2", count=ROWS, dtype="float64", json=RAMP)
        for column in ("x", "y"):
            answer = self.upload(self.docid, [replace(ramp, column=column)])
            assert answer.status_code == 200
        self.seq = answer.get_json()["seq"]

    def writes(self, *columns: str) -> TestResponse:
        return self.sends(OpCode.WRITE, 3, *columns)

    def appends(self, value: float, *columns: str) -> TestResponse:
        return self.sends(OpCode.APPEND, ROWS, *columns, value=value)

    def sends(self, code: OpCode, start: int, *columns: str, value: float = 0.5) -> TestResponse:
        values = column_from(np.array([float(value)]))
        ops = [Op(code, "p2", column, self.seq, start, 1, values=values) for column in columns]
        return self.upload(self.docid, ops)


def test_ramps_that_become_arrays_count_among_what_a_change_unpacks_to() -> None:
    """A ramp is a few bytes until one row of it is another one: 2 kB of upload took up to 2 GiB."""
    api = Ramps()
    tracemalloc.start()
    try:
        refused = [api.writes("x", "y"), api.appends(0.5, "x", "y")]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 << 20
    for answer in refused:
        assert (answer.status_code, answer.get_json()["limit"]) == (413, 4 << 20)
        assert "max_change_bytes" in answer.get_json()["message"]
    assert api.appends(ROWS, "x", "y").status_code == 200
    api.seq += 1
    for column in ("x", "y"):
        assert api.writes(column).status_code == 200
    assert api.columns(api.docid)["y"][[3, 4]].tolist() == [0.5, 4]


def test_ramps_become_arrays_while_there_is_memory_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "WAIT_S", 0.01)
    api = Ramps()
    with api.app.context.unpacking.taken(6 << 20):
        answer = api.writes("x")
        assert (answer.status_code, answer.get_json()["error"]) == (429, "busy")
        assert api.appends(ROWS, "x").status_code == 200
    assert api.writes("y").status_code == 200


def test_a_request_that_needs_more_memory_lets_others_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "WAIT_S", 0.01)
    limit = concurrency.MemoryLimit(10 << 20)
    with limit.taken(4 << 20) as one, limit.taken(4 << 20) as other:
        with pytest.raises(Busy):
            one.grow(4 << 20)
        other.grow(4 << 20)
    with limit.taken(10 << 20):
        pass


@pytest.mark.bokeh
def test_ramps_that_edits_make_arrays_count_among_what_they_unpack_to() -> None:
    api = Ramps(max_edit_bytes=1 << 20)
    # Bokeh's types are read once.
    assert api.client.post(f"/doc/{api.docid}/edits", json={"edits": [patched(x=[])]}).status_code == 200
    tracemalloc.start()
    try:
        answer = api.client.post(f"/doc/{api.docid}/edits", json={"edits": [patched(x=[[3, 5.5]])]})
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.get_json()["limit"]) == (413, 1 << 20)
    assert most < 2 << 20


def test_graphs_count_among_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models take more than twenty times their JSON; they were not counted, so never closed."""
    monkeypatch.setattr(library, "OPEN_BYTES", 1 << 20)
    monkeypatch.setattr(reader_cache, "RECENT_BYTES", 1 << 10)
    app = BokehWSGI(store="memory:")
    api = Api(app)
    models = {"p1": {"name": "Div", "attributes": {"tags": [[]] * 30_000}}}
    graph = Op(OpCode.GRAPH, json=json.dumps({"version": "3.9.2", "roots": ["p1"], "models": models}))
    title = {"events": [{"kind": "TitleChanged", "title": "t" * 2000}]}
    for number in range(8):
        docid = api.make(f"large {number}")
        assert api.upload(docid, [graph]).status_code == 200
        assert api.upload(docid, [Op(OpCode.PATCH, json=json.dumps(title))]).status_code == 200
    assert len(app.context.library._open.now.by_docid) < 8


def test_what_a_graph_takes_is_known_while_it_is_patched() -> None:
    """Patches that replace what other patches set are no more and more memory."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()
    api.publish(docid, y=[1.0])
    large: Any = [[[]] * 5000]
    for _ in range(40):
        patch = {"events": [{"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "tags", "new": large}]}
        assert api.upload(docid, [Op(OpCode.PATCH, json=json.dumps(patch))]).status_code == 200
    with app.context.library.open(docid).reading() as state:
        exact = memory_of(state.graph_op().json)
        assert exact <= state.graph_bytes <= exact + 5 * (1 << 20)


@pytest.mark.parametrize(
    "value", [[[]] * 30_000, [{}] * 30_000, [{"a": 1}] * 10_000, [0.25] * 30_000, ["text" * 200] * 300]
)
def test_the_memory_of_a_value_is_known_before_it_is_read(value: Any) -> None:
    text = json.dumps(value, separators=(",", ":"))
    tracemalloc.start()
    try:
        read = checked_value(loads(text))
        took, _ = tracemalloc.get_traced_memory()
        assert len(read) == len(value)
    finally:
        tracemalloc.stop()
    assert took / 2 < memory_of(text) < 8 * took


@pytest.mark.bokeh
def test_graphs_and_edits_are_read_while_there_is_memory_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON takes more than twenty times its bytes once it is read, and only columns were counted."""
    monkeypatch.setattr(concurrency, "WAIT_S", 0.01)
    api = Ramps()
    tags = {"kind": "ModelChanged", "model": {"id": "p1"}, "attr": "tags", "new": [[]] * 20_000}
    patch = Op(OpCode.PATCH, json=json.dumps({"events": [tags]}))
    with api.app.context.unpacking.taken(6 << 20):
        sent = [
            api.upload(api.docid, [patch]),
            api.client.post(f"/doc/{api.docid}/edits", json={"edits": [tags]}),
        ]
        assert [answer.status_code for answer in sent] == [429, 429]
    assert api.upload(api.docid, [patch]).status_code == 200
