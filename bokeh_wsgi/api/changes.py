"""``changes``: the one way to read documents, from nothing or from where a reader was."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response

from bokeh_wsgi import dataplane
from bokeh_wsgi.auth import Identity
from bokeh_wsgi.dataplane import Buffer
from bokeh_wsgi.exc import BadRequest, NotFound, StoreError
from bokeh_wsgi.models import Update
from bokeh_wsgi.models.document import SMALL_BYTES

from .context import Context

log = logging.getLogger("bokeh_wsgi")

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
MAX_DOCUMENTS = 64
MAX_WAIT_S = 60.0
# A stream has news this often at most, a frame of the fastest screens; what comes sooner goes together.
FRAME_S = 1 / 125
PART_BYTES = 1 << 20
# A response that only polls renews a token in time for the next poll to use it.
RENEW_BELOW = 0.5

HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Expose-Headers": "X-Wait",
}


def changes(context: Context, request: Request) -> Response:
    """``GET changes?doc=<docid>:<after>&…&wait=stream|<seconds>|0``: an Arrow stream.

    ``X-Wait`` says what the server gave: ``stream`` (open until one side ends it), ``poll`` (at once, or
    after the seconds asked for: ask again).
    """
    wanted = _wanted(request)
    identities = {docid: context.policy.require_read(request, docid) for docid in wanted}
    wait_s = _wait_s(request)
    held = wait_s != 0 and context.streams.take(request.environ)
    follower = Follower(context, wanted, identities)
    if not held:
        pieces = list(_gathered([dataplane.SCHEMA_MESSAGE, *follower.news(), dataplane.END]))
        response = Response(pieces, mimetype=MEDIA_TYPE)
        response.content_length = sum(map(len, pieces))
    else:
        stream = HeldResponse(context, follower, wait_s)
        response = Response(stream, mimetype=MEDIA_TYPE, direct_passthrough=True)
    response.headers.update(HEADERS)
    response.headers["X-Wait"] = "stream" if held and wait_s is None else "poll"
    return response


@dataclass
class Follower:
    """One reader: where it is in each document, and what it has yet to get."""

    context: Context
    after: dict[str, int]
    identities: dict[str, Identity]
    ended: set[str] = field(default_factory=set)
    renewed: dict[str, float] = field(default_factory=dict)

    def news(self) -> list[Buffer]:
        """Everything since the last call, as pieces of an Arrow stream."""
        pieces: list[Buffer] = []
        for docid, after in self.after.items():
            if docid in self.ended:
                continue
            try:
                update = self.context.library.open(docid).since(after)
            except NotFound:
                self.context.library.forget(docid)
                self.ended.add(docid)
                end = {"end": "deleted" if after > 0 else "not-found"}
                pieces.append(dataplane.commit(docid, max(after, 0), end))
                continue
            pieces += update.pieces
            self.after[docid] = update.seq
            if self.identities[docid].token_left_s is not None:
                pieces += self._renewal(docid, update)
        return pieces

    def _renewal(self, docid: str, update: Update) -> list[bytes]:
        """A new token, if the last one has not long to live."""
        identity, tokens = self.identities[docid], self.context.policy.tokens
        now = time.monotonic()
        expires = self.renewed.setdefault(docid, now + (identity.token_left_s or 0.0))
        if expires - now >= RENEW_BELOW * tokens.lifetime_s:
            return []
        self.renewed[docid] = now + tokens.lifetime_s
        return [dataplane.commit(docid, update.seq, {"token": tokens.issue(docid, identity.user)})]


class HeldResponse:
    """The body of a response that waits: yields pieces of an Arrow stream, and has ``close``."""

    def __init__(self, context: Context, follower: Follower, wait_s: float | None) -> None:
        self._context = context
        self._follower = follower
        self._wait_s = wait_s
        self._event = threading.Event()
        self._closed = False
        self._docids = tuple(follower.after)
        context.hub.join(self._docids, self._event)
        self._pieces = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Leave the hub and give the thread back; may be called twice, and from another thread."""
        if not self._closed:
            self._closed = True
            self._context.hub.leave(self._docids, self._event)
            self._context.streams.give_back()

    def _run(self) -> Iterator[bytes]:
        # The first byte goes out at once, so that the page knows that nothing on the way buffers.
        yield dataplane.SCHEMA_MESSAGE
        deadline = None if self._wait_s is None else time.monotonic() + self._wait_s
        while True:
            self._event.clear()
            frame_ends = time.monotonic() + FRAME_S
            sent = False
            try:
                for piece in _gathered(self._follower.news()):
                    sent = True
                    yield piece
            except StoreError as error:
                # Without the end marker this is a cut stream: the reader comes again, and resumes.
                log.error("a stream was cut: %s", error)
                return
            if len(self._follower.ended) == len(self._docids) or self._context.hub.closed:
                break
            left_s = self._context.heartbeat_s
            if deadline is not None:
                left_s = min(left_s, deadline - time.monotonic())
                if sent or left_s <= 0:
                    break
            woken = self._event.wait(left_s)
            if woken and sent and (early_s := frame_ends - time.monotonic()) > 0:
                time.sleep(early_s)
            elif not woken and deadline is None:
                yield dataplane.HEARTBEAT
        yield dataplane.END


def _gathered(pieces: Iterable[Buffer]) -> Iterator[bytes]:
    """Small pieces together, so that a small change is one write; large ones in parts."""
    small: list[Buffer] = []
    length = 0
    for piece in pieces:
        if length + len(piece) > SMALL_BYTES and small:
            yield b"".join(small)
            small, length = [], 0
        if len(piece) <= SMALL_BYTES:
            small.append(piece)
            length += len(piece)
            continue
        for start in range(0, len(piece), PART_BYTES):
            yield bytes(piece[start : start + PART_BYTES])
    if small:
        yield b"".join(small)


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
    """Seconds to wait for news, 0 for not at all, None for a stream without an end."""
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
