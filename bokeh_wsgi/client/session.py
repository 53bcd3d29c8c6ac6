"""`Session`: a script's connection to a plot server."""

from urllib.parse import quote

from bokeh.model import Model

from .interacting import Interacting
from .show.notebook import show_in_notebook


class Session(Interacting):
    """A user's connection to one server, and to one document there at a time.

    Nothing is sent before it is needed: no server at ``root_url`` shows at the first call that wants one.
    With ``app`` (any WSGI app, such as a `BokehWSGI`) the session calls it in this process.

    All methods are thread-safe. `store_document` and `store_objects` send one change, or nothing if nothing
    changed; a change is applied whole or not at all. While the server is away they try again for ``retry_s``
    seconds; then they raise `ServerUnreachable`, and the next call sends what is missing. `run` and `live`
    bring back what others change, call the callbacks that are set for it, and send what those change.
    """

    def gc(self) -> dict[str, str]:
        """The server removes models that nothing leads to by itself: there is nothing to do."""
        return {"status": "success"}

    def rename(self, title: str) -> None:
        """Give the document another title; its links stay. Raises `ServerRefused` if that one is taken."""
        super().rename(title)
        with self._lock:
            self._publisher.title = title

    def publish(self) -> str:
        """Let everybody see the document, live, also without signing in; returns its public link.

        Plots that were made since `output_server` and not pushed yet are, first.
        """
        if self.on_publish is not None:
            self.on_publish()
        self.flush()
        return super().publish()

    def object_link(self, obj: Model, public: bool = False) -> str:
        """The address of a page with this model alone; the ``public`` one is for everybody."""
        link, _, query = self.document_link(public).partition("?")
        return f"{link}/{quote(self.wire_id(obj), safe='')}{query and '?' + query}"

    def show(self, obj: Model) -> None:
        """In a notebook, show the live model below the cell, with its document stored.

        The notebook keeps what it shows, and so a token that reads this document: `withdraw_tokens` ends it.
        """
        show_in_notebook(self, obj)
