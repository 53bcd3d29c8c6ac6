"""HTML tags that show a session's document, or one plot of it, live in a page elsewhere."""

import secrets
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import bokeh
from bokeh.model import Model

if TYPE_CHECKING:
    from bokeh_wsgi.client.session import Session

Size = int | str
Plot = Model | str | None
"""A model, or the name or id of one that the document holds; None is the whole document."""


def script_tag(session: "Session", plot: Plot, *, public: bool = False, element: str | None = None) -> str:
    """A ``<script>`` that draws ``plot`` into ``element``, or else where it stands."""
    store(session, plot)
    told = {
        "data-bokeh-doc": session.docid,
        "data-bokeh-model": None if plot is None else _address(session, plot),
        "data-bokeh-token": session.embed_token(public=public),
        "data-bokeh-base": session.base_url,
        "data-bokeh-version": bokeh.__version__,
        "data-bokeh-element": element,
    }
    # Without ?v=…: a page that somebody keeps for years is to get the script of the server as it is then.
    return f'<script src="{escape(session.base_url)}autoload.js" async {_attributes(told)}></script>'


def new_element() -> str:
    """An id for an element that a `script_tag` draws into."""
    return f"bokeh-{secrets.token_hex(8)}"


def frame_tag(
    session: "Session",
    plot: Plot,
    *,
    width: Size,
    height: Size,
    public: bool = False,
    writes: bool = False,
) -> str:
    """An ``<iframe>`` with ``plot``: no script of the server runs outside of it.

    With ``writes``, what people do in it goes to the document, for some hours.
    """
    store(session, plot)
    link = frame_link(session, plot, public=public)
    told: dict[str, str | None] = {
        "src": f"{link}&code={quote(session.frame_code(), safe='')}" if writes else link,
        "width": str(width),
        "height": str(height),
        "style": "border: 0",
        "loading": "lazy",
        # The address has the token in it.
        "referrerpolicy": "no-referrer",
        "title": "Live plot",
    }
    return f"<iframe {_attributes(told)}></iframe>"


def frame_link(session: "Session", plot: Plot, *, public: bool = False) -> str:
    """The address of a page without a header around it, to be shown in a frame of another page."""
    link = session.document_link()
    if plot is not None:
        link = f"{link}/{quote(_address(session, plot), safe='')}"
    if public:
        return f"{link}?public=true&embed=1"
    return f"{link}?embed=1&token={quote(session.embed_token(), safe='')}"


def store(session: "Session", plot: Plot) -> None:
    """Have the server hold ``plot``, with all its document; raises ValueError if it is in none."""
    if isinstance(plot, Model) and not session.is_stored(plot):
        if plot.document is None:
            raise ValueError(f"{plot} is in no document: show() it, or curdoc().add_root() it, first")
        session.store_document(plot.document)
    session.flush()


def _address(session: "Session", plot: Model | str) -> str:
    """The plot's name if it is the only one of that name, else its id.

    Ids are counted out: an edited script may give the plot another one, and pages elsewhere would lose it.
    """
    if isinstance(plot, str):
        return plot
    document = plot.document
    if plot.name and document is not None and len(list(document.select({"name": plot.name}))) == 1:
        return plot.name
    return session.wire_id(plot)


def _attributes(values: dict[str, str | None]) -> str:
    return " ".join(f'{name}="{escape(value)}"' for name, value in values.items() if value is not None)
