"""A document that is changed all day: what is remembered of it has an end, and readers get the same state."""

import json
from typing import Any

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from
from bokeh_wsgi.models import State, document, graph, state
from bokeh_wsgi.models.merged_change import merged_ops

from .conftest import GRAPH, Api, replaces

TIMES = 60


class Changing(Api):
    """A script that adds and removes plots."""

    def __init__(self) -> None:
        super().__init__(BokehWSGI(store="memory:"))
        self.docid = self.make()
        assert self.upload(self.docid, [Op(OpCode.GRAPH, json=GRAPH)]).status_code == 200

    def patch(self, *events: Any) -> int:
        answer = self.upload(self.docid, [Op(OpCode.PATCH, json=json.dumps({"events": events}))])
        assert answer.status_code == 200, answer.text
        return int(answer.get_json()["seq"])

    def adds(self, model_id: str, *inner: str, **attributes: Any) -> dict[str, Any]:
        models = [{"type": "object", "name": "Div", "id": one} for one in inner]
        attributes = {**attributes, **({"children": models} if models else {})}
        model = {"type": "object", "name": "Column", "id": model_id, "attributes": attributes}
        return {"kind": "RootAdded", "model": model}

    def removes(self, model_id: str) -> dict[str, Any]:
        return {"kind": "RootRemoved", "model": {"id": model_id}}

    def churn(self) -> None:
        for number in range(TIMES):
            inner = [f"q{number}-{part}" for part in range(50)]
            self.patch(self.adds(f"b{number}", *inner), self.removes(f"b{number}"))


def test_ids_of_models_that_have_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each id stayed, in no limit and no count."""
    monkeypatch.setattr(graph, "MAX_GONE", 500)
    api = Changing()
    api.churn()
    with api.app.context.library.open(api.docid).reading() as present:
        assert len(present.graph._gone) <= 500


@pytest.mark.parametrize("before", ["removed", "there"])
def test_an_id_that_was_forgotten_may_come_again(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    """A reader who had it, or was told of it, gets no change in which it is two models."""
    monkeypatch.setattr(graph, "MAX_GONE", 500)
    api = Changing()
    seqs = [api.patch(api.adds("again", "in it", name="old"))]
    seqs += [api.patch(api.removes("again"))]
    behind = State()
    for change in api.changes(f"{api.docid}:0"):
        behind.apply(change.ops, change.seq)
    if before == "there":
        behind = State()
        behind.apply([Op(OpCode.GRAPH, json=json.dumps(_with_again()))], seqs[0])
    api.churn()
    api.patch(api.adds("again", "in it", name="new"))
    assert api.upload(api.docid, replaces(y=[1.0] * 20_000)).status_code == 200
    for change in api.changes(f"{api.docid}:{behind.seq}"):
        behind.apply(change.ops, change.seq)
    assert behind.graph.models["again"]["attributes"]["name"] == "new"
    assert not [key for key in behind.graph.models if key.startswith("q")]


def _with_again() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(GRAPH)
    content["models"]["again"] = {
        "name": "Column",
        "attributes": {"name": "old", "children": [{"id": "in it"}]},
    }
    content["models"]["in it"] = {"name": "Div", "attributes": {}}
    content["roots"].append("again")
    return content


def test_readers_of_many_seqs_get_few_different_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each seq of a document with thousands of columns took 0.7 s of work."""
    monkeypatch.setattr(state, "SHARED_COLUMNS", 8)
    api = Changing()
    columns = {f"c{number}": [float(number)] for number in range(320)}
    assert api.upload(api.docid, replaces(**columns)).status_code == 200
    seqs = []
    for number in range(40):
        part = {name: [number + 0.5] for name in list(columns)[number * 8 : number * 8 + 8]}
        seqs.append(api.upload(api.docid, replaces(**part)).get_json()["seq"])
    made: list[int] = []

    def merged(state: State, seq: int, missed: Any) -> list[Op]:
        made.append(seq)
        return merged_ops(state, seq, missed)

    monkeypatch.setattr(document, "merged_ops", merged)
    wanted = api.columns(api.docid)
    for seq in [*seqs[:-1], *reversed(seqs[:-1])]:
        behind = State()
        for change in api.changes(f"{api.docid}:0"):
            behind.apply(change.ops, change.seq)
        for name in (f"c{number}" for number in range((seq - seqs[0] + 1) * 8, 320)):
            values = column_from([-1.0])
            op = Op(OpCode.REPLACE, model="p2", column=name, count=1, values=values)
            behind.apply([op], seq)
        for change in api.changes(f"{api.docid}:{seq}"):
            behind.apply(change.ops, change.seq)
        assert {name: held.values.column().values() for (_, name), held in behind.columns.items()} == wanted
    assert 0 < len(made) < 20
