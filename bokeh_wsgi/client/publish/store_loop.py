"""Stores what a script changed in one document: makes steps, has them sent, makes them anew if refused."""

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

from bokeh_wsgi.client.transport.answer import ARROW_STREAM, telling
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.dataplane import Op, encode_upload
from bokeh_wsgi.exc import Conflict, PastGeneration, SessionError, TakenOver
from bokeh_wsgi.models.state import State

from .publisher import Publisher
from .sender import Make, Sender
from .steps import Step
from .undrawn import Undrawn

log = logging.getLogger("bokeh_wsgi")

OnTakenOver = Literal["raise", "retake", "stop"]
"""What a script does when another one has started its document anew."""

BURST_S: Final = 0.01
"""A store that follows another one sooner than this does not wait for its answer."""
ABSORB_ATTEMPTS: Final = 25
"""How many times a refused step is rebuilt on top of others' changes before the document is pulled for it."""
RETAKE_ATTEMPTS: Final = 5
"""How many times in one call a document is taken back that another script starts anew all the time."""


class StoreLoop:
    """Sends what is own in one document. All methods are called with ``lock`` held.

    ``seq`` is what the document was at. ``pull`` gives it as the server has it, ``find_host`` the machine
    whose script started it anew. ``reconcile`` brings loaded things to the server's state, below a step that
    was refused; ``reload`` brings a document here to a state of another generation.
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
        """Whether another script has taken the document over, and this one does not mind."""
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
        """What was stored or loaded last, if it is still there."""
        return None if self._document is None else self._document()

    def is_about(self, document: Document) -> None:
        """This is what the document in use is here."""
        self._document = weakref.ref(document)

    @property
    def is_lost(self) -> bool:
        """Whether another script has taken the document over: nothing is stored any more."""
        return self.is_stopped or self._loss is not None

    def joined(self, document: Document) -> None:
        """The document was loaded, in whatever generation it is: so this session goes on in that."""
        self.is_about(document)
        if self.is_lost:
            self._loss, self.is_stopped, self._starts = None, False, False

    def close(self) -> None:
        """Give up what could not be sent."""
        self.is_closed = True
        self._sender.close()
        self.publisher.watch.end()

    def store_document(self, document: Document, *, whole: bool = False) -> None:
        """Send what changed in a document; with ``whole`` all its columns."""
        self.is_about(document)
        self.publisher.sends_whole |= whole
        self.store(lambda: self.publisher.document_step(document))

    def store_objects(self, objects: Sequence[Model], columns: Collection[str] | None = None) -> None:
        """Send what changed in these models and what they lead to; in the background, if it is a burst."""
        is_burst = self._merges and time.monotonic() - self._stored < BURST_S
        make = self._objects_step(objects, columns)
        if is_burst:
            self._guarded(lambda: self._sender.store_soon(make))
        else:
            self.store(make)
        self._stored = time.monotonic()

    def store(self, make: Make, attempts: int | None = None) -> None:
        """Send a step; made anew where others were faster, as often as `Sender.store` says."""
        self._guarded(lambda: self._sender.store(make, attempts))

    def flush(self) -> None:
        """Wait until the server has all that was stored; raises what went wrong on the way there."""
        self._guarded(self._sender.flush, is_store=False)

    def flush_quietly(self) -> None:
        """As `flush`, but leaves what went wrong in the background to the next call to raise."""
        self._guarded(self._sender.flush_quietly, is_store=False)

    def upload(self, ops: Sequence[Op]) -> None:
        """Send ops as a change of their own, of which the shadow knows nothing."""
        key = secrets.token_urlsafe(12)
        path, pieces = f"doc/{quote(self.docid, safe='')}/changes", encode_upload(self.docid, ops)

        def send() -> None:
            headers = {"Content-Type": ARROW_STREAM, "Idempotency-Key": key}
            generation = self.publisher.ownership.generation
            if generation is not None:
                headers["Document-Generation"] = generation
            self._transport.request("POST", path, headers=headers, pieces=pieces, is_whole=telling("seq"))

        self._guarded(send)

    def hold(self, obj: Model) -> None:
        """Have the server hold a model, with all its document; raises ValueError if it is in none."""
        if not self.publisher.ownership.knows(obj):
            if obj.document is None:
                raise ValueError(not_in_document(obj))
            self.store_document(obj.document)
        self.flush()

    def take_over(self, error: PastGeneration) -> None:
        """The stream says that another script has started the document anew: do what `on_taken_over` says."""
        self._lost(error)
        self.flush()

    # Taken over

    def _guarded(self, action: Callable[[], Any], *, is_store: bool = True) -> None:
        """Do it in the present generation, or in the next one where the script wants that."""
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
                if not self._follows_on():
                    self._lost(error)

    def _follows_on(self) -> bool:
        """Who follows and has made nothing gets the new document; answers to the old one are dropped."""
        document = self.document
        if self.publisher.absorb is None or self.publisher.ownership.made or document is None:
            return False
        self._reload(document, self._pull())
        return True

    def _learn_generation(self) -> None:
        """A session that joins a document says for which generation its first upload is, too."""
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
        """Store the document whole that was taken back."""
        document = self.document
        if self._is_retaken and document is not None:
            self._sender.store(lambda: self.publisher.document_step(document))
        self._is_retaken = False

    # Refused

    def _resolve(self, conflict: Conflict, step: Step) -> None:
        """Make the next step fit what the server says it holds: see the cases in the code.

        A column that somebody else wrote is among those that `refuse` forgets: ours is the last word; unless
        the document is followed, then what both did is put together.
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
                # Somebody has taken models or columns of ours out of the document.
                self._reconcile(self._document_of(step), step)
        publisher.rename(step.objects, conflict.taken)

    def _document_of(self, step: Step) -> Document:
        here = next((model.document for model in step.objects.values() if model.document is not None), None)
        document = self.document or here
        if document is None:
            raise SessionError("somebody else has taken these models out of the document")
        return document

    def _restore(self, step: Step, error: PastGeneration | None) -> None:
        """Store the models again of a step that was refused in the background."""
        if error is not None:
            self._lost(error)
        if not self.is_stopped:
            self._store_again()
            self._sender.store(self._objects_step(list(step.objects.values())))

    # Steps

    def _objects_step(self, objects: Sequence[Model], columns: Collection[str] | None = None) -> Make:
        def make() -> Step | None:
            document = self._document_of_strangers(objects)
            if document is not None:
                return self.publisher.document_step(document)
            return self.publisher.objects_step(objects, columns)

        return make

    def _document_of_strangers(self, objects: Sequence[Model]) -> Document | None:
        """The document of objects that the server does not have, or no longer; None if it has them all."""
        ownership = self.publisher.ownership
        strangers = [obj for obj in objects if ownership.starts_anew or not ownership.knows(obj)]
        for obj in strangers:
            if obj.document is None:
                raise ValueError(not_in_document(obj))
        document = strangers[0].document if strangers else None
        if document is not None and self.document is None:
            self.is_about(document)
        return document


def checked_policy(on_taken_over: OnTakenOver) -> OnTakenOver:
    """The policy; raises ValueError if there is none of that name."""
    if on_taken_over not in ("raise", "retake", "stop"):
        raise ValueError(f'on_taken_over is "raise", "retake" or "stop", not {on_taken_over!r}')
    return on_taken_over


def not_in_document(obj: Model) -> str:
    """Says that a model cannot be stored."""
    return f"{obj} is in no document: show() it, or curdoc().add_root() it, first"
