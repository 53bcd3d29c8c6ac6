"""The sending side of a session: what changed in a document or in objects, as one change."""

import math
import os
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal
from urllib.parse import quote
from wsgiref.types import WSGIApplication

from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.dataplane import Change, Op, Reader, encode_upload
from bokeh_wsgi.exc import ServerRefused, SessionError
from bokeh_wsgi.models.state import State

from .account.account import DEFAULT_SERVER_URL, DEFAULT_USER, NO_KEY
from .account.documents import Documents
from .columns.column_ops import ColumnOps
from .publish.publisher import Publisher
from .publish.sender import Sender
from .publish.steps import Step
from .transport.transport import ARROW_STREAM

BURST_S = 0.01
"""A store that follows another one sooner than this does not wait for its answer."""


class Storing(Documents):
    """What a session does to publish."""

    def __init__(
        self,
        name: str | None = None,
        root_url: str = DEFAULT_SERVER_URL,
        userapikey: str = NO_KEY,
        username: str = DEFAULT_USER,
        load_from_config: bool = True,
        configdir: str | os.PathLike[str] | None = None,
        *,
        app: WSGIApplication | None = None,
        # How long to try again while the server is away, once it has been reached.
        retry_s: float = 60.0,
        # How long to wait for an answer.
        timeout_s: float = 60.0,
        # How changed columns are found: "auto" compares them with copies of what the server has, unless
        # `stream` and `patch` have said it; "off" sends them whole at each store, and keeps no copies.
        diff: Literal["auto", "off"] = "auto",
        # Stores that follow each other faster than the server answers are sent in the background, as one;
        # what goes wrong with them is raised by the next call, or by `flush`. False: every store waits for
        # its answer, and so it does with an ``app``.
        merge: bool = True,
        # A file of certificates to trust besides the usual ones, as for a server with one of its own making.
        ca_certs: str | None = None,
    ) -> None:
        super().__init__(
            name,
            root_url,
            userapikey,
            username,
            load_from_config,
            configdir,
            app=app,
            retry_s=retry_s,
            timeout_s=timeout_s,
            ca_certs=ca_certs,
        )
        self.on_publish: Callable[[], None] | None = None
        self._lock = threading.RLock()
        if diff not in ("auto", "off"):
            raise ValueError(f'diff is "auto" or "off", not {diff!r}')
        self._compares = diff == "auto"
        self._publisher = self._new_publisher()
        self._sender: Sender | None = None
        self._document: weakref.ref[Document] | None = None
        self._merges = merge and app is None
        self._stored = -math.inf

    def close(self) -> None:
        """Send what a burst has left to send, and give connections back. The document stays on the server."""
        try:
            self.flush()
        finally:
            super().close()

    def __repr__(self) -> str:
        return f"<Session {self.username} at {self.root_url}, document {self._docid}>"

    @property
    def seq(self) -> int:
        """The last change of this session that the server has taken; 0 if there is none."""
        return self._publisher.shadow.seq

    def use_doc(
        self,
        name: str | None = None,
        docid: str | None = None,
        *,
        clear: bool = False,
        share_view: bool = False,
    ) -> None:
        """Use a document of this user by title (made if there is none), or any by docid.

        With ``clear`` the first store replaces all that it holds, in one change that open pages follow;
        without, the models that this session stores join those that are there. With ``share_view``, what one
        viewer zooms or pans to is what all see, and what the tools of the toolbar are set to.
        """
        self._leave_document()
        if (name is None) == (docid is None):
            raise ValueError("use_doc() needs either a name or a docid")
        with self._lock:
            if self._sender is not None:
                self._sender.close()
            self._docid = self.make_doc(name) if docid is None and name is not None else docid
            self._publisher = self._new_publisher(title=name or "", starts_anew=clear)
            self._publisher.share_view = share_view
            self._sender = self._document = None

    def _new_publisher(self, *, title: str = "", starts_anew: bool = False) -> Publisher:
        return Publisher(title=title, starts_anew=starts_anew, columns=ColumnOps(compares=self._compares))

    def store_document(self, doc: Document, dirty_only: bool = True) -> list[Model]:
        """Send what changed in ``doc`` since the last store; returns the models it holds.

        With ``dirty_only=False`` all columns are sent whole.
        """
        self._raise_ended()
        with self._lock:
            self._is_about(doc)
            self._publisher.sends_whole |= not dirty_only
            self._sending().store(lambda: self._step(doc, None))
            return list(doc.models)

    def _is_about(self, doc: Document) -> None:
        """This is what the document in use is here."""
        self._document = weakref.ref(doc)

    def store_objects(self, *objs: Model, columns: Collection[str] | None = None, **kwargs: Any) -> None:
        """Send what changed in these models and all they lead to, such as a source's columns.

        Where a source was only changed by ``stream`` and ``patch`` since the last store, just that is sent
        and no column is compared, so that the cost does not depend on their length; values written in place
        besides are then found by one of the next stores. With ``columns``, only columns of these names are
        looked at. Other keywords are accepted as in Bokeh 0.9, and have no effect. Raises ValueError for a
        model that is in no document and has not been stored.
        """
        del kwargs
        self._raise_ended()
        with self._lock:
            sender = self._sending()
            is_burst = self._merges and time.monotonic() - self._stored < BURST_S
            (sender.store_soon if is_burst else sender.store)(lambda: self._step(None, objs, columns))
            self._stored = time.monotonic()

    def flush(self) -> None:
        """Wait until the server has all that was stored; raises what went wrong on the way there."""
        self._raise_ended()
        with self._lock:
            if self._sender is not None:
                self._sender.flush()

    def _leave_document(self) -> None:
        """End what goes on with the document that was in use so far."""

    def _raise_ended(self) -> None:
        """What ended the following of the document in the background, if something did."""

    def _sending(self) -> Sender:
        if self._sender is None:
            self._sender = Sender(
                self._transport,
                self.docid,
                self._publisher,
                self._lock,
                pull=self.pull_state,
                restore=lambda objects: self._sending().store(lambda: self._step(None, objects)),
            )
        return self._sender

    def _step(
        self,
        document: Document | None,
        objects: Sequence[Model] | None,
        columns: Collection[str] | None = None,
    ) -> Step | None:
        if document is None:
            document = self._document_of_strangers(objects or ())
        if document is not None:
            return self._publisher.document_step(document)
        return self._publisher.objects_step(objects or (), columns)

    def _document_of_strangers(self, objects: Sequence[Model]) -> Document | None:
        """The document of objects that the server does not have, or no longer; None if it has them all."""
        strangers = [obj for obj in objects if self._publisher.starts_anew or not self._publisher.knows(obj)]
        for obj in strangers:
            if obj.document is None:
                raise ValueError(f"{obj} is in no document: show() it, or curdoc().add_root() it, first")
        return strangers[0].document if strangers else None

    def pull_state(self) -> State:
        """The document as the server has it now: graph and columns."""
        state = State()
        for change in self._pull_changes(0):
            state.apply(change.ops, change.seq)
        return state

    def _pull_changes(self, after: int) -> list[Change]:
        """What the document has become since a change, as the server tells it: in one change or several."""
        answer = self._transport.request("GET", f"changes?doc={quote(self.docid, safe='')}:{after}&wait=0")
        reader = Reader(limits=None)
        changes = reader.feed(answer.body)
        for change in changes:
            end = change.meta.get("end")
            if end is not None:
                raise ServerRefused(
                    f"no document {self.docid!r} on {self.base_url} ({end})", status=404, body={}
                )
        if not reader.ended:
            raise SessionError(f"the answer of {self.base_url} was cut")
        return changes

    def _upload(self, ops: Sequence[Op]) -> None:
        """Send ops as a change of their own, of which the shadow knows nothing."""
        headers = {"Content-Type": ARROW_STREAM, "Idempotency-Key": secrets.token_urlsafe(12)}
        pieces = encode_upload(self.docid, ops)
        self._transport.request("POST", f"doc/{self._quoted}/changes", headers=headers, pieces=pieces)

    def is_stored(self, obj: Model) -> bool:
        """Whether the model was stored or loaded by this session, and the document still holds it."""
        return self._docid is not None and self._publisher.knows(obj)

    def wire_id(self, obj: Model) -> str:
        """The id of a model in the document: its own, or another if that was taken there."""
        return self._publisher.wire_id(obj)
