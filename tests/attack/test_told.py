"""What is told to people and programs: no commands to a terminal."""

import json
import logging

import pytest
from bokeh.document import Document

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.transport.answer import Answer, refusal
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.conftest import Api

ESCAPE = "\x1b]0;what the terminal does\x07"


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
