"""The two-way side of a session: it follows its document, and calls back what others do."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from bokeh.document import Document
from bokeh.io import curdoc

from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import SessionError

from .follow.follow_loop import Change, FollowLoop, ViewersCallback
from .pulling import Pulling

NOTICE = "bokeh_wsgi.notice"


class Interacting(Pulling):
    """What a session does to hear of pages and other scripts."""

    _live: FollowLoop | None = None
    _presence_callbacks: tuple[ViewersCallback, ...] = ()

    def run(self, doc: Document | None = None, *, show_errors: bool = False) -> None:
        """Follow the document, and call back in this thread, until Ctrl-C or `stop`.

        What pages and other scripts change is set on the models of ``doc``, which is stored first (default:
        what was stored or loaded last, else `curdoc`). Then callbacks set with ``on_change``, ``on_event``,
        ``on_click`` and the like are called, one at a time, and what they changed is sent as one change;
        values that were overtaken meanwhile are left out, events never. Periodic and other timed callbacks
        of the document are called as well. An error in a callback is logged, with ``show_errors`` also shown
        on the pages, and the others go on.

        While the server is away it is tried again. Raises `SessionError` with the reason when the document
        was deleted, or may not be read or written any more.
        """
        self._begin(doc, show_errors).run()

    def live(self, doc: Document | None = None, *, show_errors: bool = False) -> FollowLoop:
        """As `run`, in a thread named "bokeh-wsgi-live", until ``stop`` of what it returns.

        That is also the end of a ``with`` block of it, of the session, and of the script.
        Another `live` or `run` takes over. What ends it by itself is logged, and raised by the session's next
        call.
        """
        live = self._begin(doc, show_errors)
        live.spawn()
        return live

    def poll_document(self, doc: Document, interval: float = 0.5) -> FollowLoop:
        """`live` for this document, which changes every ``interval`` seconds at most. Of Bokeh 0.9."""
        live = self._begin(doc, show_errors=False, interval_s=interval)
        live.spawn()
        return live

    def next_change(self, timeout: float | None = None) -> Change | None:
        """For loops of your own: wait until others change something, take it in, call back, and store.

        None after ``timeout`` seconds without a change. The first call begins to follow, as `run` does.
        """
        live = self._live
        if live is not None and live.is_on and not live.is_manual:
            raise SessionError("next_change() is for sessions without run() or live(): stop() that first")
        if live is None or not live.is_on:
            live = self._begin(None, show_errors=False)
        deadline = None if timeout is None else time.monotonic() + timeout
        while live.is_on:
            try:
                change = live.round(deadline)
            except SessionError:
                live.close_with_error()
                raise
            if change is not None:
                return change
            if deadline is not None and time.monotonic() >= deadline:
                return None
        return None

    def stop(self) -> None:
        """End `run`, `live` or the following of `next_change`; may be called by a callback, and twice."""
        live = self._live
        if live is not None:
            live.stop()

    def viewers(self) -> int:
        """How many pages show the document now."""
        answer = self._transport.request("GET", f"doc/{quote(self.docid, safe='')}/viewers")
        return int(answer.json()["viewers"])

    def on_viewers(self, callback: Callable[[int], Any]) -> None:
        """Have ``callback(n)`` called when the first page opens and, with 0, when the last one closes."""
        self._presence_callbacks += (callback,)

    def notice(self, text: str) -> None:
        """Show a small notice on the open pages, for ten seconds."""
        told = json.dumps({"name": NOTICE, "values": {"text": str(text)}})
        self._upload([Op(OpCode.EVENT, json=told)])

    def close(self) -> None:
        """End `live`, send what is left to send, and give connections back; the document stays there."""
        try:
            self.stop()
        finally:
            super().close()

    def _leave_document(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _begin(self, doc: Document | None, show_errors: bool, interval_s: float = 0.0) -> FollowLoop:
        former, self._live = self._live, None
        if former is not None:
            former.stop()
        document = self._document_here() if doc is None else doc
        live = FollowLoop(self, document, show_errors=show_errors, interval_s=interval_s)
        live.start()
        self._live = live
        return live

    def _document_here(self) -> Document:
        known = None if self._document is None else self._document()
        return curdoc() if known is None else known

    def _publish_first(self, document: Document) -> None:
        """Plots that were made since `output_server` and not pushed yet are, too."""
        if self.on_publish is not None and document is curdoc():
            self.on_publish()
        self.store_document(document)
        self.flush()

    def _raise_ended(self) -> None:
        if self._live is not None:
            self._live.raise_error()
