"""What packed values and sets of a document take, when a script loads them, is limited."""

import gzip
import json
import logging
import time
import tracemalloc
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from bokeh.core.serialization import Serializer
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.follow import value_decoder
from bokeh_wsgi.client.follow.value_decoder import Unreadable, ValueDecoder
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.conftest import Api
from tests.waiting import wait_until

from .conftest import MakeSession

ONE_HASH = (1 << 61) - 1
"""All multiples of it have the hash 0."""


def packed(content: bytes) -> dict[str, Any]:
    return {"type": "bytes", "data": b64encode(gzip.compress(content, mtime=0)).decode()}


def array(content: Any, dtype: str, *shape: int) -> dict[str, Any]:
    return {"type": "ndarray", "array": content, "dtype": dtype, "order": "little", "shape": list(shape)}


def loaded(*tags: Any) -> list[Any]:
    """The tags of a model as a script has them that loads the model, uploaded by another program."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make("tags")
    models = {"p1": {"name": "Div", "attributes": {"tags": list(tags), "text": "here"}}}
    graph = {"version": "3.9.2", "roots": ["p1"], "models": models}
    assert api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))]).status_code == 200
    session = Session(app=app)
    session.use_doc(docid=docid)
    document = Document()
    session.load_document(document)
    (div,) = document.roots
    assert isinstance(div, Div)
    assert div.text == "here"
    session.store_document(document)
    stored = session.pull_state().graph.models["p1"]["attributes"]["tags"]
    assert div.tags or stored == list(tags), "what was not read is kept at the server"
    return div.tags


def test_a_type_that_says_a_great_width_takes_no_memory(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a server does that is hostile, or older.
    monkeypatch.setattr("bokeh_wsgi.models.packed.Unpacking.check_ops", lambda self, ops: None)
    wide = array([""], "U8000000", 1)
    tracemalloc.start()
    try:
        with caplog.at_level(logging.WARNING, "bokeh_wsgi"):
            tags = loaded(wide)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 << 20
    assert tags == []
    assert "no type of an array" in caplog.text


@pytest.mark.parametrize("values", [packed(bytes(1000)), array(packed(bytes(1000)), "int32", 250)])
def test_values_that_unpack_to_more_than_the_limit_stay_at_the_server(
    values: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(value_decoder, "MAX_UNPACKED_BYTES", 2500)
    assert len(loaded(values, values)) == 2
    assert loaded(values, values, values) == []


@pytest.mark.parametrize(
    "value",
    [
        {"type": "bytes", "data": 5},
        {"type": "bytes", "data": "no base64"},
        {"type": "bytes", "data": b64encode(gzip.compress(b"ab", mtime=0)[:-9]).decode()},
        {"type": "bytes", "data": b64encode(gzip.compress(b"ab", mtime=0) * 2).decode()},
        {"type": "object", "name": "Nothing"},
        {"type": "map", "entries": 5},
        {"type": "set", "entries": [[1]]},
        {"type": "typed_array", "array": 5, "dtype": "int32", "order": "little"},
        {"type": "number", "value": "one"},
        {"type": "event", "name": "button_click", "values": {"type": "map", "entries": []}},
        {"type": "of another library"},
        array(packed(b"abc"), "int32", 1),
        array(packed(b""), "object", 0),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_one_kind_of_error(value: Any) -> None:
    with pytest.raises(Unreadable):
        ValueDecoder().decode([value])


@pytest.mark.parametrize("kind", ["set", "map"])
def test_many_keys_of_one_hash_are_refused(kind: str) -> None:
    keys = [number * ONE_HASH for number in range(20_000)]
    entries = keys if kind == "set" else [[key, 0] for key in keys]
    began = time.process_time()
    with pytest.raises(Unreadable, match="same hash"):
        ValueDecoder().decode({"type": kind, "entries": entries})
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "value",
    [
        np.arange(5.0),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.array([True, False]),
        np.array(["a", "bc"]),
        np.array([1, "a", None], dtype=object),
        b"bytes",
        {1, 2, 3},
        {1: "a", 2.5: [None]},
        slice(1, None, 2),
    ],
    ids=str,
)
def test_what_bokeh_writes_is_read(value: Any) -> None:
    read = ValueDecoder().decode(json.loads(json.dumps(rep_of(value))))
    np.testing.assert_equal(read, value)
    assert type(read) is type(value)


def rep_of(value: Any) -> Any:
    """Bokeh's JSON of a value, with packed bytes in it."""
    rep = Serializer().encode(value)
    return json.loads(json.dumps(rep, default=lambda buffer: buffer.to_base64()))


@pytest.mark.parametrize("odd", [{"type": "of another library"}, {"id": "of no model"}], ids=str)
def test_an_item_of_a_column_that_cannot_be_read_is_its_json(odd: Any, make_session: MakeSession) -> None:
    source = ColumnDataSource({"x": [{"a": 1}, None, "b"]}, name="mine")
    document = Document()
    document.add_root(source)
    writer = make_session("line", clear=True)
    writer.store_document(document)
    patches = {"x": [[0, 1], [1, odd]]}
    edit = {"kind": "ColumnsPatched", "model": {"id": source.id}, "attr": "data", "patches": patches}
    with writer.live(document):
        api = Api(writer.http_session.app)  # type: ignore[attr-defined]
        answer = api.client.post(f"/doc/{writer.docid}/edits", json={"edits": [edit]})
        assert answer.status_code == 200, answer.text
        wait_until(lambda: list(source.data["x"]) == [1, odd, "b"])
    copy = Document()
    make_session("line").load_document(copy)
    (root,) = copy.roots
    assert isinstance(root, ColumnDataSource)
    assert list(root.data["x"]) == [1, odd, "b"]


@pytest.mark.parametrize("values", [[1.5, 2.5], ["a", "b"], [True], [2**40]])
def test_arrays_of_scripts_are_taken(make_session: MakeSession, values: Any) -> None:
    """As Bokeh writes them: those of numbers as bytes, all others as lists."""
    document = Document()
    document.add_root(Div(tags=[np.array(values)]))
    make_session("arrays", clear=True).store_document(document)
    copy = Document()
    make_session("arrays").load_document(copy)
    assert np.array_equal(copy.roots[0].tags[0], values)
