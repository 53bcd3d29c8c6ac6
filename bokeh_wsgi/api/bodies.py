"""Request bodies: read whole, within limits, and as JSON."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from werkzeug.wrappers import Request

from bokeh_wsgi.exc import AccessDenied, BadRequest, LengthRequired, LimitExceeded

T = TypeVar("T")

PIECE_BYTES = 1 << 20
MAX_JSON_BYTES = 64 << 10
MAX_LINES_BYTES = 8 << 10


def read_json(request: Request) -> dict[str, Any]:
    """The body, a small JSON object; raises BadRequest."""
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
    """Who asks, and the body as `read_json` reads it.

    ``who`` is asked before, so that nothing of strangers is read, and after: a right may have ended while the
    body came.
    """
    who()
    told = read_json(request)
    return who(), told


class _Rest:
    """What is left of a body after its first lines."""

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
    """The first lines of a body, of `MAX_LINES_BYTES` together at most; the rest stays to be read.

    Raises `AccessDenied` if there are fewer: they say who sends it.
    """
    stream = environ["wsgi.input"]
    announced = environ.get("CONTENT_LENGTH") or ""
    left = int(announced) if announced.isascii() and announced.isdigit() else MAX_LINES_BYTES
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
    if announced:
        environ["CONTENT_LENGTH"] = str(left - len(begun) + len(rest))
    return [line.decode("latin-1") for line in lines]


def read_body(environ: dict[str, Any], max_bytes: int, option: str) -> bytes | bytearray:
    """The whole body, held once; never asks for more than was announced, or than ``max_bytes``."""
    announced = environ.get("CONTENT_LENGTH") or ""
    stream = environ["wsgi.input"]
    if announced.isascii() and announced.isdigit():
        length: int | None = int(announced)
    elif environ.get("wsgi.input_terminated"):
        length = None
    else:
        raise LengthRequired("Send the upload with a Content-Length.")
    if length is not None and length > max_bytes:
        raise _too_large(max_bytes, option)
    if length is None:
        return _read_to_the_end(stream, max_bytes, option)
    body, arrived = bytearray(length), 0
    while arrived < length:
        piece = stream.read(min(PIECE_BYTES, length - arrived))
        if not piece:
            raise BadRequest(f"The upload was cut: {arrived} of {length} bytes arrived. Send it again.")
        body[arrived : arrived + len(piece)] = piece
        arrived += len(piece)
    return body


def _read_to_the_end(stream: Any, max_bytes: int, option: str) -> bytes:
    pieces, arrived = [], 0
    while piece := stream.read(PIECE_BYTES):
        pieces.append(piece)
        arrived += len(piece)
        if arrived > max_bytes:
            raise _too_large(max_bytes, option)
    return b"".join(pieces)


def _too_large(max_bytes: int, option: str) -> LimitExceeded:
    return LimitExceeded(
        f"This may have {max_bytes} bytes at most on this server ({option}): send it in parts.",
        limit=max_bytes,
    )
