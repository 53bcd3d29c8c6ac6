"""What a reader from nothing gets: the document as it is now, in one change, with nothing to replay."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import SCHEMA_MESSAGE, Change, Op, OpCode, Reader, column_from, encode
from bokeh_wsgi.models import Document, Limits, State
from bokeh_wsgi.store import MemoryStore
from tests.effort import tries

LIMITS = Limits(max_change_bytes=1 << 26, max_edit_bytes=1 << 26, max_document_bytes=1 << 26)
SOURCE = {"name": "ColumnDataSource", "attributes": {}}
GRAPH: dict[str, Any] = {
    "roots": ["s1", "s2", "text"],
    "models": {"s1": SOURCE, "s2": SOURCE, "text": {"name": "Div", "attributes": {}}},
}
LONG = 1 << 17


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
    return patch({"kind": "ModelChanged", "model": {"id": "text"}, "attr": "text", "new": value})


def patch(*events: Any) -> Op:
    return Op(OpCode.PATCH, json=json.dumps({"events": events}))


def root(model: str, *, added: bool, rep: Any = None) -> Op:
    return patch({"kind": "RootAdded" if added else "RootRemoved", "model": {"id": model, **(rep or {})}})


def column(model: str, name: str, rows: int = LONG) -> Op:
    # Noise, which no encoding makes small.
    return Op(
        OpCode.REPLACE, model, name, count=rows, values=column_from(np.random.default_rng(rows).random(rows))
    )


def stream(document: Document, model: str, name: str) -> int:
    with document.reading() as state:
        held = state.columns[model, name]
        values = column_from(np.ones(2))
        op = Op(OpCode.APPEND, model, name, held.version, start=held.values.rows, count=2, values=values)
    return push(document, op)


def read(document: Document, after: int = 0) -> list[Change]:
    reader = Reader(limits=None)
    reader.feed(SCHEMA_MESSAGE)
    return list(reader.feed(b"".join(document.since(after).pieces)))


def drawn(document: Document) -> State:
    """What a page has that opens now; it is one change."""
    (change,) = read(document)
    state = State()
    state.apply(change.ops, change.seq)
    return state


def is_as_it_is(document: Document) -> bool:
    """Whether a page that opens now has all, and no more."""
    (change,) = read(document)
    has = drawn(document)
    with document.reading() as state:
        models = {op.model for op in change.ops if op.model}
        same = values_in(has) == values_in(state) and has.graph.to_json() == state.graph.to_json()
        return same and has.seq == state.seq and models <= state.graph.models.keys()


def values_in(state: State) -> dict[Any, bytes]:
    return {key: held.values.column().data.tobytes() for key, held in state.columns.items()}


def test_a_late_reader_gets_the_graph_of_now_and_all_rows_in_one_change(document: Document) -> None:
    push(document, column("s1", "x"))
    read(document)
    push(document, text("a"))
    stream(document, "s1", "x")
    push(document, text("b"))
    (change,) = read(document)
    assert [op.code for op in change.ops] == [OpCode.GRAPH, OpCode.REPLACE, OpCode.APPEND]
    assert json.loads(change.ops[0].json)["models"]["text"]["attributes"]["text"] == "b"
    assert is_as_it_is(document)


def test_columns_are_encoded_once_for_many_readers_and_changes_of_models(document: Document) -> None:
    push(document, column("s1", "x"))
    before = document.since(0).pieces[1]
    push(document, text("a"))
    stream(document, "s1", "x")
    assert document.since(0).pieces[1] is before


def test_what_comes_later_is_encoded_whole_when_it_is_much(document: Document) -> None:
    push(document, column("s1", "x"))
    before = document.since(0).pieces[1]
    push(document, column("s1", "x", LONG - 1))
    assert document.since(0).pieces[1] is not before
    assert is_as_it_is(document)


def test_events_are_for_those_who_were_there(document: Document) -> None:
    push(document, column("s1", "x"))
    read(document)
    push(
        document,
        Op(OpCode.EVENT, json=json.dumps({"name": "bokeh_wsgi.notice", "values": {"text": "hello"}})),
    )
    (change,) = read(document)
    assert OpCode.EVENT not in {op.code for op in change.ops}


def test_columns_of_models_that_are_gone_do_not_come(document: Document) -> None:
    push(document, column("s1", "x"), column("s2", "x"))
    read(document)
    push(document, root("s1", added=False))
    assert is_as_it_is(document)
    push(document, root("s1", added=True, rep={"type": "object", **SOURCE}))
    assert is_as_it_is(document)


def test_a_process_that_starts_gives_what_the_one_before_did(document: Document) -> None:
    push(document, column("s1", "x"))
    read(document)
    push(document, text("a"), column("s2", "y", 3))
    other = Document(document._store, document.docid, LIMITS)
    assert values_in(drawn(other)) == values_in(drawn(document))
    assert is_as_it_is(other)


sources, columns = st.sampled_from(["s1", "s2"]), st.sampled_from("xy")
steps = st.one_of(
    st.sampled_from("abc").map(lambda value: ("text", value)),
    st.tuples(st.just("column"), sources, columns, st.sampled_from([3, LONG])),
    st.tuples(st.just("stream"), sources, columns),
    st.tuples(st.just("remove"), sources, columns),
    st.tuples(st.just("root"), sources),
    st.just(("read",)),
)


@settings(max_examples=tries(60), deadline=None)
@given(st.lists(steps, max_size=12))
def test_whatever_happened_a_reader_from_nothing_has_what_there_is(script: list[tuple[Any, ...]]) -> None:
    document = begun()
    for kind, *given_ in script:
        with document.reading() as state:
            is_there = given_[0] in state.graph.models if given_ else True
            has = tuple(given_[:2]) in state.columns
        if kind == "text":
            push(document, text(*given_))
        elif kind == "root":
            rep = {"type": "object", **SOURCE}
            push(document, root(given_[0], added=not is_there, rep=None if is_there else rep))
        elif kind == "column" and is_there:
            push(document, column(*given_))
        elif kind == "stream" and has:
            stream(document, *given_)
        elif kind == "remove" and has:
            push(document, Op(OpCode.REMOVE, *given_))
        elif kind == "read":
            assert is_as_it_is(document)
    assert is_as_it_is(document)
