"""What is told to people and programs: not where the operator keeps things, and no commands to a terminal."""

import json
from pathlib import Path

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client.transport.answer import Answer, refusal
from tests.api.people import People

ESCAPE = "\x1b]0;what the terminal does\x07"


def test_the_place_of_the_store(tmp_path: Path) -> None:
    """A stranger was told the path of the file, with the operator's name in it."""
    path = tmp_path / "home of the operator" / "documents.db"
    people = People(BokehWSGI(store=f"sqlite:///{path}", multi_user=True))
    path.unlink()
    answer = people.call("GET", "/doc/whatever")
    assert answer.status_code == 503
    assert "home of the operator" not in answer.text


def test_what_a_server_says() -> None:
    """Python prints an exception's message as it is."""
    body = json.dumps({"error": "not-found", "message": f"No document {ESCAPE}"}).encode()
    told = str(refusal(Answer(404, {}, body), "GET http://localhost/"))
    assert "\x1b" not in told


def test_a_path_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A line of a stranger's making stood in the log, when there was anything to log of their request."""
    path = tmp_path / "documents.db"
    people = People(BokehWSGI(store=f"sqlite:///{path}", multi_user=True))
    path.unlink()
    caplog.clear()
    assert people.call("GET", "/doc/x%0a2026-11-28 INFO signed-in user='root'").status_code == 503
    assert all("\n" not in record.getMessage() for record in caplog.records)
