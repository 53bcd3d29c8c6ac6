"""Scripts that follow a document, and a page that changes it, for tests."""

import json
from typing import Any
from urllib.parse import quote

from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.client import Publisher, Session
from bokeh_wsgi.client.publish.serializer import closure, text_of
from bokeh_wsgi.client.transport.answer import ARROW_STREAM
from bokeh_wsgi.dataplane import Op, OpCode, column_from, encode_upload


def publisher_of(session: Session) -> Publisher:
    """What a session knows of its document."""
    assert session._in_use is not None
    return session._in_use.publisher


class Page:
    """Changes a document as a page does; models are said by their id there."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def send(self, *ops: Op) -> int:
        path = f"doc/{quote(self.session.docid, safe='')}/changes"
        headers = {"Content-Type": ARROW_STREAM}
        pieces = encode_upload(self.session.docid, ops)
        answer = self.session.http_session.request("POST", path, headers=headers, pieces=pieces)
        seq: int = answer.json()["seq"]
        return seq

    def set(self, model: Model, **attributes: Any) -> int:
        return self.send(patch(*(changed(model.id, name, value) for name, value in attributes.items())))

    def event(self, name: str, model: Model, **values: Any) -> int:
        return self.send(event(name, model.id, **values))

    def column(self, source: Model, name: str, values: Any) -> int:
        column = column_from(values)
        return self.send(Op(OpCode.REPLACE, model=source.id, column=name, count=column.rows, values=column))

    def append(self, source: Model, name: str, values: Any, drop: int = 0) -> int:
        held = self.session.pull_state().columns[source.id, name]
        column = column_from(values)
        told: Any = {"start": held.values.rows - drop, "count": column.rows, "drop": drop, "values": column}
        return self.send(Op(OpCode.APPEND, model=source.id, column=name, base=held.version, **told))

    def stream(self, source: Model, **columns: Any) -> int:
        state = self.session.pull_state()
        ops = []
        for name, values in columns.items():
            held, more = state.columns[source.id, name], column_from(values)
            told: Any = {"start": held.values.rows, "count": more.rows, "values": more}
            ops.append(Op(OpCode.APPEND, model=source.id, column=name, base=held.version, **told))
        return self.send(*ops)

    def write(self, source: Model, name: str, start: int, values: Any) -> int:
        held = self.session.pull_state().columns[source.id, name]
        column = column_from(values)
        told: Any = {"start": start, "count": column.rows, "values": column}
        return self.send(Op(OpCode.WRITE, model=source.id, column=name, base=held.version, **told))


def changed(model: str, attr: str, new: Any) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": model}, "attr": attr, "new": new}


def patch(*events: dict[str, Any]) -> Op:
    return Op(OpCode.PATCH, json=json.dumps({"events": events}))


def event(name: str, model: str, **values: Any) -> Op:
    told = {"name": name, "values": {"model": {"id": model}, **values}}
    return Op(OpCode.EVENT, model=model, json=json.dumps(told))


def differences(session: Session, document: Document) -> list[str]:
    """Where a script's document is not what the server has."""
    state = session.pull_state()
    found = []
    serializer = closure(document.roots, publisher_of(session).ownership.ids)
    roots = [session.wire_id(root) for root in document.roots]
    if roots != state.graph.roots:
        found.append(f"roots {roots} and not {state.graph.roots}")
    for key, rep in serializer.models.items():
        theirs = state.graph.models.get(key, {"attributes": {}})["attributes"]
        for name, value in rep["attributes"].items():
            if name in theirs and text_of(theirs[name]) != text_of(value):
                found.append(f"{key}.{name} is {value} and not {theirs[name]}")
    for key, data in serializer.sources.items():
        columns = {
            name: held.values.column() for (model, name), held in state.columns.items() if model == key
        }
        if columns.keys() != data.keys():
            found.append(f"{key} has columns {list(data)} and not {list(columns)}")
            continue
        for name, values in data.items():
            if not column_from(values).equals(columns[name]):
                found.append(f"{key}.{name} is {values} and not {columns[name].values()}")
    return found


def shadow_differences(session: Session) -> list[str]:
    """Where a session's shadow is not what the server has."""
    state, shadow = session.pull_state(), publisher_of(session).shadow
    found = [f"model {key}" for key in state.graph.models.keys() ^ shadow.graph.models.keys()] + [
        f"column {key}" for key in state.columns.keys() ^ shadow.columns.keys()
    ]
    for key, rep in state.graph.models.items():
        if key in shadow.graph.models and shadow.graph.models[key] != rep:
            found.append(f"model {key}: {shadow.graph.models[key]} and not {rep}")
    for place, held in state.columns.items():
        if place in shadow.columns:
            mine = shadow.columns[place]
            if not mine.values.column().equals(held.values.column()):
                found.append(f"column {place}")
    return found
