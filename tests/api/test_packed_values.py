"""What is packed in values of attributes and events unpacks within the limits too, as columns do."""

import gzip
import json
import tracemalloc
from base64 import b64encode
from typing import Any

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, texts_column

from .document_page import DocumentPage, changed, event, patched, replaced, streamed

pytestmark = pytest.mark.bokeh
LIMIT = 1 << 20


def gzipped(data: bytes) -> dict[str, str]:
    return {"type": "bytes", "data": b64encode(gzip.compress(data)).decode()}


PACKED = gzipped(bytes(8 * LIMIT))
SMALL = gzipped(b"small")
ARRAY = {"type": "ndarray", "array": PACKED, "dtype": "int32", "order": "little", "shape": [2 * LIMIT]}


@pytest.fixture
def page() -> DocumentPage:
    page = DocumentPage(BokehWSGI(store="memory:", max_edit_bytes=LIMIT, max_change_bytes=LIMIT))
    page.begin(y=[1.0])
    return page


def with_value(value: Any) -> dict[str, Op]:
    """A change with this value in each place where there may be one."""
    told = {"version": "3.9.2", "roots": [], "models": {}}
    mine = {
        "type": "model",
        "name": "Mine",
        "properties": [{"name": "a", "kind": "Any", "default": value}],
    }
    new = {"type": "object", "id": "q1", "name": "Div", "attributes": {"tags": [value]}}
    contents = {
        "an attribute": (OpCode.PATCH, {"events": [changed("p1", "tags", [value])]}),
        "a new model": (OpCode.PATCH, {"events": [{"kind": "RootAdded", "model": new}]}),
        "a default": (OpCode.PATCH, {"defs": [mine]}),
        "a config": (OpCode.PATCH, {"config": value}),
        "a graph": (OpCode.GRAPH, told | {"callbacks": {"a": value}}),
        "an event": (OpCode.EVENT, {"name": "x", "values": {"a": value}}),
    }
    ops = {name: Op(code, json=json.dumps(content)) for name, (code, content) in contents.items()}
    column = texts_column("json", [json.dumps(value)])
    return ops | {"a row": Op(OpCode.REPLACE, model="p2", column="z", count=1, values=column)}


@pytest.mark.parametrize("value", [PACKED, ARRAY], ids=["bytes", "array"])
@pytest.mark.parametrize("place", with_value(None))
def test_what_is_packed_in_an_upload_is_counted(page: DocumentPage, value: Any, place: str) -> None:
    """272 kB of it made 1.9 GB in a script that loaded the document."""
    answer = page.upload(page.docid, [with_value(value)[place]])
    assert (answer.status_code, answer.get_json().get("limit")) == (413, LIMIT)
    assert "max_change_bytes" in answer.get_json()["message"]
    assert page.upload(page.docid, [with_value(SMALL)[place]]).status_code == 200


def test_it_is_counted_over_all_of_a_change(page: DocumentPage) -> None:
    half = gzipped(bytes(LIMIT // 2))
    ops = [with_value(half)[place] for place in ("an attribute", "an event", "a row")]
    assert page.upload(page.docid, ops).status_code == 413
    assert page.upload(page.docid, ops[:2]).status_code == 200


def test_letters_may_be_written_as_escapes(page: DocumentPage) -> None:
    op = with_value(PACKED)["an attribute"]
    text = op.json.replace('"bytes"', '"b\\u0079tes"')
    assert text != op.json
    assert page.upload(page.docid, [Op(op.code, json=text)]).status_code == 413


@pytest.mark.parametrize(
    "edit",
    [
        changed("p3", "indices", ARRAY),
        event("button_click", "p5", x=ARRAY),
        replaced(z=[{"type": "map", "entries": [["a", ARRAY]]}]),
        replaced(z=ARRAY),
        streamed(y=[ARRAY]),
        patched(y=[[0, ARRAY]]),
        patched(y=[[0, {"type": "map", "entries": [["a", ARRAY]]}]]),
    ],
)
def test_what_is_packed_in_an_edit_is_counted(page: DocumentPage, edit: Any) -> None:
    """`Selection.indices` takes arrays: 348 kB of page held the script of the owner for minutes."""
    page.send(changed("p1", "value", 2))  # Bokeh's types are read once
    tracemalloc.start()
    try:
        answer = page.send(edit)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.get_json().get("limit")) == (413, LIMIT)
    assert "max_edit_bytes" in answer.get_json()["message"]
    assert most < 4 * LIMIT


@pytest.mark.parametrize(
    "value",
    [
        {"type": "bytes", "data": "no base64"},
        {"type": "bytes", "data": b64encode(gzip.compress(b"x") * 2).decode()},
        {"type": "bytes", "data": b64encode(gzip.compress(b"x")[:12] + b"xxxxxx").decode()},
        {"type": "ndarray", "array": [""], "dtype": "U8000000", "order": "little", "shape": [1]},
        {"type": "ndarray", "array": [1], "dtype": ["f8"], "order": "little", "shape": [1]},
    ],
    ids=["no base64", "twice gzip", "no gzip", "wide texts", "a list of types"],
)
def test_what_nobody_can_unpack_is_refused(page: DocumentPage, value: Any) -> None:
    """60 bytes with a type of wide texts were 800 MB in the script: the width of a text is memory."""
    assert page.upload(page.docid, [with_value(value)["an attribute"]]).status_code == 400
    assert page.send(event("button_click", "p5", x=value)).status_code == 400
