"""Streams of requests, changed at random, sent to the HTTP server of bokeh-server over real sockets."""

import os
import random
import socket

import h11
import pytest

from bokeh_wsgi.serving.server import Server
from tests.effort import tries

from .test_serving import CHUNKED, raw, serving

ROUNDS = tries(300, full=20_000)
HEAD = b"POST / HTTP/1.1\r\nHost: here\r\n"
STREAMS = [
    b"GET / HTTP/1.1\r\nHost: here\r\n\r\n" * 3,
    HEAD + b"Content-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz" + b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    CHUNKED + b"5;a=b\r\nabcde\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n" + CHUNKED + b"0\r\n\r\n",
    HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /refuse HTTP/1.1\r\nHost: here\r\nContent-Length: 5000\r\n\r\n" + b"abcde" * 1000,
    b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\nGET /pieces HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    b"POST http://there/lines?a HTTP/1.1\r\nHost: here\r\nCookie: a=b\r\nContent-Length: 6\r\n\r\na\nb\n\nc",
]
PIECES = [
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b"0", b"\0", b"\xff", b"\r\n\r\n"),
    *(b"HTTP/1.1", b"Host: a\r\n", b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\n"),
    *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"),
    *(b"0\r\n\r\n", b"20000\r\n", b"ffffffff\r\n", b"-1", b"GET / HTTP/1.1\r\n"),
]


def mutated(numbers: random.Random) -> bytes:
    stream = bytearray(numbers.choice(STREAMS))
    for _ in range(numbers.choice([0, 1, 1, 2, 4, 8])):
        at = numbers.randrange(len(stream) + 1)
        to = min(at + numbers.choice([0, 1, 2, 10, 100]), len(stream))
        match numbers.randrange(5):
            case 0:
                stream[at:to] = b""
            case 1:
                stream[at:at] = numbers.choice(PIECES)
            case 2:
                stream[at:at] = stream[at:to]
            case 3:
                stream[at:to] = bytes(numbers.randrange(256) for _ in range(to - at))
            case 4:
                del stream[at:]
    return bytes(stream)


def bodies(said: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each response; fails where what was said is not HTTP, from first byte to last."""
    found = []
    while said:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        client.send(h11.EndOfMessage())
        client.receive_data(said)
        client.receive_data(b"")
        status, body = 0, b""
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
        found.append((status, body))
        said = client.trailing_data[0]
    return found


def is_part(body: bytes, sent: bytes) -> bool:
    """Whether a body is what was sent, maybe with something left out between its bytes."""
    at = -1
    return all((at := sent.find(bytes([byte]), at + 1)) >= 0 for byte in body)


@pytest.fixture(scope="module")
def server() -> Server:  # type: ignore[misc]
    with serving() as made:
        yield made


def resident_kb() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_is_answered_in_http_and_with_nothing_that_was_not_sent(
    server: Server, seed: int
) -> None:
    numbers = random.Random(seed)
    before = 0
    for number in range(ROUNDS // 4):
        if number == ROUNDS // 8:
            before = resident_kb()
        sent = mutated(numbers)
        said = raw(server, sent)
        for status, body in bodies(said):
            assert status in (200, 400, 404, 408, 413, 417, 431, 501, 505), (sent, said)
            if status == 200:
                assert is_part(body, sent + b"piece" * 20_002), (sent, said)
    assert resident_kb() - before < 32 << 10
    assert raw(server, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert socket.getdefaulttimeout() is None
