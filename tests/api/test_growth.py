"""Work is linear in what a request holds, whatever that is: nobody stops a server with a few kilobytes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Column, Op, OpCode, column_from
from tests.growth import Act, check_linear

from .conftest import Api, replaces
from .document_page import DocumentPage, array, changed, event, patched, replaced, streamed

pytestmark = pytest.mark.bokeh  # its types are what edits are checked against

Made = Callable[[int], Act]
SLICE = {"type": "slice", "start": 0, "stop": None, "step": None}


def graph(models: Any = None, **more: Any) -> str:
    told = {"p1": {"name": "Plot", "attributes": {}}, **(models or {})}
    told.setdefault("p2", {"name": "ColumnDataSource", "attributes": {}})
    return json.dumps({"version": "3.9.2", "roots": list(told), "models": told, **more})


def patch(*events: Any, **more: Any) -> Op:
    return Op(OpCode.PATCH, json=json.dumps({"events": list(events), **more}))


def texts(n: int) -> list[str]:
    return [f"name{i}" for i in range(n)]


class Server:
    """A server with a document, whose users, readers and pages send requests of a size."""

    def __init__(self) -> None:
        self.app = BokehWSGI(store="memory:", max_user_exports=1)
        self.api = Api(self.app)
        self.docid = self.api.make()

    def uploads(self, *before: Op, ops: list[Op]) -> Act:
        """One upload of ``ops``, to a document of which ``before`` is the graph and its columns."""
        begin = list(before) or [Op(OpCode.GRAPH, json=graph()), *replaces(y=np.arange(8.0) ** 2)]
        seq = self.api.upload(self.docid, begin).get_json()["seq"]
        based = [op.of(op.model, op.column, seq if op.base else 0) for op in ops]
        body = self.api.body(self.docid, based)

        def act() -> None:
            response = self.api.upload_bytes(self.docid, body)
            assert response.status_code == 200, response.text[:300]

        return act

    def edits(self, edits: list[Any], *, text: str = "", refused: bool = False, **columns: Any) -> Act:
        """One batch of edits in a document with this graph and columns."""
        page = DocumentPage(self.app)
        page.docid = self.docid
        made = (op(OpCode.REPLACE, values, column=name, base=0) for name, values in columns.items())
        ops = [Op(OpCode.GRAPH, json=text or graph()), *made]
        assert page.upload(page.docid, ops).status_code == 200
        body = json.dumps({"edits": edits})

        def act() -> None:
            path = f"/doc/{page.docid}/edits"
            response = page.client.post(path, data=body, content_type="application/json")
            assert (response.status_code != 200) is refused, response.text[:300]

        return act

    def asks(self, path: str, *, method: str = "GET", **told: Any) -> Act:
        """One request, which may be refused, but has to be answered."""

        def act() -> None:
            response = self.api.client.open(path, method=method, buffered=True, **told)
            assert response.status_code < 500, response.text[:300]

        return act

    def exports(self, form: str, **columns: Any) -> Act:
        self.api.publish(self.docid, **columns)
        return self.asks(f"/doc/{self.docid}/data/p2.{form}")

    def asks_safe(self, rows: int) -> Act:
        self.api.publish(self.docid, y=["=1+1"] * 20 * rows)
        return self.asks(f"/doc/{self.docid}/data/p2.csv?safe=1")

    def token(self) -> str:
        token = self.api.client.post(f"/access/{self.docid}/tokens", json={}).get_json()["token"]
        return str(token)

    def misses(self, *uploads: list[Op]) -> Act:
        """A reader who comes to what has been uploaded since it was there."""
        seq = self.api.publish(self.docid, y=np.zeros(1))
        for ops in uploads:
            response = self.api.upload(self.docid, ops)
            assert response.status_code == 200, response.text[:300]
        return self.asks(f"/changes?doc={self.docid}:{seq}&wait=0")


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.app.close()


def op(code: OpCode, values: Any = None, *, column: str = "y", base: int = 1, **told: Any) -> Op:
    """An op of a column of p2, at its present version if it has a base."""
    made = None if values is None else column_from(values)
    return Op(code, "p2", column, base=base, count=made.rows if made else 0, values=made, **told)


UPLOADS: dict[str, Callable[[Server, int], Act]] = {
    "columns": lambda s, n: s.uploads(ops=replaces(**{name: [1.0] for name in texts(n)})),
    "columns that go": lambda s, n: s.uploads(
        Op(OpCode.GRAPH, json=graph()),
        *replaces(**{name: [1.0] for name in texts(n)}),
        ops=[op(OpCode.REMOVE, column=name) for name in texts(n)],
    ),
    "rows that are appended": lambda s, n: s.uploads(
        ops=[op(OpCode.APPEND, np.ones(1), start=8 + i) for i in range(n)]
    ),
    "rows that roll over": lambda s, n: s.uploads(
        ops=[op(OpCode.APPEND, np.ones(1), start=7, drop=1) for i in range(n)]
    ),
    "rows that are written": lambda s, n: s.uploads(
        ops=[op(OpCode.WRITE, np.ones(1), start=i % 8) for i in range(n)]
    ),
    "a text that is written among many": lambda s, n: s.uploads(
        Op(OpCode.GRAPH, json=graph()),
        *replaces(y=[""] * 2000 * n),
        ops=[op(OpCode.WRITE, ["x" * 70_000]) for _ in range(n)],
    ),
    "lists that are written": lambda s, n: s.uploads(
        Op(OpCode.GRAPH, json=graph()),
        *replaces(y=[[1.0], [2.0, 3.0]] * n),
        ops=[op(OpCode.WRITE, [[1.0, 2.0, 3.0]], start=i) for i in range(n)],
    ),
    "ramps": lambda s, n: s.uploads(
        ops=[
            Op(OpCode.RAMP, "p2", name, count=9, dtype="float64", json='{"start":"0x0p+0","step":"0x1p+0"}')
            for name in texts(n)
        ]
    ),
    "models": lambda s, n: s.uploads(
        ops=[Op(OpCode.GRAPH, json=graph({name: {"name": "Plot", "attributes": {}} for name in texts(n)}))]
    ),
    "references": lambda s, n: s.uploads(
        ops=[Op(OpCode.GRAPH, json=graph({"p3": {"name": "A", "attributes": {"a": [{"id": "p1"}] * n}}}))]
    ),
    "models in a chain": lambda s, n: s.uploads(
        ops=[
            Op(
                OpCode.GRAPH,
                json=graph(
                    {
                        f"c{i}": {"name": "A", "attributes": {"next": {"id": f"c{(i + 1) % n}"}}}
                        for i in range(n)
                    }
                ),
            )
        ]
    ),
    "attributes": lambda s, n: s.uploads(
        ops=[Op(OpCode.GRAPH, json=graph({"p3": {"name": "A", "attributes": dict.fromkeys(texts(n), 1)}}))]
    ),
    "types": lambda s, n: s.uploads(
        ops=[
            Op(
                OpCode.GRAPH,
                json=graph(
                    types={
                        name: {"bases": [name], "attributes": {"a": ["enum", *texts(3)]}} for name in texts(n)
                    }
                ),
            )
        ]
    ),
    "definitions": lambda s, n: s.uploads(
        ops=[Op(OpCode.GRAPH, json=graph(defs=[{"type": "model", "name": name} for name in texts(n)]))]
    ),
    "resources": lambda s, n: s.uploads(
        ops=[Op(OpCode.GRAPH, json=graph(resources={"js": texts(n), "css": texts(n)}))]
    ),
    "roots that come and go": lambda s, n: s.uploads(
        ops=[
            patch(
                *[
                    {"kind": kind, "model": {"id": "p1"}}
                    for _ in range(n)
                    for kind in ("RootRemoved", "RootAdded")
                ]
            )
        ]
    ),
    "patches with types": lambda s, n: s.uploads(
        ops=[patch(types={name: {"bases": [], "attributes": {}}}) for name in texts(n)]
    ),
    "patches with resources": lambda s, n: s.uploads(
        ops=[patch(resources={"js": [name]}) for name in texts(n)]
    ),
    "patches of models": lambda s, n: s.uploads(ops=[patch(changed("p1", "a", i)) for i in range(n)]),
    "patches that mention many": lambda s, n: s.uploads(
        ops=[
            patch(changed("p1", name, [{"id": "p2"}]), changed("p1", name, [{"id": "p1"}]))
            for name in texts(n)
        ]
    ),
    "new models in patches": lambda s, n: s.uploads(
        ops=[
            patch(changed("p1", name, {"type": "object", "name": "A", "id": name, "attributes": {}}))
            for name in texts(n)
        ]
    ),
    "events": lambda s, n: s.uploads(ops=[Op(OpCode.EVENT, json='{"name":"x"}') for _ in range(n)]),
    "a long title": lambda s, n: s.uploads(ops=[patch({"kind": "TitleChanged", "title": "é" * 100 * n})]),
}


def many(kind: Any, n: int = 1, **more: Any) -> str:
    """A graph with ``n`` models of a class whose attribute ``a`` has this type."""
    types = {"my.Kind": {"bases": ["my.Kind", "Model"], "attributes": {"a": kind}}}
    models = {f"k{i}": {"name": "my.Kind", "attributes": {}} for i in range(n)}
    return graph(models, types=types, **more)


def definitions(n: int) -> list[Any]:
    """Data models, each above the next one."""
    told = []
    for i in range(n):
        extends = {} if i % 60 == 0 else {"extends": {"id": f"D{i - 1}"}}
        told.append({"type": "model", "name": f"D{i}", "properties": [{"name": f"a{i}"}], **extends})
    return told


def uneven(rows: int) -> Column:
    """Rows that are said to be arrays, and are lists of several lengths: as no script would send them."""
    ends = np.arange(2 * rows + 1, dtype=np.int32)
    inner = np.cumsum(np.arange(2 * rows + 1) % 2, dtype=np.int32)
    return Column("float64", (-1, -1), rows, 1, np.zeros(inner[-1]), (ends[::2].copy(), inner))


IMAGE = np.zeros((64, 1024))
EDITS: dict[str, Callable[[Server, int], Act]] = {
    "rows that are streamed and patched": lambda s, n: s.edits(
        [edit for i in range(n) for edit in (streamed(y=[1.0]), patched(y=[[i, 2.0]]))], y=np.zeros(1)
    ),
    "rows that roll over and are patched": lambda s, n: s.edits(
        [edit for i in range(n) for edit in (streamed(99, y=[1.0]), patched(y=[[i % 99, 2.0]]))],
        y=np.zeros(99),
    ),
    "lists that are streamed and patched within": lambda s, n: s.edits(
        [
            edit
            for i in range(n)
            for edit in (streamed(y=[[1.0, 2.0]]), patched(y=[[[i, {**SLICE, "stop": 1}], [2.0]]]))
        ],
        y=[[0.0, 1.0]],
    ),
    "every other row": lambda s, n: s.edits([patched(y=[[2 * i, 1.0] for i in range(n)])], y=np.zeros(2 * n)),
    "a pixel of an image, again and again": lambda s, n: s.edits(
        [patched(y=[[[0, i % 64, 5], 1.0]]) for i in range(n)], y=[IMAGE]
    ),
    "all of an image, again and again, with one value": lambda s, n: s.edits(
        [patched(y=[[[0, SLICE, SLICE], 1.0] for i in range(n)])], y=[IMAGE], refused=True
    ),
    "values of other types": lambda s, n: s.edits(
        [edit for i in range(n) for edit in (patched(y=[[0, "a"]]), patched(y=[[0, 1.0]]))], y=np.zeros(64)
    ),
    "other types by streams": lambda s, n: s.edits(
        [edit for _ in range(n) for edit in (streamed(50, y=["a"]), replaced(y=[1.0] * 3))], y=np.zeros(64)
    ),
    "a large column of another type": lambda s, n: s.edits(
        [patched(y=[[0, "a"]])], y=np.random.default_rng(1).standard_normal(300 * n), refused=n > 200
    ),
    "arrays of several shapes in a list, of another type": lambda s, n: s.edits(
        [patched(y=[[0, "a"]])], text=graph(), refused=n > 5000, y=uneven(n)
    ),
    "columns that come and go": lambda s, n: s.edits(
        [edit for name in texts(n) for edit in (replaced(**{name: [1.0]}), replaced(name))], y=np.zeros(1)
    ),
    "arrays": lambda s, n: s.edits([replaced(y=[array(np.zeros(3))] * n)], y=np.zeros(1)),
    "attributes": lambda s, n: s.edits([changed("k0", "a", i) for i in range(n)], text=many("any")),
    "values of an enum": lambda s, n: s.edits(
        [changed("k0", "a", f"name{n - 1}") for _ in range(n)], text=many(["enum", *texts(n)])
    ),
    "a list of values of an enum": lambda s, n: s.edits(
        [changed("k0", "a", [f"name{n - 1}"] * n)], text=many(["list", ["enum", *texts(n)]])
    ),
    "a list of structs of many fields": lambda s, n: s.edits(
        [changed("k0", "a", [{}] * n)],
        text=many(["list", ["struct", {key: ["either", "int", "absent"] for key in texts(min(n, 300))}]]),
    ),
    "models of classes with many bases": lambda s, n: s.edits(
        [changed("k0", "a", [{"id": "p3"}] * n)],
        text=graph(
            {"k0": {"name": "my.Kind", "attributes": {}}, "p3": {"name": "my.Other", "attributes": {}}},
            types={
                "my.Kind": {"bases": [], "attributes": {"a": ["list", ["model", "Last"]]}},
                "my.Other": {"bases": [*texts(n), "Last"], "attributes": {}},
            },
        ),
    ),
    "data models above each other": lambda s, n: s.edits(
        [changed("k0", f"a{n - 1}", i) for i in range(n)],
        text=graph({"k0": {"name": f"D{n - 1}", "attributes": {}}}, defs=definitions(n)),
    ),
    "data models of many classes": lambda s, n: s.edits(
        [changed(f"k{i}", f"a{i}", 1) for i in range(n)],
        text=graph({f"k{i}": {"name": f"D{i}", "attributes": {}} for i in range(n)}, defs=definitions(n)),
    ),
    "data models that extend a large one": lambda s, n: s.edits(
        [changed(f"k{i}", "a0", 1) for i in range(n)],
        text=graph(
            {f"k{i}": {"name": f"D{i}", "attributes": {}} for i in range(n)},
            defs=[
                {"type": "model", "name": "Large", "properties": [{"name": f"a{i}"} for i in range(20 * n)]},
                *[{"type": "model", "name": f"D{i}", "extends": {"id": "Large"}} for i in range(n)],
            ],
        ),
    ),
    "new models": lambda s, n: s.edits(
        [
            changed("k0", "a", {"type": "object", "name": "Selection", "id": name, "attributes": {}})
            for name in texts(n)
        ],
        text=many("any"),
    ),
    "events": lambda s, n: s.edits(
        [event(f"name{n - 1}", "k0", values=[1, 2]) for _ in range(n)],
        text=graph({"k0": {"name": "Button", "attributes": {"subscribed_events": texts(n)}}}),
    ),
    "an event of many values": lambda s, n: s.edits(
        [event("x", None, **{name: [{"id": "p1"}] for name in texts(n)})]
    ),
    "values inside another": lambda s, n: s.edits(
        [changed("k0", "a", [[[[[i]]]] for i in range(n)])], text=many("any")
    ),
    "titles": lambda s, n: s.edits([{"kind": "TitleChanged", "title": name} for name in texts(n)]),
}


NO_EVENTS = {"kind": "TitleChanged", "title": "t"}
REQUESTS: dict[str, Callable[[Server, int], Act]] = {
    **{
        f"{what} as {form}": (lambda s, n, form=form, make=make: s.exports(form, **make(n)))  # type: ignore[misc]
        for form in ("arrow", "parquet", "csv")
        for what, make in {
            "an export of columns": lambda n: {name: [1.0] for name in texts(n)},
            "an export of rows": lambda n: {"y": np.arange(100 * n) * 0.7},
            "an export of texts": lambda n: {"y": texts(20 * n)},
            "an export of lists": lambda n: {"y": [[1.0, 2.0]] * 5 * n},
            "an export of arrays in lists": lambda n: {"y": [np.zeros((1, 1)), np.zeros((2, 3))] * n},
        }.items()
    },
    "an export with formulas": lambda s, n: s.asks_safe(n),
    "missed changes": lambda s, n: s.misses(*[[patch(NO_EVENTS)] for _ in range(n)]),
    "missed changes that are merged": lambda s, n: s.misses(
        *[
            [
                patch(changed("p1", name, i), types={name: {"bases": [], "attributes": {}}}),
                patch(resources={"js": [name]}),
                Op(OpCode.EVENT, json='{"name":"x"}'),
            ]
            for i, name in enumerate(texts(n // 4 + 1))
        ],
        *[[op(OpCode.REPLACE, np.zeros(9000), base=0)]],
    ),
    "documents to be read": lambda s, n: s.asks("/changes?" + "&".join(f"doc={name}:0" for name in texts(n))),
    "one document to be read many times": lambda s, n: s.asks(
        "/changes?wait=0&" + "&".join([f"doc={s.docid}:0"] * n)
    ),
    "tokens": lambda s, n: s.asks(
        "/changes?wait=0&doc=x:0",
        headers={"Authorization": "Bearer " + ",".join([s.token()] * (n // 10 + 1))},
    ),
    "a long token": lambda s, n: s.asks(
        "/changes?wait=0&doc=x:0", headers={"Authorization": "Bearer " + ".x" * 20 * n}
    ),
    "a long key": lambda s, n: s.asks("/userinfo", headers={"Authorization": "Bearer bwk-" + "x" * 50 * n}),
    "cookies": lambda s, n: s.asks("/login", headers={"Cookie": "; ".join(f"{name}=1" for name in texts(n))}),
    "ways to answer": lambda s, n: s.asks(
        "/nothing", headers={"Accept": ",".join(f"a/{name};q=0.5" for name in texts(n))}
    ),
    "a long name of a host": lambda s, n: s.asks("/", headers={"Host": "a." * 20 * n}),
    "a query of many names": lambda s, n: s.asks(
        f"/doc/{s.docid}?" + "&".join(f"{name}=1" for name in texts(n))
    ),
    "a long docid": lambda s, n: s.asks(f"/doc/{'x' * 50 * n}"),
    "a long path": lambda s, n: s.asks(f"/doc/{s.docid}/{'a/' * 20 * n}"),
    "a path of dots": lambda s, n: s.asks("/static/" + "../" * 20 * n),
    "a long name of a source": lambda s, n: s.asks(f"/doc/{s.docid}/data/{'./' * 20 * n}.csv"),
    "a title": lambda s, n: s.asks("/doc", method="POST", json={"title": "\u0344" * 20 * n}),
    "a body of many names": lambda s, n: s.asks("/doc", method="POST", json=dict.fromkeys(texts(n), 1)),
    "a body of lists": lambda s, n: s.asks(
        "/doc", method="POST", data="[" * 20 * n, content_type="application/json"
    ),
    "a form of many fields": lambda s, n: s.asks("/login", method="POST", data=dict.fromkeys(texts(n), "x")),
    "a form in parts": lambda s, n: s.asks(
        "/login", method="POST", data=dict.fromkeys(texts(n), "x"), content_type="multipart/form-data"
    ),
    "a part of many lines": lambda s, n: s.asks(
        "/login", method="POST", data={"csrf": "\r\n--" * 20 * n}, content_type="multipart/form-data"
    ),
    "a name to register": lambda s, n: s.asks(
        "/register", method="POST", json={"username": "\ufdfa" * 5 * n, "password": "correct horse"}
    ),
    "a name to share with": lambda s, n: s.asks(
        f"/access/{s.docid}/users/{'u' * 50 * n}", method="PUT", json={"right": "read"}
    ),
    "a long key of an upload": lambda s, n: s.asks(
        f"/doc/{s.docid}/changes", method="POST", data=b"x", headers={"Idempotency-Key": "k" * 50 * n}
    ),
    "a long generation": lambda s, n: s.asks(
        f"/doc/{s.docid}/changes", method="POST", data=b"x", headers={"Document-Generation": "g" * 50 * n}
    ),
    "bytes that are no upload": lambda s, n: s.asks(
        f"/doc/{s.docid}/changes", method="POST", data=b"\xff\xff\xff\xff\0\0\0\0" * 50 * n
    ),
    "edits without a token": lambda s, n: s.asks(
        f"/doc/{s.docid}/edits", method="POST", data="x" * 50 * n, content_type="text/plain"
    ),
    "edits inside each other": lambda s, n: s.asks(
        f"/doc/{s.docid}/edits", method="POST", data='{"a":' * 20 * n, content_type="application/json"
    ),
    "edits of kinds that there are not": lambda s, n: s.asks(
        f"/doc/{s.docid}/edits",
        method="POST",
        json={"edits": [*[{"kind": "TitleChanged", "title": "t"}] * n, {"kind": "x" * 50 * n}]},
    ),
}
SIZES = {
    "events": 1000,
    "models of classes with many bases": 1000,
    "a text that is written among many": 25,
    "lists that are written": 200,
    "a large column of another type": 50,
}


@pytest.mark.parametrize("kind", UPLOADS)
def test_uploads_take_time_for_what_they_hold(server: Server, kind: str) -> None:
    check_linear(lambda n: UPLOADS[kind](server, n), SIZES.get(kind, 200))


@pytest.mark.parametrize("kind", EDITS)
def test_edits_take_time_for_what_they_hold(server: Server, kind: str) -> None:
    check_linear(lambda n: EDITS[kind](server, n), SIZES.get(kind, 200))


@pytest.mark.parametrize("kind", REQUESTS)
def test_all_other_requests_take_time_for_what_they_hold(server: Server, kind: str) -> None:
    check_linear(lambda n: REQUESTS[kind](server, n), SIZES.get(kind, 200))
