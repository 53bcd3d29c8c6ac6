"""``bokeh.session`` and ``bokeh.document`` with the names of Bokeh 0.9."""

from typing import Any, NoReturn

from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi import io
from bokeh_wsgi.client import DEFAULT_SERVER_URL
from bokeh_wsgi.client import Session as Today


class PlotContext:
    """``document.context`` of Bokeh 0.9: all plots of a document, as one object to link to."""

    def __init__(self, document: Document) -> None:
        self.document = document

    @property
    def children(self) -> list[Model]:
        """A copy: plots are added with ``document.add``."""
        return list(self.document.roots)


class Session(Today):
    """A session that uses ``default_url`` if the script gives the default server."""

    default_url = DEFAULT_SERVER_URL

    def __init__(
        self, name: str | None = None, root_url: str = DEFAULT_SERVER_URL, *args: Any, **kwargs: Any
    ) -> None:
        is_default = root_url.rstrip("/") + "/" == DEFAULT_SERVER_URL
        super().__init__(name, self.default_url if is_default else root_url, *args, **kwargs)

    def object_link(self, obj: Model | PlotContext, public: bool = False) -> str:
        return (
            self.document_link(public) if isinstance(obj, PlotContext) else super().object_link(obj, public)
        )

    def poll_document(self, document: Document, interval: float = 0.5) -> NoReturn:
        """Not supported in unchanged scripts."""
        raise NotImplementedError("poll_document(): import from bokeh_wsgi instead, and call session.run()")


def output_server(
    docname: str,
    session: Today | None = None,
    url: str = "default",
    name: str | None = None,
    clear: bool = True,
) -> None:
    """As ``bokeh_wsgi.io.output_server``."""
    if session is None:
        session = Session(name, DEFAULT_SERVER_URL if url == "default" else url)
    io.output_server(docname, session, clear=clear)


def output_notebook(
    url: str | None = None,
    docname: str | None = None,
    session: Today | None = None,
    name: str | None = None,
    resources: Any = None,
    verbose: bool = False,
    hide_banner: bool = False,
) -> None:
    """As ``bokeh_wsgi.io.output_notebook``, with the arguments in the order of Bokeh 0.9."""
    if session is None and (url or name or docname):
        session = Session(name, DEFAULT_SERVER_URL if url in (None, "default") else str(url))
    io.output_notebook(resources, verbose, hide_banner, docname=docname, session=session)


def _add(self: Document, *objects: Model) -> None:
    for obj in objects:
        self.add_root(obj)


def extend_document() -> None:
    """Add ``add`` and ``context`` of Bokeh 0.9 to the documents of this process."""
    for name, member in (("add", _add), ("context", property(PlotContext))):
        setattr(Document, name, member)
