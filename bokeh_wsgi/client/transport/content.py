"""Reads the body of an answer, and decompresses it within a limit."""

import zlib
from typing import Final

import urllib3

from bokeh_wsgi.exc import SessionError
from bokeh_wsgi.protocol import ARROW_STREAM

PIECE_BYTES: Final = 1 << 18
MAX_UNPACKED_BYTES: Final = 64 << 20
"""Enough for what a proxy compresses, lists and messages: columns are compressed by the server, in chunks."""
WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def read_content(response: urllib3.BaseHTTPResponse) -> bytes:
    """The whole body, decompressed; `SessionError` if it is too large or has an unexpected encoding."""
    try:
        pieces, received = [], 0
        # A document may be of any size; it is packed by the server, not by a proxy.
        is_document = response.headers.get("content-type", "").startswith(ARROW_STREAM)
        while piece := response.read(PIECE_BYTES, decode_content=False):
            pieces.append(piece)
            received += len(piece)
            if received > MAX_UNPACKED_BYTES and not is_document:
                raise SessionError(
                    f"{response.url or 'the server'} answered with more than {MAX_UNPACKED_BYTES} bytes"
                )
        content = b"".join(pieces)
    except BaseException:
        response.close()
        raise
    response.release_conn()
    packed = response.headers.get("content-encoding", "").lower().split(",")
    for encoding in reversed([name.strip() for name in packed]):
        if encoding not in ("", "identity"):
            content = _unpacked(content, encoding, response.url or "the server")
    return content


def _unpacked(content: bytes, encoding: str, url: str) -> bytes:
    if encoding not in WINDOWS:
        raise SessionError(
            f"{url} answered in {encoding[:40]!r}, which was not asked for: is a proxy set up so?"
        )
    unpacking = zlib.decompressobj(wbits=WINDOWS[encoding])
    try:
        unpacked = unpacking.decompress(content, MAX_UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise SessionError(f"the answer of {url} is no {encoding}: {error}") from error
    if len(unpacked) > MAX_UNPACKED_BYTES:
        raise SessionError(
            f"{url} answered with {len(content)} bytes of {encoding} that unpack to more than "
            f"{MAX_UNPACKED_BYTES}: if a proxy packs the server's answers, have it leave "
            "application/vnd.apache.arrow.stream as it is"
        )
    if content and not unpacking.eof:
        raise SessionError(f"the answer of {url} was cut")
    return unpacked
