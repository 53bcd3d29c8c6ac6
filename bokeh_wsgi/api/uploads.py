"""``POST doc/<docid>/changes``: what a publisher sends."""

import secrets
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi import dataplane
from bokeh_wsgi.auth import Right
from bokeh_wsgi.context import Context
from bokeh_wsgi.dataplane import OpCode
from bokeh_wsgi.exc import BadRequest, LimitExceeded
from bokeh_wsgi.models.packed import Unpacking
from bokeh_wsgi.models.reps import checked_generation, loads, memory_of
from bokeh_wsgi.protocol import GENERATION_HEADER, HOST_HEADER, IDEMPOTENCY_HEADER

from .bodies import read_body

GRAPH_OPS = (OpCode.GRAPH, OpCode.PATCH)
READ_TIMES = 2
"""A graph is in memory as it was sent and as it is kept, while it is read."""
MAX_KEY_LENGTH = 128
MAX_HOST_LENGTH = 255


def upload(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Check, keep and pass on one change; ``{"seq": n}``, ``undrawn``: what pages say they cannot draw."""
    access = context.require_right(request, docid, Right.WRITE)
    check_room(context, access.record.owner)
    document = context.library.open(docid)
    key, host = key_of(request), _host_of(request)
    generation = request.headers.get(GENERATION_HEADER)
    if generation is not None:
        generation = checked_generation(generation)

    def still_allowed() -> None:
        # The body may have taken its time.
        context.policy.access_of(context.policy.anew(request, access.identity), docid, Right.WRITE)

    with context.uploads.taken(context.callers(request, access.identity.user, context.quotas.uploads)):
        body = read_body(request.environ, context.limits.max_change_bytes, "max_change_bytes")
        sent = dataplane.read_upload(body, docid, context.limits.frame)
        if not sent.rows:
            raise BadRequest("The upload holds no ops: nothing to change.")
        texts = sum(memory_of(row.json) for row in sent.rows if row.json and row.op in GRAPH_OPS)
        with context.unpacking.taken(sent.unpacked + READ_TIMES * texts) as memory:
            ops = sent.ops()
            for op in ops:
                if op.code is OpCode.EVENT:  # which goes to pages as it is
                    loads(op.json)
            Unpacking(context.limits.max_change_bytes, "max_change_bytes").check_ops(ops)
            memory.grow(document.written_out_by(ops))
            seq = document.commit(ops, sent.frame, key, generation=generation, host=host, check=still_allowed)
    context.hub.wake(docid, seq)
    context.compactor.consider(document)
    undrawn = [report._asdict() for report in document.undrawn]
    return {"seq": seq, **({"undrawn": undrawn} if undrawn else {})}


def key_of(request: Request) -> str:
    """The idempotency key of a change: a new one if the request has none."""
    return checked_key(request.headers.get(IDEMPOTENCY_HEADER) or secrets.token_urlsafe(12))


def checked_key(key: str) -> str:
    if len(key) > MAX_KEY_LENGTH:
        raise BadRequest(f"An {IDEMPOTENCY_HEADER} has {MAX_KEY_LENGTH} characters at most.")
    return key


def _host_of(request: Request) -> str:
    """The machine that the script says it runs on; "" if it does not."""
    host = request.headers.get(HOST_HEADER, "")
    if len(host) > MAX_HOST_LENGTH or not host.isprintable():
        raise BadRequest(f"A {HOST_HEADER} has {MAX_HOST_LENGTH} characters at most, all of them printable.")
    return host


def check_room(context: Context, owner: str) -> None:
    limit = context.quotas.bytes
    if limit is not None and context.store.usage(owner)[1] > limit:
        raise LimitExceeded(
            f"The documents of {owner!r} take more than {limit} bytes in the store (max_user_bytes): "
            "delete some first.",
            limit=limit,
        )
