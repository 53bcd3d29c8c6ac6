"""The ``changes`` route: streams documents to readers, from the start or from a seq."""

import logging
import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response

from bokeh_wsgi import dataplane
from bokeh_wsgi.auth import Identity, Right, address_of
from bokeh_wsgi.context import Context
from bokeh_wsgi.dataplane import Buffer
from bokeh_wsgi.exc import BadRequest, Busy, NotFound, StoreError
from bokeh_wsgi.models import Update
from bokeh_wsgi.networks import network_of
from bokeh_wsgi.presence import Page
from bokeh_wsgi.protocol import ARROW_STREAM, WAIT_HEADER
from bokeh_wsgi.reader_memory import Hold
from bokeh_wsgi.stream_slots import StreamSlot

from .lasting_right import LastingRight
from .pieces import Body, checked, gathered

log = logging.getLogger("bokeh_wsgi")

MAX_DOCUMENTS = 64
MAX_WAIT_S = 60.0
# Shortest interval between updates of a stream (a frame of the fastest screens); others are joined.
FRAME_S = 1 / 125
MAX_PAGE_LENGTH = 200

HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Expose-Headers": WAIT_HEADER,
}


def changes(context: Context, request: Request) -> Response:
    """``GET changes?doc=<docid>:<after>&…&wait=stream|<seconds>|0``: an Arrow stream.

    With ``viewers`` in the query, COMMITs also report changes of the number of pages that show the document.
    ``page`` is an id that a page chooses, so that it is counted once.

    ``X-Wait`` is the mode of the response: ``stream`` (open until either side closes it) or ``poll`` (ends at
    once, or after the requested seconds: request again).
    """
    wanted, wait_s = _wanted(request), _wait_s(request)
    identities = context.policy.readers(request, list(wanted))
    for docid, identity in identities.items():
        # A token's holder was allowed to read once: if that has ended, the stream says why, instead of a 404.
        if identity.token is None:
            context.policy.access_of(identity, docid, Right.READ)
    reader = _reader(context, request, identities)
    slot = context.streams.take(request.environ, reader) if wait_s != 0 else None
    page = _page(request, identities)
    change_reader = ChangeReader(
        context, wanted, identities, tells_viewers="viewers" in request.args and not page
    )
    if slot is None:
        if page:
            context.presence.passed_by(page, wanted)
        response = _at_once(context, change_reader, reader)
    else:
        try:
            stream = WaitingResponse(context, change_reader, wait_s, slot, reader, page)
        except BaseException:
            context.streams.give_back(slot, reader)
            raise
        response = Response(stream, mimetype=ARROW_STREAM, direct_passthrough=True)
    response.headers.update(HEADERS)
    # A probe may have to poll next, so it is no stream.
    streams = slot is not None and wait_s is None and not slot.is_probe
    response.headers[WAIT_HEADER] = "stream" if streams else "poll"
    return response


def _at_once(context: Context, change_reader: "ChangeReader", reader: str) -> Response:
    """A response with all current changes. Its buffers are shared with other readers, not copied."""
    limit = context.quotas.streams
    places = {} if limit is None else {reader: limit}
    with ExitStack() as stack:
        context.answers.take(places)
        stack.callback(context.answers.give_back, places)
        pieces = [dataplane.SCHEMA_MESSAGE, *change_reader.news(), dataplane.END]
        stack.callback(context.reader_memory.release, change_reader.hold(reader, pieces))
        body = Body(gathered(pieces), change_reader.right.check, stack.pop_all().close)
    response = Response(body, mimetype=ARROW_STREAM, direct_passthrough=True)
    response.content_length = sum(map(len, pieces))
    return response


@dataclass
class ChangeReader:
    """One reader: its seq in each document, and the changes it has not received yet."""

    context: Context
    after: dict[str, int]
    identities: dict[str, Identity]
    tells_viewers: bool = False
    ended: set[str] = field(default_factory=set)
    # Monotonic times when tokens must be renewed.
    renewals: dict[str, float] = field(default_factory=dict)
    right: LastingRight = field(init=False)
    _access_number: int = -1
    # The earliest end of the tokens, a Unix time.
    _token_ends: float = math.inf
    _viewers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tokens = [identity.token for identity in self.identities.values() if identity.token is not None]
        self._token_ends = min((token.ends for token in tokens), default=math.inf)
        self.right = LastingRight(self.context, self.identities, lambda docid: docid not in self.ended)

    def news(self) -> list[Buffer]:
        """All changes since the last call, as pieces of an Arrow stream."""
        pieces: list[Buffer] = self._revocations()
        for docid, after in self.after.items():
            if docid in self.ended:
                continue
            try:
                update = self.context.library.open(docid).since(after)
            except NotFound:
                self.context.library.forget(docid)
                pieces.append(self._end(docid, "deleted" if after > 0 else "not-found"))
                continue
            pieces += update.pieces
            self.after[docid] = update.seq
            pieces += self._renewal(docid, update)
            if self.tells_viewers:
                pieces += self._viewers_news(docid, update)
        return pieces

    def hold(self, reader: str, pieces: Sequence[Buffer]) -> Hold:
        """Count the memory of pieces until they are read; raises `Busy`."""
        seqs, library = dict(self.after), self.context.library
        buffers = {id(piece): len(piece) for piece in pieces}
        return self.context.reader_memory.hold(
            reader, buffers, lambda: all(library.is_at(docid, seq) for docid, seq in seqs.items())
        )

    def _viewers_news(self, docid: str, update: Update) -> list[bytes]:
        """The number of the document's viewers, if it has changed."""
        number = self.context.presence.viewers(docid)
        if self._viewers.get(docid) == number:
            return []
        self._viewers[docid] = number
        return [dataplane.commit(docid, update.seq, {"viewers": number})]

    def _revocations(self) -> list[Buffer]:
        """END messages of documents that may no longer be read. Checks only if rights may have changed."""
        number = self.context.hub.access_number
        if number == self._access_number and time.time() <= self._token_ends:
            return []
        self._access_number = number
        pieces: list[Buffer] = []
        for docid in self.after.keys() - self.ended:
            revocation = self.context.policy.revocation(
                self.identities[docid], self.context.store.get_document(docid)
            )
            if revocation and revocation != "not-found":
                pieces.append(self._end(docid, revocation))
        return pieces

    def _end(self, docid: str, reason: str) -> bytes:
        self.ended.add(docid)
        return dataplane.commit(docid, max(self.after[docid], 0), {"end": reason})

    def _renewal(self, docid: str, update: Update) -> list[bytes]:
        """A new token, if the current one ends soon."""
        token, policy = self.identities[docid].token, self.context.policy
        if token is None or token.left_s is None:
            return []
        now = time.monotonic()
        if now < self.renewals.setdefault(docid, now + policy.renews_in_s(token)):
            return []
        self.renewals[docid] = now + policy.tokens.page_token_s / 2
        renewed = policy.renewed(token)
        return [dataplane.commit(docid, update.seq, {"token": renewed})] if renewed else []


class WaitingResponse:
    """The body of a waiting response: an iterator of pieces of an Arrow stream, with ``close``."""

    def __init__(
        self,
        context: Context,
        change_reader: ChangeReader,
        wait_s: float | None,
        slot: StreamSlot,
        reader: str,
        page: Page | None,
    ) -> None:
        self._context = context
        self._change_reader = change_reader
        self._wait_s = wait_s
        self._slot = slot
        self._reader = reader
        self._page = page
        self._event = slot.event
        self._polls = wait_s is not None or slot.is_probe
        self._closed = False
        self._docids = tuple(change_reader.after)
        # The documents for which the page counts as a viewer.
        self._seen: Collection[str] = ()
        context.hub.join(self._docids, self._event, viewers=change_reader.tells_viewers)
        if page:
            self._seen = context.presence.came(page, self._docids)
        self._pieces = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Leave the hub and release the slot; may be called twice, and from another thread."""
        if not self._closed:
            self._closed = True
            self._context.hub.leave(self._docids, self._event)
            self._context.streams.give_back(self._slot, self._reader)
            if self._page:
                self._context.presence.went(self._page, self._seen, polls=self._polls)

    def _run(self) -> Iterator[bytes]:
        # Sent at once, so that the page can detect buffering proxies.
        yield dataplane.SCHEMA_MESSAGE
        deadline = None if self._wait_s is None else time.monotonic() + self._wait_s
        while True:
            self._event.clear()
            frame_ends = time.monotonic() + FRAME_S
            sent = False
            try:
                for piece in self._news():
                    sent = True
                    yield piece
            except (StoreError, Busy) as error:
                # A stream without the end marker was cut: the reader reconnects and resumes.
                log.error("a stream was cut: %s", error)
                return
            except ConnectionAbortedError:
                return  # also cut; the reader gets the reason when it reconnects
            if len(self._change_reader.ended) == len(self._docids) or self._context.hub.closed:
                break
            left_s = min(self._context.heartbeat_s, self._slot.left_s())
            if deadline is not None:
                left_s = min(left_s, deadline - time.monotonic())
            if left_s <= 0 or (sent and deadline is not None):
                break
            woken = self._event.wait(left_s)
            if woken and sent and (early_s := frame_ends - time.monotonic()) > 0:
                time.sleep(early_s)
            if self._page and not woken:
                self._context.presence.stays(self._seen)
            if not woken and deadline is None:
                yield dataplane.HEARTBEAT
        yield dataplane.END

    def _news(self) -> Iterator[bytes]:
        """New pieces, whose memory is counted until they are read."""
        pieces = self._change_reader.news()
        hold = self._change_reader.hold(self._reader, pieces)
        try:
            yield from checked(gathered(pieces), self._change_reader.right.check)
        finally:
            self._context.reader_memory.release(hold)


def _reader(context: Context, request: Request, identities: Mapping[str, Identity]) -> str:
    """The caller for which streams are counted; with several tokens, the last by name."""
    return max(context.caller(request, identity) for identity in identities.values())


def _page(request: Request, identities: Mapping[str, Identity]) -> Page | None:
    """The page that sent the request; None for programs.

    A reader is identified by a page's token (renewed or not) and its network. A reloaded page is a new
    reader.
    """
    token = next((identity.token for identity in identities.values() if identity.token is not None), None)
    if token is None:
        return None
    reader = f"{network_of(address_of(request))} {token.user} {token.credential} {token.began}"
    name = request.args.get("page") or request.headers.get("User-Agent", "")
    return Page(reader, name[:MAX_PAGE_LENGTH])


def _wanted(request: Request) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for text in request.args.getlist("doc"):
        docid, _, after = text.rpartition(":")
        if not docid or not (after.isascii() and after.isdigit() and len(after) < 19):
            raise BadRequest(f"doc={text!r} is not <docid>:<seq of the last change seen, or 0>.")
        wanted[docid] = int(after)
    if not wanted:
        raise BadRequest("Say which documents: changes?doc=<docid>:<seq of the last change seen, or 0>.")
    if len(wanted) > MAX_DOCUMENTS:
        raise BadRequest(f"One stream carries {MAX_DOCUMENTS} documents at most.")
    return wanted


def _wait_s(request: Request) -> float | None:
    """Seconds to wait for changes: 0 for none, None for an endless stream."""
    text = request.args.get("wait", "stream")
    if text == "stream":
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_WAIT_S:
        raise BadRequest(f"wait={text!r} is not 'stream' or a number of seconds from 0 to {MAX_WAIT_S:.0f}.")
    return seconds
