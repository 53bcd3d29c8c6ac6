"""`StoreLoop`: creates and sends the steps of one document, and handles refusals."""

import logging
import math
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final, Literal
from urllib.parse import quote

from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.client.transport.answer import has_fields
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.dataplane import Op, encode_upload
from bokeh_wsgi.exc import Conflict, PastGeneration, SessionError, TakenOver
from bokeh_wsgi.models.state import State
from bokeh_wsgi.protocol import ARROW_STREAM, GENERATION_HEADER, IDEMPOTENCY_HEADER

from .publisher import Publisher
from .sender import Make, Sender
from .steps import Step
from .undrawn import Undrawn

log = logging.getLogger("bokeh_wsgi")

OnTakenOver = Literal["raise", "retake", "stop"]
"""What a script does when another script has started its document anew."""

BURST_S: Final = 0.01
"""A store that comes sooner than this after another one does not wait for its answer."""
ABSORB_ATTEMPTS: Final = 25
"""How many times a refused step is rebuilt on top of others' changes before the document is pulled for it."""
RETAKE_ATTEMPTS: Final = 5
"""How many times one call takes a document back while another script keeps starting it anew."""


class StoreLoop:
    """Stores what is own in one document. All methods are called with ``lock`` held.

    ``seq``: the document's latest change when it was opened. ``pull`` returns the document as the server has
    it; ``find_host`` the machine whose script last started it anew. ``reconcile`` updates what is loaded to
    the server's state after a step was refused; ``reload`` updates a document to a state of another
    generation.
    """

    def __init__(
        self,
        transport: Transport,
        docid: str,
        publisher: Publisher,
        lock: threading.RLock,
        *,
        seq: int,
        merges: bool,
        on_taken_over: OnTakenOver,
        pull: Callable[[], State],
        find_host: Callable[[], str],
        reconcile: Callable[[Document, Step], None],
        reload: Callable[[Document, State], None],
    ) -> None:
        self.docid = docid
        self.publisher = publisher
        self.lock = lock
        self.on_taken_over = on_taken_over
        self.is_closed = False
        """Whether the session uses another document now."""
        self.is_stopped = False
        """Whether another script has taken the document over, and this one ignores stores since."""
        self._transport = transport
        self._merges = merges
        self._pull = pull
        self._find_host = find_host
        self._reconcile = reconcile
        self._reload = reload
        self._starts = publisher.ownership.starts_anew
        self._document: weakref.ref[Document] | None = None
        self._stored = -math.inf
        self._conflicts = 0
        self._seq_of_conflict = -1
        self._loss: TakenOver | None = None
        self._is_retaken = False
        self.undrawn = Undrawn(seq)
        self._sender = Sender(
            transport,
            docid,
            publisher,
            lock,
            warnings=self.undrawn,
            resolve=self._resolve,
            restore=self._restore,
        )

    @property
    def document(self) -> Document | None:
        """The Bokeh document that was stored or loaded last, if it still exists."""
        return None if self._document is None else self._document()

    def is_about(self, document: Document) -> None:
        """Remember the Bokeh document that was stored or loaded last."""
        self._document = weakref.ref(document)

    @property
    def is_lost(self) -> bool:
        """Whether another script has taken the document over: nothing is stored any more."""
        return self.is_stopped or self._loss is not None

    def joined(self, document: Document) -> None:
        """The document was loaded: the session stores again, in the generation that it loaded."""
        self.is_about(document)
        if self.is_lost:
            self._loss, self.is_stopped, self._starts = None, False, False

    def close(self) -> None:
        """Discard what could not be sent."""
        self.is_closed = True
        self._sender.close()
        self.publisher.watch.end()

    def store_document(self, document: Document, *, whole: bool = False) -> None:
        """Send what changed in a document; with ``whole`` all its columns."""
        self.is_about(document)
        self.publisher.sends_whole |= whole
        self.store(lambda: self.publisher.document_step(document))

    def store_objects(self, objects: Sequence[Model], columns: Collection[str] | None = None) -> None:
        """Send what changed in models and all they refer to; in the background if it is a burst."""
        is_burst = self._merges and time.monotonic() - self._stored < BURST_S
        make = self._objects_step(objects, columns)
        if is_burst:
            self._guarded(lambda: self._sender.store_soon(make))
        else:
            self.store(make)
        self._stored = time.monotonic()

    def store(self, make: Make, attempts: int | None = None) -> None:
        """Send a step; see `Sender.store` for what happens if others were faster."""
        self._guarded(lambda: self._sender.store(make, attempts))

    def flush(self) -> None:
        """Wait until the server has everything that was stored; raises errors of the background, too."""
        self._guarded(self._sender.flush, is_store=False)

    def flush_quietly(self) -> None:
        """As `flush`, but errors of the background are left for the next call."""
        self._guarded(self._sender.flush_quietly, is_store=False)

    def upload(self, ops: Sequence[Op]) -> None:
        """Send ops as a change of their own, without the shadow."""
        key = secrets.token_urlsafe(12)
        path, pieces = f"doc/{quote(self.docid, safe='')}/changes", encode_upload(self.docid, ops)

        def send() -> None:
            headers = {"Content-Type": ARROW_STREAM, IDEMPOTENCY_HEADER: key}
            generation = self.publisher.ownership.generation
            if generation is not None:
                headers[GENERATION_HEADER] = generation
            self._transport.request("POST", path, headers=headers, pieces=pieces, is_whole=has_fields("seq"))

        self._guarded(send)

    def hold(self, obj: Model) -> None:
        """Store a model's document if the server does not have the model; ValueError if it is in none."""
        if not self.publisher.ownership.knows(obj):
            if obj.document is None:
                raise ValueError(not_in_document(obj))
            self.store_document(obj.document)
        self.flush()

    def take_over(self, error: PastGeneration) -> None:
        """React as ``on_taken_over`` says to the stream's message that there is another generation."""
        self._lost(error)
        self.flush()

    # Taken over

    def _guarded(self, action: Callable[[], Any], *, is_store: bool = True) -> None:
        """Do an action; if there is another generation by now, react to that, and perhaps do it there."""
        for attempt in range(RETAKE_ATTEMPTS):
            if self.is_stopped:
                return
            if self._loss is not None and is_store:
                raise TakenOver(self._loss.title, self._loss.host)
            try:
                if is_store:
                    self._learn_generation()
                self._store_again()
                if is_store and self.publisher.unfinished is not None:
                    self.publisher.unfinished()
                action()
                self.undrawn.warn()
                return
            except PastGeneration as error:
                if attempt == RETAKE_ATTEMPTS - 1:
                    raise TakenOver(self._name, error.host) from None
                if not self._joins_generation():
                    self._lost(error)

    def _joins_generation(self) -> bool:
        """Whether the new generation was loaded: if the document is followed, and no model in it is ours."""
        document = self.document
        if self.publisher.absorb is None or self.publisher.ownership.created or document is None:
            return False
        self._reload(document, self._pull())
        return True

    def _learn_generation(self) -> None:
        """Ask for the generation: the first upload of a session that joins a document names it, too."""
        ownership = self.publisher.ownership
        if ownership.generation is None and not ownership.starts_anew:
            state = self._pull()
            ownership.generation = state.graph.generation
            ownership.ids.tags_new = state.seq > 0
            ownership.ids.see(state.graph.models)

    @property
    def _name(self) -> str:
        return self.publisher.title or self.docid

    def _lost(self, error: PastGeneration) -> None:
        loss = TakenOver(self._name, error.host or self._find_host())
        if self.on_taken_over == "raise":
            self._loss = loss
            raise loss from None
        if self.on_taken_over == "stop":
            self.is_stopped = True
            log.warning("%s; this script stores nothing there any more", loss)
            return
        log.warning("%s; this script takes it back", loss)
        self._is_retaken = True
        ownership = self.publisher.ownership
        self.publisher.columns.clear()
        self.publisher.watch.clear()
        if self._starts:
            ownership.starts_anew = True
            return
        state = self._pull()
        ownership.begin_again(state)
        document = self.document
        if ownership.is_whole and document is not None:
            self._reload(document, state)

    def _store_again(self) -> None:
        """Store the whole document if it was taken back."""
        document = self.document
        if self._is_retaken and document is not None:
            self._sender.store(lambda: self.publisher.document_step(document))
        self._is_retaken = False

    # Refused

    def _resolve(self, conflict: Conflict, step: Step) -> None:
        """Update the shadow after a conflict, so that the next step fits the server's state.

        If the document is followed, both sides' changes to a column are merged. Otherwise the column is sent
        whole (see `Publisher.refuse`), so this session's values win.
        """
        publisher = self.publisher
        self._conflicts = 1 if publisher.shadow.seq != self._seq_of_conflict else self._conflicts + 1
        self._seq_of_conflict = publisher.shadow.seq
        if publisher.absorb is not None:
            publisher.watch.clear()
            publisher.absorb(step if self._conflicts <= ABSORB_ATTEMPTS else replace(step, undos=None))
        else:
            publisher.refuse(step)
            if conflict.unknown or any(version == 0 for *_, version in conflict.columns):
                # Somebody has removed models or columns that the step uses.
                self._reconcile(self._document_of(step), step)
        publisher.rename(step.objects, conflict.taken)

    def _document_of(self, step: Step) -> Document:
        here = next((model.document for model in step.objects.values() if model.document is not None), None)
        document = self.document or here
        if document is None:
            raise SessionError("somebody else has taken these models out of the document")
        return document

    def _restore(self, step: Step, error: PastGeneration | None) -> None:
        """Store the models of a step again that was refused in the background."""
        if error is not None:
            self._lost(error)
        if not self.is_stopped:
            self._store_again()
            self._sender.store(self._objects_step(list(step.objects.values())))

    # Steps

    def _objects_step(self, objects: Sequence[Model], columns: Collection[str] | None = None) -> Make:
        def make() -> Step | None:
            document = self._document_of_unknown(objects)
            if document is not None:
                return self.publisher.document_step(document)
            return self.publisher.objects_step(objects, columns)

        return make

    def _document_of_unknown(self, objects: Sequence[Model]) -> Document | None:
        """The document of objects that the server does not have; None if it has them all."""
        ownership = self.publisher.ownership
        unknown = [obj for obj in objects if ownership.starts_anew or not ownership.knows(obj)]
        for obj in unknown:
            if obj.document is None:
                raise ValueError(not_in_document(obj))
        document = unknown[0].document if unknown else None
        if document is not None and self.document is None:
            self.is_about(document)
        return document


def checked_policy(on_taken_over: OnTakenOver) -> OnTakenOver:
    """The argument; raises ValueError if there is no such policy."""
    if on_taken_over not in ("raise", "retake", "stop"):
        raise ValueError(f'on_taken_over is "raise", "retake" or "stop", not {on_taken_over!r}')
    return on_taken_over


def not_in_document(obj: Model) -> str:
    """The message for a model that cannot be stored."""
    return f"{obj} is in no document: show() it, or curdoc().add_root() it, first"
