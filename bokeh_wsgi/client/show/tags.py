"""HTML tags that show a session's document, or one plot of it, live in a page elsewhere."""

import secrets
from html import escape
from typing import Protocol
from urllib.parse import quote

import bokeh
from bokeh.model import Model

Size = int | str
Plot = Model | str | None
"""A model, or the name or id of one that the document holds; None is the whole document."""


class Links(Protocol):
    """The addresses and tokens of a stored document and its models; `Session` implements it."""

    @property
    def docid(self) -> str: ...

    @property
    def base_url(self) -> str: ...

    def document_link(self, public: bool = False) -> str: ...

    def object_link(self, obj: Model, public: bool = False) -> str: ...

    def embed_token(self, *, public: bool = False) -> str: ...

    def frame_code(self) -> str: ...

    def wire_id(self, obj: Model) -> str: ...


def script_tag(links: Links, plot: Plot, *, public: bool = False, element: str | None = None) -> str:
    """A ``<script>`` tag that draws ``plot`` into ``element``, or where the tag is if there is none."""
    attributes = {
        "data-bokeh-doc": links.docid,
        "data-bokeh-model": None if plot is None else _address(links, plot),
        "data-bokeh-token": links.embed_token(public=public),
        "data-bokeh-base": links.base_url,
        "data-bokeh-version": bokeh.__version__,
        "data-bokeh-element": element,
    }
    # Without ?v=…: a page that is kept for years must load the script of the server's version at that time.
    return f'<script src="{escape(links.base_url)}autoload.js" async {_attributes(attributes)}></script>'


def new_element() -> str:
    """A unique id for the element that a `script_tag` draws into."""
    return f"bokeh-{secrets.token_hex(8)}"


def frame_tag(
    links: Links,
    plot: Plot,
    *,
    width: Size,
    height: Size,
    public: bool = False,
    writes: bool = False,
) -> str:
    """An ``<iframe>`` tag with ``plot``; no script of the server runs outside of it.

    With ``writes``, what people do in it changes the document; see `Session.frame_code`.
    """
    link = frame_link(links, plot, public=public)
    attributes: dict[str, str | None] = {
        "src": f"{link}&code={quote(links.frame_code(), safe='')}" if writes else link,
        "width": str(width),
        "height": str(height),
        "style": "border: 0",
        "loading": "lazy",
        # The address contains the token.
        "referrerpolicy": "no-referrer",
        "title": "Live plot",
    }
    return f"<iframe {_attributes(attributes)}></iframe>"


def frame_link(links: Links, plot: Plot, *, public: bool = False) -> str:
    """The address of a page without the server's header, for a frame in another page."""
    link = links.document_link()
    if plot is not None:
        link = f"{link}/{quote(_address(links, plot), safe='')}"
    if public:
        return f"{link}?public=true&embed=1"
    return f"{link}?embed=1&token={quote(links.embed_token(), safe='')}"


def _address(links: Links, plot: Model | str) -> str:
    """The plot's name if it is unique, else its id.

    Ids are numbered: after an edit of the script the plot may have another one, and links would break.
    """
    if isinstance(plot, str):
        return plot
    document = plot.document
    if plot.name and document is not None and len(list(document.select({"name": plot.name}))) == 1:
        return plot.name
    return links.wire_id(plot)


def _attributes(values: dict[str, str | None]) -> str:
    return " ".join(f'{name}="{escape(value)}"' for name, value in values.items() if value is not None)
