"""Whatever a server answers, a script gets a `SessionError`."""

import json
from typing import Any, ClassVar

import pytest

from bokeh_wsgi.client.transport.answer import Answer, refusal
from bokeh_wsgi.client.transport.content import MAX_UNPACKED_BYTES, read_content
from bokeh_wsgi.exc import BokehWSGIError, SessionError


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (429, {"error": "too-many", "message": "wait", "retry_after": "soon"}),
        (429, {"error": "too-many", "message": "wait", "retry_after": None}),
        (429, {"error": "too-many", "message": "wait", "retry_after": float("inf")}),
        (429, {"error": "too-many", "message": "wait", "retry_after": float("nan")}),
        (409, {"error": "conflict", "message": "no", "columns": [1]}),
        (409, {"error": "conflict", "message": "no", "columns": 1}),
        (409, {"error": "conflict", "message": "no", "unknown": 1}),
        (404, {"error": "not-found", "message": {"a": 1}}),
    ],
)
def test_a_refusal(status: int, told: dict[str, Any]) -> None:
    answer = Answer(status, {"retry-after": "9" * 400}, json.dumps(told).encode())
    assert isinstance(refusal(answer, "GET http://localhost/"), BokehWSGIError)


def test_a_wait_without_end() -> None:
    assert isinstance(refusal(Answer(429, {"retry-after": "9" * 400}, b""), "GET /"), BokehWSGIError)


class Endless:
    """A response to ``ping`` or ``userinfo`` that goes on and on; ends after twice what may be."""

    headers: ClassVar[dict[str, str]] = {"content-type": "application/json"}
    url = "http://localhost/userinfo"

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int, **_: Any) -> bytes:
        self.given += size
        return bytes(size) if self.given <= 2 * MAX_UNPACKED_BYTES else b""

    def close(self) -> None: ...

    def release_conn(self) -> None: ...


def test_an_answer_without_end() -> None:
    """What is packed was limited, what is not packed was read until the script had no memory."""
    response: Any = Endless()
    with pytest.raises(SessionError):
        read_content(response)
