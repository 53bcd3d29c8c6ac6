"""What others wrote into a document opens no file of a script's machine, and takes no minutes to check."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bokeh.core.properties import Image
from bokeh.core.property.bases import Property
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ImageURLTexture, PanTool
from bokeh.models.widgets import Div, Switch
from bokeh.plotting import figure
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.follow.attributes import set_attribute
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.conftest import Api
from tests.waiting import wait_until

from .conftest import MakeSession

DRAWING = "<svg><!-- what is private on the script's machine --></svg>"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    path = tmp_path / "private.svg"
    path.write_text(DRAWING)
    return path


def models(session: Session) -> dict[str, Any]:
    return {key: rep["attributes"] for key, rep in session.pull_state().graph.models.items()}


def uploaded(app: BokehWSGI, title: str, name: str, **attributes: Any) -> None:
    """A document with one model, as a program uploads it."""
    api = Api(app)
    docid = api.make(title)
    graph = {
        "version": "3.9.2",
        "roots": ["p1"],
        "models": {"p1": {"name": name, "attributes": attributes}},
    }
    assert api.upload(docid, [Op(OpCode.GRAPH, json=json.dumps(graph))]).status_code == 200


def loaded(make_session: MakeSession, title: str) -> tuple[Session, Document]:
    session = make_session(title)
    document = Document()
    session.load_document(document)
    return session, document


def test_a_path_in_a_document_stays_a_path_when_it_is_loaded_and_stored(
    app: BokehWSGI, make_session: MakeSession, private: Path
) -> None:
    uploaded(app, "shared", "ImageURLTexture", url=str(private))
    session, document = loaded(make_session, "shared")
    (texture,) = document.roots
    assert isinstance(texture, ImageURLTexture)
    assert texture.url == str(private)
    session.store_document(document)
    assert models(session)["p1"]["url"] == str(private)


def test_a_path_in_an_edit_of_a_page_stays_a_path(
    app: BokehWSGI, make_session: MakeSession, private: Path
) -> None:
    document = Document()
    plot = figure(tools="pan")
    plot.line([1, 2], [3, 4])
    document.add_root(plot)
    session = make_session("line", clear=True)
    session.store_document(document)
    (tool,) = plot.tools
    assert isinstance(tool, PanTool)
    edit = {"kind": "ModelChanged", "model": {"id": tool.id}, "attr": "icon", "new": str(private)}
    with session.live(document):
        assert Client(app).post(f"/doc/{session.docid}/edits", json={"edits": [edit]}).status_code == 200
        wait_until(lambda: tool.icon == str(private))
    plot.title = "goes on"
    session.store_document(document)
    assert "what%20is%20private" not in json.dumps(models(session))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_in_a_document_is_not_waited_for(
    app: BokehWSGI, make_session: MakeSession, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    uploaded(app, "shared", "ImageURLTexture", url=str(pipe))
    _, document = loaded(make_session, "shared")
    assert [getattr(root, "url", "") for root in document.roots] == [str(pipe)]


PICTURE: Any = Image


def parts(prop: Property[Any]) -> Iterator[Property[Any]]:
    yield prop
    for part in getattr(prop, "type_params", ()):
        yield from parts(part)


def with_pictures() -> Iterator[tuple[str, str]]:
    """The class and name of all attributes of Bokeh that take the path of a picture from a script."""
    for name, cls in sorted(Model.model_class_reverse_map.items()):
        if cls.__module__.startswith("bokeh.models."):
            for attribute in sorted(cls.properties()):
                if any(isinstance(part, PICTURE) for part in parts(cls.lookup(attribute).property)):
                    yield name, attribute


@pytest.mark.filterwarnings("ignore:.*was deprecated")
def test_no_attribute_of_bokeh_opens_a_file(private: Path) -> None:
    found = list(with_pictures())
    assert len(found) > 40
    for name, attribute in found:
        cls: Any = Model.model_class_reverse_map[name]
        model = cls()
        set_attribute(model, attribute, str(private))
        assert getattr(model, attribute) == str(private), (name, attribute)


def test_values_that_fit_no_picture_are_refused() -> None:
    switch = Switch()
    with pytest.raises(ValueError, match="Image"):
        set_attribute(switch, "on_icon", 5)
    for icon in ("save", "--mine", ".mine", "data:image/png;base64,AAAA", "https://localhost/a.png"):
        set_attribute(switch, "on_icon", icon)
        assert switch.on_icon == icon


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("Title", "text_font_size", "1" * 5000),
        ("Drawer", "size", "1" * 5000),
        ("Text", "text_font_size", {"type": "value", "value": "1" * 5000}),
    ],
)
def test_a_length_of_many_digits_is_refused_at_once(
    name: str, attribute: str, value: Any, app: BokehWSGI, make_session: MakeSession
) -> None:
    uploaded(app, "shared", name, **{attribute: value})
    began = time.process_time()
    loaded(make_session, "shared")
    assert time.process_time() - began < 2


def test_lengths_are_set_as_before() -> None:
    title: Any = Model.model_class_reverse_map["Title"]()
    set_attribute(title, "text_font_size", "1.5em")
    assert title.text_font_size == "1.5em"
    div = Div()
    set_attribute(div, "text", "x" * 5000)
    assert div.text == "x" * 5000
