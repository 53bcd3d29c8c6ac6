"""Whatever a server answers, a script gets an error of this package that says it in plain text."""

import json
import logging
from typing import Any

import pytest
from bokeh.document import Document

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.transport.answer import MAX_WAIT_S, Answer, has_fields, refusal, strange
from bokeh_wsgi.client.transport.content import MAX_UNPACKED_BYTES, read_content
from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import BokehWSGIError, Conflict, ServerRefused, SessionError
from bokeh_wsgi.protocol import ARROW_STREAM
from tests.api.conftest import Api

ESCAPE = "\x1b]0;what the terminal does\x07"


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (429, {"retry_after": "soon"}),
        (429, {"retry_after": None}),
        (429, {"retry_after": -1}),
        (429, {"retry_after": 10**400}),
        (429, {"retry_after": float("inf")}),
        (429, {"retry_after": float("nan")}),
        (409, {"error": "conflict", "columns": [1]}),
        (409, {"error": "conflict", "columns": 1}),
        (409, {"error": "conflict", "columns": [["a", "b", "c"]]}),
        (409, {"error": "conflict", "unknown": 1}),
        (409, {"error": "conflict", "taken": [[1]]}),
        (404, {"message": {"a": 1}}),
    ],
)
def test_a_malformed_refusal_is_a_refusal(status: int, fields: dict[str, Any]) -> None:
    content = body(**{"error": "any", "message": "no", **fields})
    error = refusal(Answer(status, {"retry-after": "9" * 400}, content), "GET http://localhost/")
    assert isinstance(error, ServerRefused)
    assert 0 <= error.body.get("retry_after", 0) <= MAX_WAIT_S


def test_a_wait_without_end_is_a_day() -> None:
    error = refusal(Answer(429, {"retry-after": "9" * 400}, b""), "GET /")
    assert isinstance(error, ServerRefused)
    assert error.body["retry_after"] == MAX_WAIT_S


def test_a_well_formed_conflict_is_a_conflict() -> None:
    fields: dict[str, Any] = {"columns": [["p1", "x", 3]], "unknown": ["p2"], "taken": ["p3"]}
    error = refusal(Answer(409, {}, body(error="conflict", message="no", **fields)), "POST /")
    assert isinstance(error, Conflict)
    assert (error.columns, error.unknown, error.taken) == ([("p1", "x", 3)], ["p2"], ["p3"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("docid", 5), ("seq", "1"), ("seq", True), ("userapikey", None), ("username", 5)),
        *(("keys", 5), ("viewers", "many"), ("url", []), ("token", 5), ("undrawn", 1)),
    ],
)
def test_a_field_of_another_type_is_no_answer(name: str, value: Any) -> None:
    assert not has_fields(name)(Answer(200, {}, body(**{name: value})))


class Endless:
    """A response that goes on and on; ends after twice what may be."""

    url = "http://localhost/userinfo"

    def __init__(self, kind: str) -> None:
        self.headers = {"content-type": kind}
        self.given = 0

    def read(self, size: int, **_: Any) -> bytes:
        self.given += size
        return bytes(size) if self.given <= 2 * MAX_UNPACKED_BYTES else b""

    def close(self) -> None: ...

    def release_conn(self) -> None: ...


def test_an_answer_without_end_is_not_read_to_the_end() -> None:
    response: Any = Endless("application/json")
    with pytest.raises(SessionError, match="more than"):
        read_content(response)


def test_a_document_may_be_larger_than_other_answers() -> None:
    response: Any = Endless(ARROW_STREAM)
    assert len(read_content(response)) == 2 * MAX_UNPACKED_BYTES


@pytest.mark.parametrize(
    "error",
    [
        refusal(Answer(404, {}, body(error="not-found", message=f"No document {ESCAPE}")), "GET /"),
        refusal(Answer(409, {}, body(error="generation", message="no", host=ESCAPE)), "GET /"),
        refusal(Answer(502, {"server": ESCAPE}, b""), "GET /"),
        refusal(Answer(302, {"location": ESCAPE}, b""), "GET /"),
        strange(Answer(200, {"content-type": ESCAPE}, b"")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_message_has_no_commands_for_a_terminal(error: BokehWSGIError) -> None:
    assert str(error).isprintable()


@pytest.mark.usefixtures("any_type_name")
def test_what_cannot_be_created_is_logged_without_commands_for_a_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A class, a model or an attribute is named by whoever may write to the document."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make("names")
    models = {
        f"p1{ESCAPE}": {"name": f"Mine{ESCAPE}", "attributes": {}},
        f"p2{ESCAPE}": {"name": "Div", "attributes": {ESCAPE: 1, "text": 5, "width": ESCAPE}},
    }
    graph = {"version": "3.9.2", "roots": list(models), "models": models, "config": {"type": ESCAPE}}
    answer = api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))])
    assert answer.status_code == 200, answer.text
    session = Session(app=app)
    session.use_doc(docid=docid)
    document = Document()
    with caplog.at_level(logging.DEBUG):
        session.load_document(document)
    assert "cannot be created here" in caplog.text
    assert "cannot be set here" in caplog.text
    assert "\x1b" not in caplog.text + repr(document.roots)
