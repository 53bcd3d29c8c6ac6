"""A page that changes a document, without a browser."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from bokeh.model import Model

from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import Op, OpCode, column_from, encode_upload
from bokeh_wsgi.protocol import ARROW_STREAM


class EditingPage:
    """Changes a document as a page does.

    ``id_of`` gives the id that a model has there: its own, unless the session has loaded the document.
    """

    def __init__(self, session: Session, id_of: Callable[[Model], str] = lambda model: str(model.id)) -> None:
        self.session = session
        self.id_of = id_of

    def send(self, *ops: Op) -> int:
        path = f"doc/{quote(self.session.docid, safe='')}/changes"
        headers = {"Content-Type": ARROW_STREAM}
        pieces = encode_upload(self.session.docid, ops)
        answer = self.session.http_session.request("POST", path, headers=headers, pieces=pieces)
        seq: int = answer.json()["seq"]
        return seq

    def set(self, model: Model, **attributes: Any) -> int:
        return self.send(
            patch(*(changed(self.id_of(model), name, value) for name, value in attributes.items()))
        )

    def event(self, name: str, model: Model, **values: Any) -> int:
        return self.send(event(name, self.id_of(model), **values))

    def column(self, source: Model, name: str, values: Any) -> int:
        column = column_from(values)
        return self.send(
            Op(OpCode.REPLACE, model=self.id_of(source), column=name, count=column.rows, values=column)
        )

    def append(self, source: Model, name: str, values: Any, drop: int = 0) -> int:
        held = self.session.pull_state().columns[self.id_of(source), name]
        column = column_from(values)
        told: Any = {"start": held.values.rows - drop, "count": column.rows, "drop": drop, "values": column}
        return self.send(Op(OpCode.APPEND, model=self.id_of(source), column=name, base=held.version, **told))

    def stream(self, source: Model, **columns: Any) -> int:
        state = self.session.pull_state()
        ops = []
        for name, values in columns.items():
            held, more = state.columns[self.id_of(source), name], column_from(values)
            told: Any = {"start": held.values.rows, "count": more.rows, "values": more}
            ops.append(Op(OpCode.APPEND, model=self.id_of(source), column=name, base=held.version, **told))
        return self.send(*ops)

    def write(self, source: Model, name: str, start: int, values: Any) -> int:
        held = self.session.pull_state().columns[self.id_of(source), name]
        column = column_from(values)
        told: Any = {"start": start, "count": column.rows, "values": column}
        return self.send(Op(OpCode.WRITE, model=self.id_of(source), column=name, base=held.version, **told))


def changed(model: str, attr: str, new: Any) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": model}, "attr": attr, "new": new}


def patch(*events: dict[str, Any]) -> Op:
    return Op(OpCode.PATCH, json=json.dumps({"events": events}))


def event(name: str, model: str, **values: Any) -> Op:
    told = {"name": name, "values": {"model": {"id": model}, **values}}
    return Op(OpCode.EVENT, model=model, json=json.dumps(told))
