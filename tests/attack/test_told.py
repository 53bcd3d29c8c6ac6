"""What is told to people and programs: not where the operator keeps things, and no commands to a terminal."""

import json
import logging
from pathlib import Path

import pytest
from bokeh.document import Document

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.transport.answer import Answer, refusal
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.conftest import Api
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


@pytest.mark.bokeh
def test_names_of_models(caplog: pytest.LogCaptureFixture) -> None:
    """A class of a document is named by whoever may write to it."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make("names")
    graph = {
        "version": "3.9.2",
        "roots": ["p1"],
        "models": {"p1": {"name": f"Mine{ESCAPE}", "attributes": {"no such": 1}}},
        "defs": [{"type": "model", "name": f"Mine{ESCAPE}", "properties": []}],
    }
    assert api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))]).status_code in (200, 400)
    session = Session(app=app)
    session.use_doc(docid=docid)
    document = Document()
    told = ""
    with caplog.at_level(logging.DEBUG, "bokeh_wsgi"):
        try:
            session.load_document(document)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is printed
            told = str(error)
    shown = "\n".join(map(repr, document.roots))
    assert "\x1b" not in told + caplog.text + shown


def test_a_path_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A line of a stranger's making stood in the log, when there was anything to log of their request."""
    path = tmp_path / "documents.db"
    people = People(BokehWSGI(store=f"sqlite:///{path}", multi_user=True))
    path.unlink()
    caplog.clear()
    assert people.call("GET", "/doc/x%0a2026-11-28 INFO signed-in user='root'").status_code == 503
    assert all("\n" not in record.getMessage() for record in caplog.records)
