"""Small requests take little time and memory, whatever the document has from before."""

import json
import time
import tracemalloc
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from
from bokeh_wsgi.models import document, library
from tests.api.conftest import GRAPH, Api


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
    begun = time.process_time()
    assert edited(["either", *[kind] * 300, "str"], MAP).status_code == 400
    assert time.process_time() - begun < 2


def test_a_write_into_a_ramp() -> None:
    """A ramp is a few bytes until one row of it is written: then 2 kB of upload take up to 2 GiB."""
    api = Api(BokehWSGI(store="memory:"))
    docid = api.make()
    ramp = json.dumps({"start": (0.0).hex(), "step": (1.0).hex()})
    count = 8 << 20
    ops = [
        Op(OpCode.GRAPH, json=GRAPH),
        Op(OpCode.RAMP, model="p2", column="x", count=count, dtype="float64", json=ramp),
    ]
    seq = api.upload(docid, ops).get_json()["seq"]
    write = Op(OpCode.WRITE, model="p2", column="x", count=1, start=3, base=seq, values=column_from([5.5]))
    tracemalloc.start()
    try:
        api.upload(docid, [write])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 << 20


def test_graphs_count_among_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models take more than twenty times their JSON; they were not counted, so never closed."""
    monkeypatch.setattr(library, "OPEN_BYTES", 1 << 20)
    monkeypatch.setattr(document, "RECENT_BYTES", 1 << 10)
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


@pytest.mark.bokeh
def test_an_edit_of_a_row_of_a_ramp() -> None:
    api = Api(BokehWSGI(store="memory:", max_edit_bytes=1 << 20))
    docid = api.make()
    ramp = json.dumps({"start": (0.0).hex(), "step": (1.0).hex()})
    ops = [
        Op(OpCode.GRAPH, json=GRAPH),
        Op(OpCode.RAMP, model="p2", column="x", count=8 << 20, dtype="float64", json=ramp),
    ]
    assert api.upload(docid, ops).status_code == 200
    edit = {"kind": "ColumnsPatched", "model": {"id": "p2"}, "attr": "data", "patches": {"x": [[3, 5.5]]}}
    api.client.post(f"/doc/{docid}/edits", json={"edits": []})
    tracemalloc.start()
    try:
        api.client.post(f"/doc/{docid}/edits", json={"edits": [edit]})
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 << 20
