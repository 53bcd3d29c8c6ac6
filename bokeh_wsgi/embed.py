"""Live plots in pages of your own.

::

    autoload_server(p, session)    # a <script> tag: the plot appears where the tag stands
    components(p, session)         # the script for the end of the page, and a <div> for the plot's place
    iframe(p, session)             # an <iframe>: no script of the plot server runs in your page

A plot is a model, or the name (or id) of one that the document holds, as for a site whose plots are published
by scripts elsewhere; None is the whole document.

What is private stays so: each tag has a token that reads this one document, and no more. It works until
``session.withdraw_tokens()``. With ``public=True`` tags show what `Session.publish` gave to everybody.
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
    """The session to use (default: of `output_server`), after the plots were stored by it."""
    used = cursession() if session is None else session
    if used is None:
        raise ValueError("say which session, or call output_server() first")
    models = [plot for plot in plots if isinstance(plot, Model)]
    if used is cursession() and any(model.document is None for model in models):
        push()
    for model in models:
        _store(used, model)
    if plots:
        used.flush()
    return used


def _store(session: Session, model: Model) -> None:
    """Store the document of a model, unless the server has it; raises ValueError if it is in none."""
    if session.is_stored(model):
        return
    if model.document is None:
        raise ValueError(not_in_document(model))
    session.store_document(model.document)


def document_link(session: Session | None = None, public: bool = False) -> str:
    """The address of the page with the whole document (default: of `output_server`)."""
    return _session(session).document_link(public)


def object_link(obj: Model, session: Session | None = None, public: bool = False) -> str:
    """The address of the page with ``obj`` alone; it must have been stored."""
    return _session(session).object_link(obj, public)


def autoload_server(plot: Plot = None, session: Session | None = None, public: bool = False) -> str:
    """A ``<script>`` tag that shows ``plot`` live, right where it stands.

    For any page of any site, in its ``<body>``; all tags of a page share one connection and one BokehJS.
    A plot that was not stored is stored, with its document; ValueError if it is in none.
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
    """``(script, div)`` for a template: the script for the end of the page, the div for the plot's place.

    Several plots as in ``bokeh.embed.components``: of a list, a tuple of divs; of a dict, a dict of them.
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

    For pages that want no script of another origin: what the document does, it does inside the frame.
    """
    return frame_tag(_session(session, plot), plot, width=width, height=height, public=public)
