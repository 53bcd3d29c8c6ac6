"""The order of one push is the script's, also for a reader who gets what it has missed in one change."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import SCHEMA_MESSAGE, Change, Op, OpCode, Reader, column_from, encode
from bokeh_wsgi.exc import BadRequest, Conflict
from bokeh_wsgi.models import Document, Limits, State
from bokeh_wsgi.models import document as document_module
from bokeh_wsgi.store import MemoryStore
from tests.effort import tries

LIMITS = Limits(max_change_bytes=1 << 26, max_edit_bytes=1 << 26, max_document_bytes=1 << 26)
GRAPH: dict[str, Any] = {
    "roots": ["s1", "s2", "text"],
    "models": {
        "s1": {"name": "ColumnDataSource"},
        "s2": {"name": "ColumnDataSource"},
        "text": {"name": "Div"},
    },
}


@pytest.fixture(scope="module", autouse=True)
def always_merged() -> Iterator[None]:
    """Whoever has missed two changes, however small, gets them merged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_module, "FORWARD_BYTES", 0)
        yield


@pytest.fixture
def document() -> Document:
    return begun()


def begun() -> Document:
    store = MemoryStore()
    document = Document(store, store.create_document("ada", "line")[0].docid, LIMITS)
    push(document, Op(OpCode.GRAPH, json=json.dumps(GRAPH)))
    return document


def push(document: Document, *ops: Op) -> int:
    return document.commit(ops, b"".join(encode(document.docid, ops)), "")


def text(value: str) -> Op:
    event = {"kind": "ModelChanged", "model": {"id": "text"}, "attr": "text", "new": value}
    return patch(event)


def patch(*events: Any) -> Op:
    return Op(OpCode.PATCH, json=json.dumps({"events": events}))


def column(model: str, name: str, rows: int = 1) -> Op:
    values = column_from(np.random.default_rng(1).standard_normal(rows))
    return Op(OpCode.REPLACE, model, name, count=rows, values=values)


def remove(model: str, name: str) -> Op:
    return Op(OpCode.REMOVE, model, name)


def event(name: str) -> Op:
    return Op(OpCode.EVENT, json=json.dumps({"name": name, "values": {}}))


def told(op: Op) -> list[str]:
    """What an op is about: texts that a PATCH sets, or a column."""
    if op.code is OpCode.PATCH:
        return [event["new"] for event in json.loads(op.json)["events"]]
    if op.code is OpCode.EVENT:
        return [f"event {json.loads(op.json)['name']}"]
    return [f"{'no ' if op.code is OpCode.REMOVE else ''}{op.model}.{op.column}"]


def change_for(document: Document, after: int) -> Change:
    """What a reader who is far behind gets."""
    reader = Reader(limits=None)
    reader.feed(SCHEMA_MESSAGE)
    (change,) = reader.feed(b"".join(document.since(after).pieces))
    return change


def order_for(document: Document, after: int) -> list[str]:
    """The same, as what it is about; a column once, however many ops it takes."""
    return without_repeats([thing for op in change_for(document, after).ops for thing in told(op)])


def without_repeats(things: list[str]) -> list[str]:
    return [thing for at, thing in enumerate(things) if at == 0 or things[at - 1] != thing]


def values_in(state: State) -> dict[Any, bytes]:
    return {key: held.values.column().data.tobytes() for key, held in state.columns.items()}


def test_a_change_may_hold_several_patches_among_its_columns(document: Document) -> None:
    push(document, text("a"), column("s1", "x"), text("b"), text("c"), column("s2", "x"), text("d"))
    with document.reading() as state:
        assert state.graph.models["text"]["attributes"]["text"] == "d"
        assert state.columns.keys() == {("s1", "x"), ("s2", "x")}


def test_a_column_may_come_before_the_patch_that_brings_its_model(document: Document) -> None:
    new = {"type": "object", "name": "ColumnDataSource", "id": "s3"}
    added = patch({"kind": "RootAdded", "model": new})
    push(document, column("s3", "x"), added, column("s3", "y"))
    with document.reading() as state:
        assert state.columns.keys() == {("s3", "x"), ("s3", "y")}


def test_a_column_of_a_model_that_a_later_patch_takes_out_is_refused(document: Document) -> None:
    with pytest.raises(Conflict) as caught:
        push(document, column("s1", "x"), patch({"kind": "RootRemoved", "model": {"id": "s1"}}))
    assert caught.value.unknown == ["s1"]


def test_a_model_that_one_patch_cuts_off_and_another_takes_up_again_keeps_its_columns(
    document: Document,
) -> None:
    push(document, column("s1", "x"))
    root = {"kind": "RootRemoved", "model": {"id": "s1"}}
    push(document, patch(root), text("between"), patch({**root, "kind": "RootAdded"}))
    with document.reading() as state:
        assert state.columns.keys() == {("s1", "x")}
        assert state.graph.roots == ["s2", "text", "s1"]


@pytest.mark.parametrize(
    "ops",
    [
        [Op(OpCode.GRAPH, json="{}"), text("a")],
        [text("a"), Op(OpCode.GRAPH, json="{}")],
        [Op(OpCode.GRAPH, json="{}"), Op(OpCode.GRAPH, json="{}")],
        [column("s1", "x"), Op(OpCode.GRAPH, json=json.dumps(GRAPH))],
    ],
)
def test_a_graph_comes_first_and_alone(document: Document, ops: list[Op]) -> None:
    with pytest.raises(BadRequest, match="GRAPH is the first"):
        push(document, *ops)


def test_what_was_missed_comes_in_the_order_of_the_last_touch(document: Document) -> None:
    after = push(document, column("s1", "x"), column("s1", "y"))
    push(document, text("a"), column("s1", "x"), text("b"))
    push(document, column("s2", "x"), text("c"), column("s1", "y"), text("d"))
    push(document, remove("s1", "x"), text("e"), event("1"), column("s2", "y"))
    assert order_for(document, after) == [
        *("a", "b", "s2.x", "c", "s1.y", "d", "no s1.x", "e", "s2.y"),
        "event 1",
    ]


def test_patches_without_a_column_between_them_come_as_one(document: Document) -> None:
    after = push(document, column("s1", "x"))
    for value in "abc":
        push(document, text(value), column("s1", "x"))
    codes = [op.code for op in change_for(document, after).ops]
    assert codes == [OpCode.PATCH, OpCode.REPLACE]


def test_long_columns_take_several_ops_and_one_place(document: Document) -> None:
    """As they were committed here, and as they were read from the store."""
    after = push(document, text("z"))
    rows = 1 << 20
    for _ in range(2):
        push(document, column("s1", "x", rows), text("a"), column("s2", "x"), text("b"), column("s1", "y"))
    expected = ["a", "b", "s1.x", "a", "s2.x", "b", "s1.y"]
    assert order_for(document, after) == expected
    assert len(change_for(document, after).ops) > len(expected)
    other = Document(document._store, document.docid, LIMITS)
    assert order_for(other, after) == expected


ops = st.one_of(
    st.sampled_from("abc").map(text),
    st.builds(column, st.sampled_from(["s1", "s2"]), st.sampled_from("xy"), st.integers(0, 3)),
    st.builds(remove, st.sampled_from(["s1", "s2"]), st.sampled_from("xy")),
    st.sampled_from("123").map(event),
)


@settings(max_examples=tries(150), deadline=None)
@given(st.lists(st.lists(ops, min_size=1, max_size=6), min_size=2, max_size=6), st.data())
def test_whatever_was_missed_the_order_and_the_values_are_right(
    changes: list[list[Op]], data: st.DataObject
) -> None:
    document = begun()
    for change in changes:
        push(document, *change)
    after = data.draw(st.integers(1, len(changes) - 1))
    missed = [op for change in changes[after - 1 :] for op in change]
    last = {op.key: at for at, op in enumerate(missed) if op.column}
    expected = [op for at, op in enumerate(missed) if last.get(op.key, at) == at]
    expected.sort(key=lambda op: op.code is OpCode.EVENT)
    order = [thing for op in expected for thing in told(op)]
    assert order_for(document, after) == without_repeats(order)
    reader = State()
    for seq, change in enumerate([[Op(OpCode.GRAPH, json=json.dumps(GRAPH))], *changes[: after - 1]], 1):
        reader.apply(change, seq)
    reader.apply(change_for(document, after).ops, document.since(after).seq)
    with document.reading() as state:
        assert values_in(reader) == values_in(state)
        assert reader.graph.to_json() == state.graph.to_json()
