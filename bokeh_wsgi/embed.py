"""HTML tags that show live plots in other web pages.

::

    autoload_server(p, session)    # a <script> tag: the plot appears in its place
    components(p, session)         # a script for the end of the page, and a <div> for the plot
    iframe(p, session)             # an <iframe>: no script of the plot server runs in the page

A plot is a model, or the name or id of a model in the document, which another script may have published; None
is the whole document.

Each tag has a token that can only read this document, until ``session.withdraw_tokens()``. Tags with
``public=True`` have none, and work for a document after `Session.publish`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, overload

from bokeh.model import Model

from .client.publish.store_loop import not_in_document
from .client.session import Session
from .client.show.tags import Plot, Size, frame_tag, new_element, script_tag
from .io import cursession, push

__all__ = ["autoload_document", "autoload_server", "components", "document_link", "iframe", "object_link"]


def _session(session: Session | None, *plots: Plot) -> Session:
    """The session to use (default: of `output_server`), after it has stored the plots."""
    used = cursession() if session is None else session
    if used is None:
        raise ValueError("pass a session, or call output_server() first")
    models = [plot for plot in plots if isinstance(plot, Model)]
    if used is cursession() and any(model.document is None for model in models):
        push()
    for model in models:
        _store(used, model)
    if plots:
        used.flush()
    return used


def _store(session: Session, model: Model) -> None:
    """Store the document of a model, unless it is stored; raises ValueError if the model is in none."""
    if session.is_stored(model):
        return
    if model.document is None:
        raise ValueError(not_in_document(model))
    session.store_document(model.document)


def document_link(session: Session | None = None, public: bool = False) -> str:
    """The URL of the page of the document (default: of `output_server`)."""
    return _session(session).document_link(public)


def object_link(obj: Model, session: Session | None = None, public: bool = False) -> str:
    """The URL of the page of ``obj`` alone, which must be stored."""
    return _session(session).object_link(obj, public)


def autoload_server(plot: Plot = None, session: Session | None = None, public: bool = False) -> str:
    """A ``<script>`` tag that shows ``plot`` live in its place.

    For the ``<body>`` of a page of any site; all tags of a page share one connection and one BokehJS. Stores
    the plot with its document if necessary; raises ValueError if it is in none.
    """
    return script_tag(_session(session, plot), plot, public=public)


def autoload_document(session: Session | None = None, public: bool = False) -> str:
    """`autoload_server` of the whole document."""
    return autoload_server(None, session, public)


@overload
def components(
    plots: Plot = None, session: Session | None = None, public: bool = False
) -> tuple[str, str]: ...
@overload
def components(
    plots: Sequence[Model] | list[str] | tuple[str, ...], session: Session | None = None, public: bool = False
) -> tuple[str, tuple[str, ...]]: ...
@overload
def components(
    plots: Mapping[str, Model] | Mapping[str, str], session: Session | None = None, public: bool = False
) -> tuple[str, dict[str, str]]: ...
def components(plots: Any = None, session: Session | None = None, public: bool = False) -> tuple[str, Any]:
    """``(script, div)`` for a template: the script for the end of the page, the div for the plot.

    Several plots work as in ``bokeh.embed.components``: a list gives a tuple of divs, a dict a dict.
    """
    named = plots if isinstance(plots, Mapping) else dict(enumerate(_listed(plots)))
    used = _session(session, *named.values())
    places = {name: new_element() for name in named}
    tags = [script_tag(used, plot, public=public, element=places[name]) for name, plot in named.items()]
    divs = {name: f'<div id="{place}"></div>' for name, place in places.items()}
    script = "\n".join(tags)
    if isinstance(plots, Mapping):
        return script, divs
    return script, tuple(divs.values()) if _is_several(plots) else divs[0]


def _listed(plots: Any) -> Sequence[Plot]:
    return plots if _is_several(plots) else [plots]


def _is_several(plots: Any) -> bool:
    return isinstance(plots, Sequence) and not isinstance(plots, str)


def iframe(
    plot: Plot = None,
    session: Session | None = None,
    *,
    width: Size = "100%",
    height: Size = 600,
    public: bool = False,
) -> str:
    """An ``<iframe>`` tag that shows ``plot`` live, for any page of any site.

    For pages that allow no scripts of other origins: scripts of the document run inside the frame.
    """
    return frame_tag(_session(session, plot), plot, width=width, height=height, public=public)
