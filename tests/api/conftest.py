"""A server in this process, and what a publisher and a reader do with it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from werkzeug.test import Client, TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import (
    Change,
    Limits,
    Op,
    OpCode,
    Reader,
    column_from,
    encode_upload,
)
from bokeh_wsgi.models import State

GRAPH = (
    '{"version":"3.9.2","title":"t","roots":["p1"],"models":{'
    '"p1":{"name":"Plot","attributes":{"source":{"id":"p2"}}},'
    '"p2":{"name":"ColumnDataSource","attributes":{"name":"cpu"}}}}'
)


class Api:
    """A WSGI app as programs use it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.client = Client(app)

    def make(self, title: str = "line") -> str:
        response = self.client.post("/doc", json={"title": title})
        assert response.status_code in (200, 201), response.text
        return str(response.get_json()["docid"])

    def upload(self, docid: str, ops: Sequence[Op], **headers: str) -> TestResponse:
        return self.upload_bytes(docid, self.body(docid, ops), **headers)

    def body(self, docid: str, ops: Sequence[Op]) -> bytes:
        return b"".join(encode_upload(docid, ops))

    def upload_bytes(self, docid: str, body: bytes, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/doc/{docid}/changes", data=body, headers=named)

    def publish(self, docid: str, **columns: Any) -> int:
        response = self.upload(docid, [Op(OpCode.GRAPH, json=GRAPH), *replaces(**columns)])
        assert response.status_code == 200, response.text
        return int(response.get_json()["seq"])

    def changes(self, *docs: str, wait: str = "0", **kw: Any) -> list[Change]:
        response = self.client.get("/changes", query_string={"doc": list(docs), "wait": wait}, **kw)
        assert response.status_code == 200, response.text
        reader = Reader(limits=Limits())
        changes = list(reader.feed(response.data))
        assert reader.ended
        return changes

    def columns(self, docid: str) -> dict[str, Any]:
        return columns_after(self.changes(f"{docid}:0"))


def replaces(**columns: Any) -> list[Op]:
    return [
        Op(OpCode.REPLACE, model="p2", column=name, count=len(values), values=column_from(values))
        for name, values in columns.items()
    ]


def columns_after(changes: Sequence[Change]) -> dict[str, Any]:
    """The columns of p2 as a reader has them after these changes."""
    state = State()
    for change in changes:
        state.apply(change.ops, change.seq)
    return {name: held.values.column().values() for (_, name), held in state.columns.items()}


@pytest.fixture
def api(app: BokehWSGI) -> Api:
    return Api(app)


@pytest.fixture
def numbers() -> Any:
    return np.random.default_rng(1).standard_normal(1000)
