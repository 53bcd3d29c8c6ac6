"""``bokeh.io`` with output to plot servers, as in Bokeh 0.9.

::

    output_server("line")    # send plots to the document "line" of a bokeh-server
    show(p)                  # publish, and open p in the browser
    push()                   # publish what changed since

Without `output_server`, all functions work as in Bokeh.
"""

import sys
import warnings
from functools import partial
from typing import Any

import bokeh.io as bokeh_io
from bokeh.document import Document
from bokeh.io import curdoc as curdoc
from bokeh.io import export_png as export_png
from bokeh.io import export_svg as export_svg
from bokeh.io import export_svgs as export_svgs
from bokeh.io import install_notebook_hook as install_notebook_hook
from bokeh.io import push_notebook as push_notebook
from bokeh.io import save as save
from bokeh.io.state import curstate
from bokeh.layouts import column as _column
from bokeh.layouts import row as _row
from bokeh.model import Model
from bokeh.models import Column, Row
from bokeh.models.ui import UIElement
from bokeh.util.browser import view

from .client.account.account import DEFAULT_SERVER_URL
from .client.publish.store_loop import OnTakenOver
from .client.session import Session
from .client.show.foreign import model_of
from .client.show.notebook import notebook_title

__all__ = sorted(
    {
        *bokeh_io.__all__,
        "cursession",
        "hplot",
        "output_server",
        "push",
        "vform",
        "vplot",
    }
)


class ServerState:
    """The state of `output_server`: its session, and new plots that are not in the document yet."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self._created: list[Model] = []
        self._added: list[Model] = []
        self._converted: dict[int, tuple[Any, Model]] = {}

    def reset(self, session: Session | None = None) -> None:
        self.session = session
        self._created.clear()
        self._added.clear()
        self._converted.clear()

    def model_of(self, obj: Any, document: Document) -> Model:
        """The Bokeh model of a plot of any library; the same at each call."""
        if id(obj) not in self._converted:
            self._converted[id(obj)] = obj, model_of(obj, document)
        return self._converted[id(obj)][1]

    def note_created(self, plot: Model) -> None:
        """Remember a new plot: the next `settle` adds it, unless another model contains it by then."""
        if self.session is not None:
            self._created.append(plot)

    def add(self, obj: Model, document: Document) -> None:
        """Add ``obj`` to ``document``, if it is not in it."""
        if obj.document is not document:
            document.add_root(obj)
            self._added.append(obj)

    def settle(self, document: Document) -> None:
        """Add new plots that are in no document; remove roots that another root contains."""
        created, self._created = self._created, []
        for plot in created:
            if plot.document is None:
                self.add(plot, document)
        roots = document.roots
        self._added = [obj for obj in self._added if obj in roots]
        if len(roots) > 1:
            for obj in list(self._added):
                if any(obj in root.references() for root in roots if root is not obj):
                    document.remove_root(obj)
                    self._added.remove(obj)


_state = ServerState()


def output_server(
    docname: str,
    session: Session | None = None,
    url: str = "default",
    name: str | None = None,
    clear: bool = True,
    *,
    share_view: bool = False,
    on_taken_over: OnTakenOver | None = None,
    ca_certs: str | None = None,
) -> None:
    """Publish to the document with this title on a plot server; document and link stay the same over reruns.

    With ``clear`` the first `push` or `show` replaces the content of the document, also in open pages.
    Without, the document is loaded into `curdoc`, and plots are added to it. With ``share_view``, all viewers
    share zoom and pan. ``on_taken_over`` is the reaction when another script starts the document anew:
    "raise" an error at each store (the default), "retake" the document, or "stop" storing in it.
    ``ca_certs``: a file of CA certificates to trust, besides the usual ones, in a session created here.
    Raises `ServerUnreachable` if no server answers at ``url`` (default: http://localhost:5006/), and
    `NotTrusted` if its certificate is not trusted.
    """
    if session is None:
        root_url = DEFAULT_SERVER_URL if url == "default" else url
        session = Session(name=name, root_url=root_url, ca_certs=ca_certs)
    session.use_doc(docname, clear=clear, share_view=share_view, on_taken_over=on_taken_over)
    document = curdoc()
    document.clear()
    _state.reset(session)
    session.on_publish = partial(_push_if_current, session)
    if not clear:
        session.load_document(document)


def _push_if_current(session: Session) -> None:
    if session is _state.session:
        push()


def cursession() -> Session | None:
    """The session of `output_server`, or None."""
    return _state.session


def show(
    obj: Any, browser: str | None = None, new: Any = "tab", notebook_handle: bool = False, **kwargs: Any
) -> Any:
    """Publish ``obj``, print its link, and open it in the browser (in a notebook: below the cell).

    Without `output_server` it works as in Bokeh; so do `output_file` and `output_notebook` besides it.
    """
    session, state = _state.session, curstate()
    if session is None:
        return bokeh_io.show(obj, browser, new, notebook_handle, **kwargs)
    shown = list(obj) if isinstance(obj, list | tuple) else [obj]
    objects = [_state.model_of(item, curdoc()) for item in shown]
    for model in objects:
        _state.add(model, curdoc())
    push()
    link = session.object_link(objects[0]) if len(objects) == 1 else session.document_link()
    if state.notebook:
        for item in objects:
            session.show(item)
        return None
    print(f"bokeh_wsgi: {link}", file=sys.stderr)  # noqa: T201 - people need the link
    view(link, browser, new)
    return bokeh_io.show(obj, browser, new) if state.file else None


def push(
    session: Session | None = None, document: Document | None = None, state: ServerState | None = None
) -> None:
    """Send the changes of ``document`` (default: `curdoc`) to ``session`` (default: `cursession`)."""
    state = _state if state is None else state
    session = state.session if session is None else session
    if session is None:
        warnings.warn(
            "push() called but no session was supplied and output_server(...) was never called, "
            "nothing pushed",
            stacklevel=2,
        )
        return
    if document is None:
        document = curdoc()
        state.settle(document)
    session.store_document(document)


def reset_output(state: Any = None) -> None:
    """Forget all outputs, and start a new `curdoc`."""
    _state.reset()
    bokeh_io.reset_output(state)


def output_file(
    filename: Any,
    title: str = "Bokeh Plot",
    mode: Any = None,
    root_dir: Any = None,
    *,
    autosave: bool = False,  # noqa: ARG001 - in Bokeh 0.9, it saved after each glyph
) -> None:
    """As ``bokeh.io.output_file``."""
    bokeh_io.output_file(filename, title, mode, root_dir)


def output_notebook(
    resources: Any = None,
    verbose: bool = False,
    hide_banner: bool = False,
    *args: Any,
    url: str | None = None,
    docname: str | None = None,
    session: Session | None = None,
    name: str | None = None,
    **kwargs: Any,
) -> None:
    """As ``bokeh.io.output_notebook``; with ``url``, ``session`` or ``name`` also `output_server`.

    ``docname`` defaults to the name of the notebook, or of its folder if that is unknown, so that each run
    uses the same document.
    """
    bokeh_io.output_notebook(resources, verbose, hide_banner, *args, **kwargs)
    if url or session or name or docname:
        output_server(docname or notebook_title(), session, url or "default", name)


def hplot(*children: UIElement, **kwargs: Any) -> Row:
    """Plots side by side; `push` publishes them. The name in Bokeh today is ``bokeh.layouts.row``."""
    layout = _row(*children, **kwargs)
    _state.note_created(layout)
    return layout


def vplot(*children: UIElement, **kwargs: Any) -> Column:
    """Plots in a column; `push` publishes them. The name in Bokeh today is ``bokeh.layouts.column``."""
    layout = _column(*children, **kwargs)
    _state.note_created(layout)
    return layout


vform = vplot
