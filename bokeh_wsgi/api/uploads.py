"""``POST doc/<docid>/changes``: what a publisher sends."""

import secrets
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi import dataplane
from bokeh_wsgi.exc import BadRequest, LengthRequired, LimitExceeded

from .context import Context

PIECE_BYTES = 1 << 20
MAX_KEY_LENGTH = 128


def upload(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Check, keep and pass on one change; ``{"seq": n}``."""
    context.policy.require_write(request, docid)
    document = context.library.open(docid)
    key = request.headers.get("Idempotency-Key") or secrets.token_urlsafe(12)
    if len(key) > MAX_KEY_LENGTH:
        raise BadRequest(f"An Idempotency-Key has {MAX_KEY_LENGTH} characters at most.")
    body = read_body(request.environ, context.limits.max_change_bytes)
    ops, frame = dataplane.decode_upload(body, docid, context.limits.frame)
    if not ops:
        raise BadRequest("The upload holds no ops: nothing to change.")
    seq = document.commit(ops, frame, key)
    context.hub.wake(docid, seq)
    context.folder.consider(document)
    return {"seq": seq}


def read_body(environ: dict[str, Any], max_bytes: int) -> bytes | bytearray:
    """The whole request body, held once; never asks for more than was announced, or than ``max_bytes``."""
    announced = environ.get("CONTENT_LENGTH") or ""
    stream = environ["wsgi.input"]
    if announced.isascii() and announced.isdigit():
        length: int | None = int(announced)
    elif environ.get("wsgi.input_terminated"):
        length = None
    else:
        raise LengthRequired("Send the upload with a Content-Length.")
    if length is not None and length > max_bytes:
        raise _too_large(max_bytes)
    if length is None:
        return _read_to_the_end(stream, max_bytes)
    body, arrived = bytearray(length), 0
    while arrived < length:
        piece = stream.read(min(PIECE_BYTES, length - arrived))
        if not piece:
            raise BadRequest(f"The upload was cut: {arrived} of {length} bytes arrived. Send it again.")
        body[arrived : arrived + len(piece)] = piece
        arrived += len(piece)
    return body


def _read_to_the_end(stream: Any, max_bytes: int) -> bytes:
    pieces, arrived = [], 0
    while piece := stream.read(PIECE_BYTES):
        pieces.append(piece)
        arrived += len(piece)
        if arrived > max_bytes:
            raise _too_large(max_bytes)
    return b"".join(pieces)


def _too_large(max_bytes: int) -> LimitExceeded:
    return LimitExceeded(
        f"A change may have {max_bytes} bytes at most on this server (max_change_bytes): send it in parts.",
        limit=max_bytes,
    )
