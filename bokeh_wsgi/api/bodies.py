"""Reads request bodies, whole or as JSON, within limits."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from werkzeug.wrappers import Request

from bokeh_wsgi.exc import AccessDenied, BadRequest, LengthRequired, LimitExceeded

T = TypeVar("T")

PIECE_BYTES = 1 << 18
# Longer values of Content-Length are treated as infinite.
MAX_DIGITS = 18
MAX_JSON_BYTES = 64 << 10
MAX_LINES_BYTES = 8 << 10


def read_json(request: Request) -> dict[str, Any]:
    """The body as a small JSON object; raises BadRequest."""
    if request.mimetype not in ("application/json", ""):
        raise BadRequest("Send a JSON object, with Content-Type: application/json.")
    try:
        content = json.loads(read_body(request.environ, MAX_JSON_BYTES, "MAX_JSON_BYTES"))
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadRequest("Send a JSON object: this one has half a surrogate pair.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"Send a JSON object: {error}") from error
    if not isinstance(content, dict):
        raise BadRequest(f"Send a JSON object, not {json.dumps(content)[:50]}.")
    return content


def read_json_of(request: Request, who: Callable[[], T]) -> tuple[T, dict[str, Any]]:
    """The caller, as ``who`` returns it, and the body, as `read_json` returns it.

    ``who`` is called before, to read no bodies of strangers, and after, since a right may have ended
    meanwhile.
    """
    who()
    content = read_json(request)
    return who(), content


class _Rest:
    """The rest of a body after its first lines, as a stream."""

    def __init__(self, begun: bytes, stream: Any) -> None:
        self._begun = begun
        self._stream = stream

    def read(self, size: int) -> bytes:
        if not self._begun:
            rest: bytes = self._stream.read(size)
            return rest
        part, self._begun = self._begun[:size], self._begun[size:]
        return part


def take_lines(environ: dict[str, Any], count: int) -> list[str]:
    """Read the first lines of a body, at most `MAX_LINES_BYTES` in total; the rest remains unread.

    Raises `AccessDenied` if there are fewer, since they identify the sender.
    """
    stream = environ["wsgi.input"]
    announced = _announced(environ)
    left = MAX_LINES_BYTES if announced is None else announced
    begun = b""
    while begun.count(b"\n") < count and len(begun) < MAX_LINES_BYTES:
        piece = stream.read(min(MAX_LINES_BYTES - len(begun), left - len(begun)))
        if not piece:
            break
        begun += piece
    *lines, rest = begun.split(b"\n", count)
    if len(lines) < count:
        raise AccessDenied("A page's edits begin with a line that is its token, and one that is their key.")
    environ["wsgi.input"] = _Rest(rest, stream)
    if announced is not None:
        environ["CONTENT_LENGTH"] = str(left - len(begun) + len(rest))
    return [line.decode("latin-1") for line in lines]


def read_body(environ: dict[str, Any], max_bytes: int, option: str) -> bytearray:
    """Read the whole body. Allocates memory as data arrives, not by Content-Length.

    Never reads more than Content-Length or ``max_bytes``.
    """
    length = _announced(environ)
    if length is None and not environ.get("wsgi.input_terminated"):
        raise LengthRequired("Send the upload with a Content-Length.")
    if length is not None and length > max_bytes:
        raise _too_large(max_bytes, option)
    stream, body = environ["wsgi.input"], bytearray()
    while length is None or len(body) < length:
        piece = stream.read(PIECE_BYTES if length is None else min(PIECE_BYTES, length - len(body)))
        if not piece and length is None:
            break
        if not piece:
            raise BadRequest(f"The upload was cut: {len(body)} of {length} bytes arrived. Send it again.")
        body += piece
        if len(body) > max_bytes:
            raise _too_large(max_bytes, option)
    return body


def _announced(environ: dict[str, Any]) -> int | None:
    """The Content-Length of the request, if any."""
    text = environ.get("CONTENT_LENGTH") or ""
    if not text.isascii() or not text.isdigit():
        return None
    return int(text) if len(text) <= MAX_DIGITS else 10**MAX_DIGITS


def _too_large(max_bytes: int, option: str) -> LimitExceeded:
    return LimitExceeded(
        f"This may have {max_bytes} bytes at most on this server ({option}): send it in parts.",
        limit=max_bytes,
    )
