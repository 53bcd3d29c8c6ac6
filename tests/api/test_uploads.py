import io
import json
import tracemalloc
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


class Breaking:
    """The input of a server whose client goes away, which that server tells in a way of its own."""

    def __init__(self, begun: bytes, error: Exception | None) -> None:
        self._begun = io.BytesIO(begun)
        self._error = error

    def read(self, size: int = -1) -> bytes:
        data = self._begun.read(size)
        if not data and self._error is not None:
            raise self._error
        return data

    readline = read


class Dropped(Exception):
    """As gunicorn's and others' own."""


@pytest.mark.parametrize(
    "error", [OSError("read error"), Dropped("no more data"), ValueError("bad chunk"), StopIteration(), None]
)
@pytest.mark.parametrize("terminated", [True, False])
@pytest.mark.parametrize(
    ("path", "mimetype"),
    [
        ("doc/{}/changes", "application/vnd.apache.arrow.stream"),
        ("doc/{}/edits", "application/json"),
        ("doc/{}/edits", "text/plain"),
        ("doc", "application/json"),
    ],
)
def test_a_body_that_breaks_off_is_a_bad_request(
    api: Api, caplog: pytest.LogCaptureFixture, path: str, mimetype: str, terminated: bool, error: Any
) -> None:
    path = "/" + path.format(api.make())
    environ = EnvironBuilder(path, method="POST", content_type=mimetype).get_environ()
    environ["wsgi.input"] = Breaking(b"\xff\xff\xff\xff", error)
    if terminated:
        environ.pop("CONTENT_LENGTH", None)
        environ["wsgi.input_terminated"] = True
    else:
        environ["CONTENT_LENGTH"] = "5000"
    body, status, headers = run_wsgi_app(api.app, environ)
    # Where nothing says who sends it, that is said first.
    assert status[:3] == ("401" if mimetype == "text/plain" and error is None else "400")
    assert headers["Content-Type"] == "application/json"
    assert json.loads(b"".join(body))["message"]
    assert not caplog.records


@pytest.mark.parametrize("announced", [None, 512 << 20])
def test_a_body_takes_memory_for_what_has_come_of_it(api: Api, announced: int | None) -> None:
    docid = api.make()
    environ = EnvironBuilder(f"/doc/{docid}/changes", method="POST").get_environ()
    environ.pop("CONTENT_LENGTH", None)
    if announced is None:
        environ["wsgi.input_terminated"] = True
    else:
        environ["CONTENT_LENGTH"] = str(announced)
    peaks = []

    class Slow:
        """A byte at a time, of which one after the other comes."""

        def read(self, size: int) -> bytes:
            peaks.append(tracemalloc.get_traced_memory()[1])
            return b"x" if len(peaks) < 100_000 else b""

    environ["wsgi.input"] = Slow()
    tracemalloc.start()
    _, status, _ = run_wsgi_app(api.app, environ)
    tracemalloc.stop()
    assert status.startswith("400")
    # The list of peaks is most of it.
    assert peaks[10] < 1 << 20
    assert peaks[-1] < 8 << 20


def test_a_length_of_thousands_of_digits_is_too_large(api: Api) -> None:
    environ = EnvironBuilder(f"/doc/{api.make()}/changes", method="POST").get_environ()
    environ["CONTENT_LENGTH"] = "9" * 5000
    _, status, _ = run_wsgi_app(api.app, environ)
    assert status.startswith("413")
