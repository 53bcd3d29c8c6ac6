"""``POST doc/<docid>/changes``: uploads of publishers."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi import dataplane
from bokeh_wsgi.auth import Identity, Right
from bokeh_wsgi.context import Context
from bokeh_wsgi.dataplane import OpCode
from bokeh_wsgi.exc import BadRequest, LimitExceeded
from bokeh_wsgi.models.packed import Unpacking
from bokeh_wsgi.models.reps import checked_generation, loads, memory_of
from bokeh_wsgi.protocol import GENERATION_HEADER, HOST_HEADER, IDEMPOTENCY_HEADER
from bokeh_wsgi.store import StoreLimit

from .bodies import read_body

GRAPH_OPS = (OpCode.GRAPH, OpCode.PATCH)
READ_TIMES = 2
"""While a graph is read, it is in memory twice: encoded and decoded."""
MAX_KEY_LENGTH = 128
MAX_HOST_LENGTH = 255


def upload(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Check, store and publish a change; returns ``{"seq": n}``, with reports of pages in ``undrawn``."""
    access = context.require_right(request, docid, Right.WRITE)
    document = context.library.open(docid)
    key, host = stored_key(access.identity, key_of(request)), _host_of(request)
    generation = request.headers.get(GENERATION_HEADER)
    if generation is not None:
        generation = checked_generation(generation)

    def still_allowed() -> None:
        # Check again: the right may have ended while the body arrived.
        context.policy.access_of(context.policy.anew(request, access.identity), docid, Right.WRITE)

    callers = context.callers(request, access.identity, context.quotas.uploads)
    with room_in_store(context, access.record.owner), context.uploads.taken(callers):
        body = read_body(request.environ, context.limits.max_change_bytes, "max_change_bytes")
        sent = dataplane.read_upload(body, docid, context.limits.frame)
        if not sent.rows:
            raise BadRequest("The upload holds no ops: nothing to change.")
        texts = sum(memory_of(row.json) for row in sent.rows if row.json and row.op in GRAPH_OPS)
        with context.unpacking.taken(sent.unpacked + READ_TIMES * texts) as memory:
            ops = sent.ops()
            for op in ops:
                if op.code is OpCode.EVENT:  # forwarded to pages unchanged, so it must be valid
                    loads(op.json)
            Unpacking(context.limits.max_change_bytes, "max_change_bytes").check_ops(ops)
            memory.grow(document.written_out_by(ops))
            seq = document.commit(ops, sent.frame, key, generation=generation, host=host, check=still_allowed)
    context.hub.wake(docid, seq)
    context.compactor.consider(document)
    undrawn = [report._asdict() for report in document.undrawn]
    return {"seq": seq, **({"undrawn": undrawn} if undrawn else {})}


def key_of(request: Request) -> str:
    """The idempotency key of a request; "" if none."""
    return request.headers.get(IDEMPOTENCY_HEADER, "")


def stored_key(identity: Identity, key: str) -> str:
    """The idempotency key for the store: unique per user; a new one if the request has none.

    Otherwise the same key of another user would make the store drop a change as a repetition.
    """
    if len(key) > MAX_KEY_LENGTH:
        raise BadRequest(f"An {IDEMPOTENCY_HEADER} has {MAX_KEY_LENGTH} characters at most.")
    return sha256(f"{identity.user}\n{key}".encode()).hexdigest() if key else secrets.token_urlsafe(12)


def _host_of(request: Request) -> str:
    """The machine that the script runs on, by its header; "" if unknown."""
    host = request.headers.get(HOST_HEADER, "")
    if len(host) > MAX_HOST_LENGTH or not host.isprintable():
        raise BadRequest(f"A {HOST_HEADER} has {MAX_HOST_LENGTH} characters at most, all of them printable.")
    return host


@contextmanager
def room_in_store(context: Context, owner: str) -> Iterator[None]:
    """A context for adding a change to a document of this user; raises `LimitExceeded` at their limit.

    The limit is checked at the start, before the body is read, and by the store when it adds the change.
    """
    limit = context.limits.max_user_bytes
    full = LimitExceeded(
        f"The documents of {owner!r} take more than {limit} bytes in the store (max_user_bytes): "
        "delete some first.",
        limit=limit or 0,
    )
    if limit is not None and context.store.usage(owner)[1] > limit:
        raise full
    try:
        yield
    except StoreLimit:
        raise full from None
