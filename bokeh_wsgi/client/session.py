"""`Session`: a script's connection to a plot server."""

import os
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Literal, Self
from urllib.parse import quote
from wsgiref.types import WSGIApplication

from bokeh.document import Document
from bokeh.io import curdoc
from bokeh.model import Model

from bokeh_wsgi.exc import SessionError
from bokeh_wsgi.models.state import State
from bokeh_wsgi.protocol import DEFAULT_USER, NO_KEY

from .account.account import DEFAULT_SERVER_URL, Account, Options
from .account.documents import Documents
from .account.signed_in import SignedIn
from .document_in_use import DocumentInUse
from .follow.follow_loop import Live, ViewersCallback
from .follow.remote_change import RemoteChange
from .publish.store_loop import OnTakenOver, checked_policy
from .raw_models import models_of, notice_op, ops_of
from .show.notebook import show_in_notebook


class Session(SignedIn):
    """A user's connection to one server, and to one document there at a time.

    Nothing is sent before it is needed: no server at ``root_url`` shows at the first call that wants one.
    With ``app`` (any WSGI app, such as a `BokehWSGI`) the session calls it in this process.

    All methods are thread-safe. `store_document` and `store_objects` send one change, or nothing if nothing
    changed; a change is applied whole or not at all. While the server is away they try again for ``retry_s``
    seconds; then they raise `ServerUnreachable`, and the next call sends what is missing. `run` and `live`
    bring back what others change, call the callbacks that are set for it, and send what those change. When
    another script starts the document anew, ``on_taken_over`` says what this one does: "raise" `TakenOver` at
    each store, "retake" the document, or "stop" storing in it.
    """

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
        # A file of certificates to trust besides the usual ones and those that SSL_CERT_FILE and
        # REQUESTS_CA_BUNDLE name, as for a server with one of its own making. None: as it was saved.
        ca_certs: str | None = None,
        # What to do when another script has started the document anew.
        on_taken_over: OnTakenOver = "raise",
    ) -> None:
        if diff not in ("auto", "off"):
            raise ValueError(f'diff is "auto" or "off", not {diff!r}')
        options = Options(root_url, app, retry_s, timeout_s, ca_certs, load_from_config, configdir)
        account = Account(options, name, username, userapikey)
        super().__init__(account)
        self._documents = Documents(account)
        self._lock = threading.RLock()
        self._on_taken_over = checked_policy(on_taken_over)
        self._viewers_callbacks: list[ViewersCallback] = []
        self._in_use: DocumentInUse | None = None
        self._open = partial(
            DocumentInUse,
            self._documents,
            account.transport,
            self._lock,
            compares=diff == "auto",
            merges=merge and app is None,
            viewers_callbacks=self._viewers_callbacks,
        )
        self.on_publish: Callable[[], None] | None = None

    def __repr__(self) -> str:
        docid = None if self._in_use is None else self._in_use.docid
        return f"<Session {self.username} at {self.root_url}, document {docid}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End `live`, send what is left to send, and give connections back; the document stays there."""
        with ExitStack() as last_first:
            last_first.callback(self.http_session.close)
            last_first.callback(self.flush)
            self.stop()

    # The document in use

    @property
    def docid(self) -> str:
        """The document in use; raises `SessionError` before `use_doc`."""
        return self._used().docid

    @property
    def seq(self) -> int:
        """The last change of this session that the server has taken; 0 if there is none."""
        return 0 if self._in_use is None else self._in_use.publisher.shadow.seq

    def use_doc(
        self,
        name: str | None = None,
        docid: str | None = None,
        *,
        clear: bool = False,
        share_view: bool = False,
        on_taken_over: OnTakenOver | None = None,
    ) -> None:
        """Use a document of this user by title (made if there is none), or any by docid.

        With ``clear`` the first store replaces all that it holds, in one change that open pages follow;
        without, the models that this session stores join those that are there. With ``share_view``, what one
        viewer zooms or pans to is what all see, and what the tools of the toolbar are set to.
        ``on_taken_over``: see `Session` (default: what that says).
        """
        if (name is None) == (docid is None):
            raise ValueError("use_doc() needs either a name or a docid")
        policy = self._on_taken_over if on_taken_over is None else checked_policy(on_taken_over)
        if self._in_use is not None:
            self._in_use.leave()
        created = {"docid": docid} if name is None else self._documents.make(name)
        with self._lock:
            if self._in_use is not None:
                self._in_use.close()
            self._in_use = self._open(
                created, title=name or "", clear=clear, share_view=share_view, on_taken_over=policy
            )

    def make_doc(self, title: str) -> str:
        """The docid of this user's document of that title; makes the document if there is none."""
        return str(self._documents.make(title)["docid"])

    def find_doc(self, name: str) -> str:
        """The same as `make_doc`: a title names one document of a user."""
        return self.make_doc(name)

    def delete_doc(self, docid: str | None = None) -> None:
        """Delete a document (default: the one in use) and all its data; its open pages say so."""
        self._documents.delete(self.docid if docid is None else docid)

    def rename(self, title: str) -> None:
        """Give the document another title; its links stay. Raises `ServerRefused` if that one is taken."""
        self._documents.rename(self.docid, title)
        with self._lock:
            self._used().publisher.title = title

    # Storing

    def store_document(self, doc: Document, dirty_only: bool = True) -> list[Model]:
        """Send what changed in ``doc`` since the last store; returns the models it holds.

        With ``dirty_only=False`` all columns are sent whole. Raises `TakenOver` if another script has started
        the document anew.
        """
        with self._lock:
            self._ready().stores.store_document(doc, whole=not dirty_only)
            return list(doc.models)

    def store_objects(self, *objs: Model, columns: Collection[str] | None = None, **kwargs: Any) -> None:
        """Send what changed in these models and all they lead to, such as a source's columns.

        Where a source was only changed by ``stream`` and ``patch`` since the last store, just that is sent
        and no column is compared, so that the cost does not depend on their length; values written in place
        besides are then found by one of the next stores. With ``columns``, only columns of these names are
        looked at. Other keywords are accepted as in Bokeh 0.9, and have no effect. Raises ValueError for a
        model that is in no document and has not been stored, and `TakenOver` as `store_document`.
        """
        del kwargs
        with self._lock:
            self._ready().stores.store_objects(objs, columns)

    def flush(self) -> None:
        """Wait until the server has all that was stored; raises what went wrong on the way there."""
        with self._lock:
            if self._in_use is not None:
                self._ready().stores.flush()

    def is_stored(self, obj: Model) -> bool:
        """Whether the model was stored or loaded by this session, and the document still holds it."""
        with self._lock:
            return self._in_use is not None and self._in_use.publisher.ownership.knows(obj)

    def wire_id(self, obj: Model) -> str:
        """The id of a model in the document: its own, or another if that was taken there."""
        with self._lock:
            return self._used().publisher.ownership.wire_of(obj)

    def gc(self) -> dict[str, str]:
        """The server removes models that nothing leads to by itself: there is nothing to do."""
        return {"status": "success"}

    # Reading

    def pull_state(self) -> State:
        """The document as the server has it now: graph and columns."""
        return self._used().puller.state()

    def load_document(self, doc: Document) -> None:
        """Bring ``doc`` to what the server has: models that it knows change, others are added or go.

        Models of ``doc`` that this session has not stored stay. Columns come as arrays, lists and tuples, as
        they were. Callbacks set with ``on_change`` are called for what changed.
        """
        with self._lock:
            self._used().load(doc)

    def load_object(self, obj: Model, doc: Document) -> None:
        """Bring ``obj`` to what the server has, and with it all of ``doc``; ``obj`` must be in ``doc``."""
        if obj.document is not doc:
            raise ValueError(f"{obj} is not in this document")
        self.load_document(doc)

    def pull(self, typename: str | None = None, objid: str | None = None) -> list[dict[str, Any]]:
        """Models as the server has them, ``{"type", "id", "attributes"}``; sources with their ``data``."""
        if (typename is None) != (objid is None):
            raise ValueError("pull() needs both a typename and an objid, or neither")
        self.flush()
        return models_of(self.pull_state(), typename, objid)

    def push(self, *jsonobjs: Mapping[str, Any]) -> None:
        """Set attributes of models by hand: objects as `pull` gives them, with the attributes to set."""
        ops = ops_of(jsonobjs)
        if ops:
            self.flush()
            with self._lock:
                self._used().stores.upload(ops)

    # Following

    def run(self, doc: Document | None = None, *, show_errors: bool = False) -> None:
        """Follow the document, and call back in this thread, until Ctrl-C or `stop`.

        What pages and other scripts change is set on the models of ``doc``, which is stored first (default:
        what was stored or loaded last, else `curdoc`). Then callbacks set with ``on_change``, ``on_event``,
        ``on_click`` and the like are called, one at a time, and what they changed is sent as one change;
        values that were overtaken meanwhile are left out, events never. Periodic and other timed callbacks
        of the document are called as well. An error in a callback is logged, with ``show_errors`` also shown
        on the pages, and the others go on.

        While the server is away it is tried again. Raises `SessionError` with the reason when the document
        was deleted, or may not be read or written any more, or was started anew by another script while this
        one has models of its own in it.
        """
        self._begin(doc, show_errors=show_errors).run()

    def live(self, doc: Document | None = None, *, show_errors: bool = False) -> Live:
        """As `run`, in a thread named "bokeh-wsgi-live", until ``stop`` of what it returns.

        That is also the end of a ``with`` block of it, of the session, and of the script.
        Another `live` or `run` takes over. What ends it by itself is logged, and raised by the session's next
        call.
        """
        return self._begin(doc, show_errors=show_errors).spawn()

    def poll_document(self, doc: Document, interval: float = 0.5) -> Live:
        """`live` for this document, which changes every ``interval`` seconds at most. Of Bokeh 0.9."""
        return self._begin(doc, interval_s=interval).spawn()

    def next_change(self, timeout: float | None = None) -> RemoteChange | None:
        """For loops of your own: wait until others change something, take it in, call back, and store.

        None after ``timeout`` seconds without a change. The first call begins to follow, as `run` does.
        """
        live = self._used().manual_loop() or self._begin(None)
        return live.next_change(timeout)

    def stop(self) -> None:
        """End `run`, `live` or the following of `next_change`; may be called by a callback, and twice."""
        if self._in_use is not None:
            self._in_use.stop()

    def viewers(self) -> int:
        """How many pages show the document now."""
        return self._documents.viewers(self.docid)

    def on_viewers(self, callback: Callable[[int], Any]) -> None:
        """Have ``callback(n)`` called when the first page opens and, with 0, when the last one closes."""
        self._viewers_callbacks.append(callback)

    def notice(self, text: str) -> None:
        """Show a small notice on the open pages, for ten seconds."""
        with self._lock:
            self._used().stores.upload([notice_op(str(text))])

    # Sharing and showing

    @property
    def access(self) -> dict[str, Any]:
        """Who may do what: ``{"title", "owner", "right", "published", "shares", "link", "public_link"}``.

        ``right`` is this user's: "read", "write" or "own". ``shares``, a list of ``{"user", "right"}``, are
        for the owner to see; others get an empty list. Who may write also sees the ``host`` whose script
        started the document anew the last time.
        """
        return self._documents.access(self.docid)

    def publish(self) -> str:
        """Let everybody see the document, live, also without signing in; returns its public link.

        Plots that were made since `output_server` and not pushed yet are, first.
        """
        if self.on_publish is not None:
            self.on_publish()
        self.flush()
        self._documents.publish(self.docid)
        return self.document_link(public=True)

    def unpublish(self) -> None:
        """Take `publish` back; public pages that are open say so and stop."""
        self._documents.unpublish(self.docid)

    def share(self, user: str, right: Literal["read", "write"] = "read") -> None:
        """Let another user see the document, or change it too. Raises `ServerRefused` for an unknown user."""
        self._documents.share(self.docid, user, right)

    def unshare(self, user: str) -> None:
        """Take `share` back; pages of that user that are open say so and stop.

        If the user could write, all embed tokens of the document end too: make the tags anew.
        """
        self._documents.unshare(self.docid, user)

    def embed_token(self, *, public: bool = False) -> str:
        """What lets a page elsewhere read this document and nothing else; made once per session.

        It ends with `withdraw_tokens`, and when somebody may no longer write to the document; a ``public``
        one also when that is unpublished.
        """
        return self._documents.embed_token(self.docid, public=public)

    def frame_code(self) -> str:
        """What makes an embedded frame one in which people do things as this user does, for 12 hours.

        It ends sooner with the tokens (`withdraw_tokens`), or with this session's key.
        """
        return self._documents.frame_code(self.docid)

    def withdraw_tokens(self) -> None:
        """End all embed tokens of the document, whoever made them: pages elsewhere stop showing it."""
        self._documents.withdraw_tokens(self.docid)

    def document_link(self, public: bool = False) -> str:
        """The address of the document's page; the ``public`` one shows what people see who don't sign in."""
        return self._documents.link(self.docid, public=public)

    def object_link(self, obj: Model, public: bool = False) -> str:
        """The address of a page with this model alone; the ``public`` one is for everybody."""
        link, _, query = self.document_link(public).partition("?")
        return f"{link}/{quote(self.wire_id(obj), safe='')}{query and '?' + query}"

    def show(self, obj: Model) -> None:
        """In a notebook, show the live model below the cell, with its document stored.

        The notebook keeps what it shows, and so a token that reads this document: `withdraw_tokens` ends it.
        """
        with self._lock:
            self._ready().stores.hold(obj)
        show_in_notebook(self, obj)

    def _used(self) -> DocumentInUse:
        if self._in_use is None:
            raise SessionError("this session has no document yet: call use_doc(title) first")
        return self._in_use

    def _ready(self) -> DocumentInUse:
        """The document in use; raises the error, if any, that ended `live` in the background."""
        used = self._used()
        used.raise_ended()
        return used

    def _begin(self, doc: Document | None, *, show_errors: bool = False, interval_s: float = 0.0) -> Live:
        used = self._used()
        used.stop()
        document = (used.stores.document or curdoc()) if doc is None else doc
        if self.on_publish is not None and document is curdoc():
            self.on_publish()
        with self._lock:
            return used.follow(document, notice=self.notice if show_errors else None, interval_s=interval_s)
