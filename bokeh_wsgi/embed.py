"""Live plots in pages of your own."""

import html

from bokeh.model import Model

from .client.session import Session
from .io import cursession


def _session(session: Session | None) -> Session:
    found = cursession() if session is None else session
    if found is None:
        raise ValueError("say which session, or call output_server() first")
    return found


def document_link(session: Session | None = None) -> str:
    """The address of the page with the whole document (default: of `output_server`)."""
    return _session(session).document_link()


def object_link(obj: Model, session: Session | None = None) -> str:
    """The address of the page with ``obj`` alone; it must have been stored."""
    return _session(session).object_link(obj)


def iframe(
    obj: Model, session: Session | None = None, *, width: int | str = "100%", height: int | str = 600
) -> str:
    """An ``<iframe>`` tag that shows ``obj`` live, for any page that may reach the server."""
    link = html.escape(object_link(obj, session))
    size = f'width="{html.escape(str(width))}" height="{html.escape(str(height))}"'
    return f'<iframe src="{link}" {size} style="border: 0" loading="lazy" title="Live plot"></iframe>'
