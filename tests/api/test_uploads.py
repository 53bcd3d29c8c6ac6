import io
from typing import Any

import numpy as np
import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from, encode_upload

from .conftest import GRAPH, Api, replaces


def append(base: int, start: int, values: Any, drop: int = 0) -> Op:
    return Op(
        OpCode.APPEND,
        "p2",
        "y",
        base=base,
        start=start,
        count=len(values),
        drop=drop,
        values=column_from(values),
    )


def test_a_repeated_upload_is_applied_once(api: Api, numbers: Any) -> None:
    docid = api.make()
    seq = api.publish(docid, y=numbers)
    body = b"".join(encode_upload(docid, [append(seq, 1000, numbers)]))
    first = api.upload_bytes(docid, body, Idempotency_Key="k1")
    again = api.upload_bytes(docid, body, Idempotency_Key="k1")
    assert first.get_json() == again.get_json() == {"seq": 2}
    assert len(api.columns(docid)["y"]) == 2000


def test_a_stale_base_is_refused_with_the_current_version(api: Api, numbers: Any) -> None:
    docid = api.make()
    seq = api.publish(docid, y=numbers)
    api.upload(docid, [append(seq, 1000, numbers)])
    response = api.upload(docid, [append(seq, 1000, numbers)])
    assert response.status_code == 409
    assert response.get_json()["columns"] == [["p2", "y", 2]]
    assert len(api.columns(docid)["y"]) == 2000


def test_an_unknown_model_is_refused_by_its_id(api: Api, numbers: Any) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    op = Op(OpCode.REPLACE, "p77", "y", count=1, values=column_from([1.0]))
    response = api.upload(docid, [op])
    assert response.status_code == 409
    assert response.get_json()["unknown"] == ["p77"]


def test_a_change_is_applied_whole_or_not_at_all(api: Api, numbers: Any) -> None:
    docid = api.make()
    seq = api.publish(docid, x=numbers, y=numbers)
    bad = append(seq, 1000, numbers[:1], drop=5000)
    response = api.upload(docid, [*replaces(x=numbers * 2), bad])
    assert response.status_code == 400
    assert api.columns(docid)["x"].tobytes() == numbers.tobytes()
    assert api.changes(f"{docid}:{seq}") == []


@pytest.mark.parametrize(
    "op",
    [
        append(1, 999, [1.0]),
        append(1, 1000, np.array([1], "i4")),
        append(1, 1000, ["text"]),
        Op(OpCode.WRITE, "p2", "y", base=1, start=999, count=2, values=column_from(np.array([1.0, 2.0]))),
        Op(OpCode.GRAPH, json="[]"),
        Op(OpCode.GRAPH, json="{"),
        Op(OpCode.PATCH, json='{"events":[{"kind":"Surprise"}]}'),
    ],
    ids=["gap", "dtype", "type", "beyond", "list", "cut", "event"],
)
def test_ops_that_do_not_fit_are_refused_with_the_reason(api: Api, numbers: Any, op: Op) -> None:
    docid = api.make()
    api.publish(docid, y=numbers)
    response = api.upload(docid, [op])
    assert response.status_code == 400
    assert response.get_json()["message"]
    assert api.columns(docid)["y"].tobytes() == numbers.tobytes()


def test_an_upload_for_another_document_is_refused(api: Api, numbers: Any) -> None:
    docid, other = api.make(), api.make("other")
    body = b"".join(encode_upload(other, [Op(OpCode.GRAPH, json=GRAPH)]))
    assert api.upload_bytes(docid, body).status_code == 400


@pytest.mark.parametrize("body", [b"hello", b"\xff\xff\xff\xff" + bytes(20)])
def test_what_is_no_frame_is_refused(api: Api, body: bytes) -> None:
    docid = api.make()
    response = api.upload_bytes(docid, body)
    assert response.status_code == 400
    assert response.get_json()["message"]


def test_an_upload_over_the_limit_is_refused_before_it_is_read(numbers: Any) -> None:
    app = BokehWSGI(store="memory:", max_change_bytes=1000)
    docid = Api(app).make()
    builder = EnvironBuilder(f"/doc/{docid}/changes", method="POST", input_stream=io.BytesIO(b"never read"))
    environ = builder.get_environ()
    environ["CONTENT_LENGTH"] = "1001"
    body, status, _ = run_wsgi_app(app, environ)
    assert status.startswith("413")
    assert b'"limit":1000' in b"".join(body)
    assert environ["wsgi.input"].tell() == 0
    app.close()


def test_an_upload_of_unknown_length_is_refused(api: Api) -> None:
    docid = api.make()
    environ = EnvironBuilder(f"/doc/{docid}/changes", method="POST").get_environ()
    environ.pop("CONTENT_LENGTH", None)
    _, status, _ = run_wsgi_app(api.app, environ)
    assert status.startswith("411")


def test_an_upload_that_was_cut_is_refused(api: Api, numbers: Any) -> None:
    docid = api.make()
    body = b"".join(encode_upload(docid, [Op(OpCode.GRAPH, json=GRAPH)]))
    environ = EnvironBuilder(f"/doc/{docid}/changes", method="POST", data=body[:-100]).get_environ()
    environ["CONTENT_LENGTH"] = str(len(body))
    _, status, _ = run_wsgi_app(api.app, environ)
    assert status.startswith("400")


def test_a_document_over_the_limit_keeps_what_it_had(numbers: Any) -> None:
    app = BokehWSGI(store="memory:", max_document_bytes=20_000)
    api = Api(app)
    docid = api.make()
    api.publish(docid, y=numbers)
    assert api.upload(docid, replaces(y=numbers * 2)).status_code == 200
    response = api.upload(docid, replaces(z=np.arange(2000) * 0.7))
    assert response.status_code == 413
    assert list(api.columns(docid)) == ["y"]
    app.close()
