"""`DocumentInUse`: connects what stores a session's document with what follows it."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from bokeh.document import Document

from bokeh_wsgi.exc import SessionError
from bokeh_wsgi.models.state import State

from .account.documents import Documents
from .account.pulling import Puller
from .columns.column_ops import ColumnOps
from .follow.callback_runner import Notice
from .follow.follow_loop import FollowLoop, ViewersCallback
from .follow.inbound import Inbound
from .follow.pending_callbacks import PendingCallbacks
from .printable import printable
from .publish.ownership import Ownership
from .publish.publisher import Publisher
from .publish.steps import Step
from .publish.store_loop import OnTakenOver, StoreLoop
from .transport.transport import Transport


class DocumentInUse:
    """One document of the server, from one `Session.use_doc` to the next.

    ``created`` is the server's answer to its creation. All methods but `stop`, `leave` and `raise_ended` are
    called with the session's ``lock`` held.
    """

    def __init__(
        self,
        documents: Documents,
        transport: Transport,
        lock: threading.RLock,
        created: Mapping[str, Any],
        *,
        title: str,
        clear: bool,
        share_view: bool,
        compares: bool,
        merges: bool,
        on_taken_over: OnTakenOver,
        viewers_callbacks: Sequence[ViewersCallback],
    ) -> None:
        self.docid = str(created["docid"])
        self.puller = Puller(transport, self.docid)
        ownership = Ownership(starts_anew=clear, generation=created.get("generation"))
        # Others may have started it: no new model may get an id that the document ever had.
        ownership.ids.tags_new = not clear and created.get("seq", 0) > 0
        self.publisher = Publisher(
            ownership, title=title, share_view=share_view, columns=ColumnOps(compares=compares)
        )
        self.stores = StoreLoop(
            transport,
            self.docid,
            self.publisher,
            lock,
            seq=int(created.get("seq", 0)),
            merges=merges,
            on_taken_over=on_taken_over,
            pull=self.puller.state,
            find_host=lambda: printable(documents.access(self.docid).get("host", "")),
            reconcile=self._reconcile,
            reload=self._reload,
        )
        self.live: FollowLoop | None = None
        self._viewers_callbacks = viewers_callbacks

    def load(self, document: Document) -> None:
        """Update a Bokeh document to what the server has, and call the callbacks for what changed."""
        if not self.stores.is_lost:
            self.stores.flush()
        self.publisher.watch.dirty(document)
        pending = PendingCallbacks()
        self._inbound(document, pending).load(self.puller.state())
        self.stores.joined(document)
        pending.call()

    def follow(self, document: Document, *, notice: Notice | None, interval_s: float) -> FollowLoop:
        """Store a document, load what others added to it, and start to follow it; not in a thread yet."""
        publisher = self.publisher
        self.stores.store_document(document)
        self.stores.flush()
        if not publisher.columns.compares:
            publisher.columns.compares, publisher.followed = True, None
        if not publisher.holds_all():
            self.load(document)
        if self.stores.is_closed:
            raise SessionError("a callback has made this session use another document: that is not followed")
        live = FollowLoop(
            document,
            self.stores,
            self.puller,
            viewers_callbacks=self._viewers_callbacks,
            notice=notice,
            interval_s=interval_s,
        )
        live.start()
        # From here on any thread may stop it.
        self.live = live
        try:
            # Callbacks may have changed something while it was loaded.
            self.stores.store_document(document)
        except BaseException:
            live.stop()
            raise
        return live

    def manual_loop(self) -> FollowLoop | None:
        """The loop of `Session.next_change`, if one is on; raises `SessionError` beside `run` or `live`."""
        live = self.live
        if live is None or not live.is_on:
            return None
        if not live.is_manual:
            raise SessionError("next_change() is for sessions without run() or live(): stop() that first")
        return live

    def stop(self) -> None:
        """Stop following, if it is on; raises the error, if any, that ended it before."""
        if self.live is not None:
            self.live.stop()

    def leave(self) -> None:
        """Stop following, since the session changes to another document."""
        self.stop()
        self.live = None

    def close(self) -> None:
        self.stores.close()

    def raise_ended(self) -> None:
        """Raise the error, if any, that ended the following in the background."""
        if self.live is not None:
            self.live.raise_error()

    def _inbound(self, document: Document, pending: PendingCallbacks | None = None) -> Inbound:
        live = self.live
        if pending is None and live is not None and live.is_on and live.document is document:
            return live.inbound
        return Inbound(self.publisher, document, self.puller, pending=pending)

    def _reconcile(self, document: Document, step: Step) -> None:
        self._inbound(document).reconcile(step)

    def _reload(self, document: Document, state: State) -> None:
        self._inbound(document).load(state, sorts=True)
