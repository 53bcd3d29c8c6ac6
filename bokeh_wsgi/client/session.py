"""`Session`: a script's connection to a plot server."""

import json
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote
from wsgiref.types import WSGIApplication

from bokeh.document import Document
from bokeh.model import Model
from bokeh.util.serialization import make_id

from bokeh_wsgi.dataplane import Op, OpCode, Reader, column_from, encode_upload
from bokeh_wsgi.exc import ServerRefused, SessionError
from bokeh_wsgi.models.state import State

from .account import DEFAULT_SERVER_URL, DEFAULT_USER, NO_KEY
from .column_ops import ColumnOps
from .documents import Documents
from .loader import Loader, ids_in_use, move_counter_past
from .notebook import show_in_notebook
from .publisher import Publisher, Step
from .sender import Sender
from .serializer import closure
from .transport import ARROW_STREAM

BURST_S = 0.01
"""A store that follows another one sooner than this does not wait for its answer."""


class Session(Documents):
    """A user's connection to one server, and to one document there at a time.

    Nothing is sent before it is needed: no server at ``root_url`` shows at the first call that wants one.
    With ``app`` (any WSGI app, such as a `BokehWSGI`) the session calls it in this process.

    All methods are thread-safe. `store_document` and `store_objects` send one change, or nothing if nothing
    changed; a change is applied whole or not at all. While the server is away they try again for ``retry_s``
    seconds; then they raise `ServerUnreachable`, and the next call sends what is missing.
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

    def use_doc(self, name: str | None = None, docid: str | None = None, *, clear: bool = False) -> None:
        """Use a document of this user by title (made if there is none), or any by docid.

        With ``clear`` the first store replaces all that it holds, in one change that open pages follow;
        without, the models that this session stores join those that are there.
        """
        if (name is None) == (docid is None):
            raise ValueError("use_doc() needs either a name or a docid")
        with self._lock:
            if self._sender is not None:
                self._sender.close()
            self._docid = self.make_doc(name) if docid is None and name is not None else docid
            self._publisher = self._new_publisher(title=name or "", starts_anew=clear)
            self._sender = None

    def _new_publisher(self, *, title: str = "", starts_anew: bool = False) -> Publisher:
        return Publisher(title=title, starts_anew=starts_anew, columns=ColumnOps(compares=self._compares))

    def store_document(self, doc: Document, dirty_only: bool = True) -> list[Model]:
        """Send what changed in ``doc`` since the last store; returns the models it holds.

        With ``dirty_only=False`` all columns are sent whole.
        """
        with self._lock:
            self._publisher.sends_whole |= not dirty_only
            self._sending().store(lambda: self._step(doc, None))
            return list(doc.models)

    def store_objects(self, *objs: Model, columns: Collection[str] | None = None, **kwargs: Any) -> None:
        """Send what changed in these models and all they lead to, such as a source's columns.

        Where a source was only changed by ``stream`` and ``patch`` since the last store, just that is sent
        and no column is compared, so that the cost does not depend on their length; values written in place
        besides are then found by one of the next stores. With ``columns``, only columns of these names are
        looked at. Other keywords are accepted as in Bokeh 0.9, and have no effect. Raises ValueError for a
        model that is in no document and has not been stored.
        """
        del kwargs
        with self._lock:
            sender = self._sending()
            is_burst = self._merges and time.monotonic() - self._stored < BURST_S
            (sender.store_soon if is_burst else sender.store)(lambda: self._step(None, objs, columns))
            self._stored = time.monotonic()

    def flush(self) -> None:
        """Wait until the server has all that was stored; raises what went wrong on the way there."""
        with self._lock:
            if self._sender is not None:
                self._sender.flush()

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
        answer = self._transport.request("GET", f"changes?doc={quote(self.docid, safe='')}:0&wait=0")
        reader = Reader(limits=None)
        state = State()
        for change in reader.feed(answer.body):
            end = change.meta.get("end")
            if end is not None:
                raise ServerRefused(
                    f"no document {self.docid!r} on {self.base_url} ({end})", status=404, body={}
                )
            state.apply(change.ops, change.seq)
        if not reader.ended:
            raise SessionError(f"the answer of {self.base_url} was cut")
        return state

    def load_document(self, doc: Document) -> None:
        """Bring ``doc`` to what the server has: models that it knows change, others are added or go.

        Models of ``doc`` that this session has not stored stay. Columns come as arrays, lists and tuples, as
        they were. Callbacks set with ``on_change`` are called for what changed.
        """
        with self._lock:
            self.flush()
            state = self.pull_state()
            old = self._publisher
            present = self._present(doc, state)
            self._move_aside(doc, state, present)
            loader = Loader(state, {wire: local for local, wire in old.wire_ids.items()}, present)
            self._fill(doc, state, loader)
            old.join(state)

    def _present(self, doc: Document, state: State) -> dict[str, Model]:
        """The models of ``doc`` that are this session's, by their id in the document."""
        found = {self._publisher.wire_id(model): model for model in closure(doc.roots, {}).objects.values()}
        if self._publisher.shadow.graph.config is not None:
            found |= {self._publisher.wire_id(model): model for model in doc.config.references()}
        types = {key: rep["name"] for key, rep in self._publisher.shadow.graph.models.items()}
        return {
            key: model
            for key, model in found.items()
            if key in state.graph.models and types.get(key) == state.graph.models[key]["name"]
        }

    def _move_aside(self, doc: Document, state: State, present: Mapping[str, Model]) -> None:
        """Have no two models of one id: those to be made get new ids here, models of ours new ones there."""
        publisher = self._publisher
        foreign = state.graph.models.keys() - present.keys()
        local = ids_in_use(foreign, doc)
        move_counter_past(state.graph.models)
        for wire_id in local:
            publisher.rename(wire_id)
            publisher.wire_ids[make_id()] = wire_id

    def _fill(self, doc: Document, state: State, loader: Loader) -> None:
        graph = state.graph
        roots = [loader.model(root) for root in graph.roots]
        loader.refresh()
        mine = {key for key in self._publisher.shadow.graph.roots if key not in graph.roots}
        for root in doc.roots:
            if self._publisher.wire_id(root) in mine:
                doc.remove_root(root)
        for root in roots:
            doc.add_root(root)
        if graph.config is not None:
            doc._config = loader.value(graph.config)
        callbacks = doc.callbacks.js_event_callbacks
        callbacks.clear()
        callbacks.update({} if graph.callbacks is None else loader.value(graph.callbacks))
        if graph.title:
            doc.title = graph.title

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
        state = self.pull_state()
        found = []
        for key, rep in state.graph.models.items():
            if objid not in (None, key) or typename not in (None, rep["name"]):
                continue
            columns = {
                name: held.values.column() for (model, name), held in state.columns.items() if model == key
            }
            data = {"data": {name: column.values() for name, column in columns.items()}} if columns else {}
            found.append({"type": rep["name"], "id": key, "attributes": {**rep["attributes"], **data}})
        return found

    def push(self, *jsonobjs: Mapping[str, Any]) -> None:
        """Set attributes of models by hand: objects as `pull` gives them, with the attributes to set."""
        events = []
        ops = []
        for obj in jsonobjs:
            attributes = dict(obj["attributes"])
            for name, values in attributes.pop("data", {}).items():
                column = column_from(values)
                ops.append(Op(OpCode.REPLACE, model=obj["id"], column=name, count=column.rows, values=column))
            events += [
                {"kind": "ModelChanged", "model": {"id": obj["id"]}, "attr": name, "new": value}
                for name, value in attributes.items()
            ]
        if events:
            ops.insert(0, Op(OpCode.PATCH, json=json.dumps({"events": events}, allow_nan=False)))
        if ops:
            self.flush()
            headers = {"Content-Type": ARROW_STREAM, "Idempotency-Key": secrets.token_urlsafe(12)}
            path = f"doc/{quote(self.docid, safe='')}/changes"
            self._transport.request("POST", path, headers=headers, pieces=encode_upload(self.docid, ops))

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

    def is_stored(self, obj: Model) -> bool:
        """Whether the model was stored or loaded by this session, and the document still holds it."""
        return self._docid is not None and self._publisher.knows(obj)

    def wire_id(self, obj: Model) -> str:
        """The id of a model in the document: its own, or another if that was taken there."""
        return self._publisher.wire_id(obj)

    def object_link(self, obj: Model, public: bool = False) -> str:
        """The address of a page with this model alone; the ``public`` one is for everybody."""
        link, _, query = self.document_link(public).partition("?")
        return f"{link}/{quote(self.wire_id(obj), safe='')}{query and '?' + query}"

    def show(self, obj: Model) -> None:
        """In a notebook, show the live model below the cell, with its document stored.

        The notebook keeps what it shows, and so a token that reads this document: `withdraw_tokens` ends it.
        """
        show_in_notebook(self, obj)
