"""A page of a document as a program, and the edits that it sends."""

import gzip
import json
from base64 import b64encode
from typing import Any

import numpy as np
from werkzeug.test import TestResponse

from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.models import State

from .conftest import Api, replaces

GRAPH = {
    "version": "3.9.2",
    "title": "t",
    "roots": ["p1", "p4", "p5"],
    "models": {
        "p1": {"name": "Slider", "attributes": {"value": 1, "start": 0, "end": 10}},
        "p2": {"name": "ColumnDataSource", "attributes": {"selected": {"id": "p3"}}},
        "p3": {"name": "Selection", "attributes": {}},
        "p4": {"name": "GlyphRenderer", "attributes": {"data_source": {"id": "p2"}}},
        "p5": {
            "name": "Button",
            "attributes": {"subscribed_events": {"type": "set", "entries": ["button_click"]}},
        },
    },
}


class DocumentPage(Api):
    """A page of a document, and what it sends."""

    docid: str

    def begin(self, **columns: Any) -> None:
        self.docid = self.make("edits")
        self.restart(**columns)

    def restart(self, **columns: Any) -> None:
        response = self.upload(self.docid, [Op(OpCode.GRAPH, json=json.dumps(GRAPH)), *replaces(**columns)])
        assert response.status_code == 200, response.text

    def send(self, *edits: Any, key: str = "", **kw: Any) -> TestResponse:
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(
            f"/doc/{self.docid}/edits", json={"edits": list(edits)}, headers=headers, **kw
        )

    def accepted(self, *edits: Any) -> int:
        response = self.send(*edits)
        assert response.status_code == 200, response.text
        return int(response.get_json()["seq"])

    def refused(self, *edits: Any) -> tuple[int, str]:
        before = self.state().seq
        response = self.send(*edits)
        assert response.status_code >= 400, response.text
        assert self.state().seq == before
        return response.status_code, response.get_json()["message"]

    def state(self) -> State:
        state = State()
        for change in self.changes(f"{self.docid}:0"):
            state.apply(change.ops, change.seq)
        return state

    def values(self, column: str) -> Any:
        return self.state().columns["p2", column].values.column().values()

    def attribute(self, model: str, name: str) -> Any:
        return self.state().graph.models[model]["attributes"].get(name)

    def last(self, after: int) -> list[Op]:
        (change,) = self.changes(f"{self.docid}:{after}")
        return list(change.ops)


def changed(model: str, attr: str, new: Any) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": model}, "attr": attr, "new": new}


def streamed(rollover: int | None = None, /, **data: Any) -> dict[str, Any]:
    told = {"kind": "ColumnsStreamed", "model": {"id": "p2"}, "attr": "data", "data": data}
    return {**told, "rollover": rollover}


def patched(**patches: Any) -> dict[str, Any]:
    return {"kind": "ColumnsPatched", "model": {"id": "p2"}, "attr": "data", "patches": patches}


def replaced(*removed: str, **data: Any) -> dict[str, Any]:
    told = {"kind": "ColumnDataChanged", "model": {"id": "p2"}, "attr": "data", "data": data}
    return {**told, "removed": list(removed)}


def event(name: str, model: str | None, **values: Any) -> dict[str, Any]:
    values = {"model": None if model is None else {"id": model}, **values}
    content = {"type": "event", "name": name, "values": values}
    return {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": content}


def array(values: Any) -> dict[str, Any]:
    values = np.asarray(values)
    content = {"type": "bytes", "data": b64encode(values.tobytes()).decode()}
    shape, dtype = list(values.shape), values.dtype.name
    return {"type": "ndarray", "array": content, "shape": shape, "dtype": dtype, "order": "little"}


def packed(values: Any) -> dict[str, Any]:
    """An array as BokehJS packs it."""
    values = np.asarray(values)
    content = {"type": "bytes", "data": b64encode(gzip.compress(values.tobytes())).decode()}
    return {"type": "typed_array", "array": content, "dtype": values.dtype.name, "order": "little"}
