"""A document of somebody else, or an edit of a page, has a script open no file of its machine."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.plotting import figure
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.conftest import Api
from tests.client.conftest import MakeSession

pytestmark = pytest.mark.bokeh
DRAWING = "<svg><!-- what is private on the script's machine --></svg>"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    path = tmp_path / "private.svg"
    path.write_text(DRAWING)
    return path


def models(session: Session) -> dict[str, Any]:
    return {key: rep["attributes"] for key, rep in session.pull_state().graph.models.items()}


def test_a_document_that_is_loaded_and_stored_again(
    app: BokehWSGI, make_session: MakeSession, private: Path
) -> None:
    """It names a path where Bokeh takes a picture; the script that loads it gave the file away."""
    hostile = Api(app)
    docid = hostile.make("shared")
    graph = {
        "version": "3.9.2",
        "roots": ["p1"],
        "models": {"p1": {"name": "ImageURLTexture", "attributes": {"url": str(private)}}},
    }
    assert hostile.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))]).status_code == 200
    session = make_session("shared")
    document = Document()
    session.load_document(document)
    session.store_document(document)
    assert "what%20is%20private" not in json.dumps(models(session))


def test_an_edit_of_a_page(app: BokehWSGI, make_session: MakeSession, private: Path) -> None:
    """Who may write sets a tool's icon to a path, and reads the file as soon as the script stores."""
    document = Document()
    plot = figure(tools="pan")
    plot.line([1, 2], [3, 4])
    document.add_root(plot)
    session = make_session("line", clear=True)
    session.store_document(document)
    (tool,) = plot.tools
    live = session.live(document)
    edit = {"kind": "ModelChanged", "model": {"id": tool.id}, "attr": "icon", "new": str(private)}
    answer = Client(app).post(f"/doc/{session.docid}/edits", json={"edits": [edit]})
    if answer.status_code == 200:
        time.sleep(1)
        live.stop()
        plot.title = "goes on"
        session.store_document(document)
    assert "what%20is%20private" not in json.dumps(models(session))
