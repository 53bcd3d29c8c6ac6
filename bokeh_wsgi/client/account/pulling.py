"""`Puller`: reads a document from its server, as it is now or what has changed in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bokeh_wsgi.client.printable import printable
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.dataplane import Change, Reader
from bokeh_wsgi.exc import ServerRefused, SessionError
from bokeh_wsgi.models.state import State


@dataclass(frozen=True, slots=True)
class Puller:
    """Reads one document of a server."""

    transport: Transport
    docid: str

    def state(self) -> State:
        """The document as the server has it now: graph and columns."""
        state = State()
        for change in self.changes(0):
            state.apply(change.ops, change.seq)
        return state

    def changes(self, after: int) -> Sequence[Change]:
        """The changes of the document after a ``seq``; the server may merge them."""
        answer = self.transport.request("GET", f"changes?doc={quote(self.docid, safe='')}:{after}&wait=0")
        reader = Reader(limits=None)
        changes = reader.feed(answer.body)
        for change in changes:
            end = change.meta.get("end")
            if end is not None:
                where = f"{self.docid!r} on {self.transport.base_url}"
                raise ServerRefused(f"no document {where} ({printable(end)})", status=404, body={})
        if not reader.ended:
            raise SessionError(f"the answer of {self.transport.base_url} was cut")
        return changes
