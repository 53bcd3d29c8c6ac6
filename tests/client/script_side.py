"""A script with a document of its own, as one of several sides of it."""

from typing import Any

import bokeh.util.serialization
import numpy as np
from bokeh.document import Document
from bokeh.models.widgets import Div, Slider

from bokeh_wsgi import BokehWSGI, Session

from .scripts import (
    document_of,
    named,
    source_of,
)

ANEW = "another script has started 'shared' anew"


class Counted:
    """An app that counts uploads."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.uploads = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/changes"):
            self.uploads += 1
        return self.app(environ, start_response)


class ScriptSide:
    """A script with a document of its own, in a session of its own."""

    def __init__(self, app: BokehWSGI, document: Document | None = None, **options: Any) -> None:
        self.app = Counted(app)
        self.document: Any = Document() if document is None else document
        self.session: Any = Session(app=self.app)
        self.session.use_doc("shared", clear=document is not None, **options)
        if document is None:
            self.session.load_document(self.document)
        else:
            self.store()

    def store(self) -> None:
        self.session.store_document(self.document)

    def named(self, name: str) -> Any:
        return named(self.document, name)

    @property
    def uploads(self) -> int:
        return self.app.uploads


def plot_like() -> Document:
    return document_of(
        Div(text="first", name="text"),
        Slider(start=0, end=99, value=1, name="slider"),
        source_of("source", x=np.arange(4.0), y=np.zeros(4)),
    )


def others(side: ScriptSide) -> Document:
    """What another script would start the same document with."""
    return document_of(Div(text="anew", name="other"), source_of("source", y=np.ones(3)))


class ids_from:  # noqa: N801 - reads as a clause of with
    """As in a process of its own: Bokeh counts ids from there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __enter__(self) -> None:
        module: Any = bokeh.util.serialization
        self.before = module._simple_id
        module._simple_id = self.number

    def __exit__(self, *error: object) -> None:
        module: Any = bokeh.util.serialization
        module._simple_id = max(module._simple_id, self.before)
