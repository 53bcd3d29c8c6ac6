"""Whatever a server answers, a script gets a `SessionError`."""

import json
from typing import Any

import pytest

from bokeh_wsgi.client.transport.answer import Answer, refusal
from bokeh_wsgi.exc import BokehWSGIError


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
