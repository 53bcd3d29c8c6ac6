"""The HTTP server of bokeh-server, spoken to over real sockets."""

import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import h11
import pytest

from bokeh_wsgi.networks import network_of
from bokeh_wsgi.serving import connection as connections
from bokeh_wsgi.serving.connection import Connection
from bokeh_wsgi.serving.endpoint import Limits
from bokeh_wsgi.serving.environ import target_of
from bokeh_wsgi.serving.redaction import redacted
from bokeh_wsgi.serving.server import Server, listen
from tests.waiting import wait_until


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answers by path; ``/`` echoes the body."""
    match environ["PATH_INFO"]:
        case "/refuse":
            start_response("413 Content Too Large", [("Content-Length", "2")])
            return [b"no"]
        case "/stream":
            start_response("200 OK", [])
            return (b"piece" * 20_000 if n == 1 else b"piece" for n in range(3))
        case "/environ":
            told = {key: value for key, value in environ.items() if isinstance(value, str)}
            start_response("200 OK", [])
            return [json.dumps(told).encode()]
        case "/held":
            start_response("200 OK", [])
            return held()
        case "/broken":
            raise ValueError("broken on purpose")
        case "/cut":
            start_response("200 OK", [])
            return cut()
        case "/lines":
            body = b"".join(environ["wsgi.input"])
        case "/pieces":
            body = b"".join(iter(lambda: environ["wsgi.input"].read(7), b""))
        case _:
            body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


HELD = threading.Event()


def held() -> Iterator[bytes]:
    yield b"begun"
    HELD.wait(20)


def cut() -> Iterator[bytes]:
    yield b"begun"
    raise ValueError("cut on purpose")


@contextmanager
def serving(limits: Limits | None = None) -> Iterator[Server]:
    with listen("127.0.0.1", 0) as listener:
        server = Server(listener, app, name="test", limits=limits)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield connection
    connection.close()


def ask(connection: http.client.HTTPConnection, *request: Any, **options: Any) -> tuple[int, bytes]:
    connection.request(*request, **options)
    response = connection.getresponse()
    return response.status, response.read()


def raw(server: Server, request: bytes, *, keeps: bool = False) -> bytes:
    """Everything that the server says to ``request``, after which nothing comes, until it closes.

    With ``keeps`` the client does not say that nothing comes.
    """
    with socket.create_connection(("127.0.0.1", server.port), 20) as client:
        with suppress(OSError):  # it may have closed already
            client.sendall(request)
            if not keeps:
                client.shutdown(socket.SHUT_WR)
        said = b""
        with suppress(ConnectionError):
            while piece := client.recv(65_536):
                said += piece
        return said


def test_a_connection_serves_one_request_after_the_other(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "POST", "/", b"first") == (200, b"first")
    used = connection.sock
    assert ask(connection, "POST", "/", iter([b"sec", b"ond"]), encode_chunked=True) == (200, b"second")
    assert ask(connection, "HEAD", "/stream") == (200, b"")
    assert ask(connection, "GET", "/stream") == (200, b"piece" * 20_002)
    assert connection.sock is used


def test_a_body_that_the_app_left_unread_is_not_the_next_request(
    connection: http.client.HTTPConnection,
) -> None:
    assert ask(connection, "POST", "/refuse", b"GET /broken HTTP/1.1\r\n\r\n" * 100_000) == (413, b"no")
    used = connection.sock
    assert ask(connection, "POST", "/", b"next") == (200, b"next")
    assert connection.sock is used


def test_small_packets_are_sent_at_once(server: Server) -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, address = listener.accept()
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        threading.Thread(target=Connection(server, accepted, address, "").serve).start()
        assert client.recv(12) == b"HTTP/1.1 200"
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_http_1_0_gets_plain_bodies_and_a_closed_connection(server: Server) -> None:
    answer = raw(server, b"GET /stream HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == b"piece" * 20_002


def test_who_expects_100_continue_gets_it(server: Server) -> None:
    head = b"Host: here\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    answer = raw(server, b"POST / HTTP/1.1\r\n" + head + b"hi", keeps=True)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), "it did not wait, so it is not told to go on"
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(b"POST / HTTP/1.1\r\n" + head)
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hi")
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_who_expects_100_continue_and_is_refused_sends_nothing(server: Server) -> None:
    head = b"Host: here\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
    assert raw(server, b"POST /refuse HTTP/1.1\r\n" + head, keeps=True).startswith(b"HTTP/1.1 413 ")


def test_an_app_that_raises_is_a_500_and_a_line_in_the_log(
    connection: http.client.HTTPConnection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert ask(connection, "GET", "/broken")[0] == 500
    assert "GET /broken failed" in caplog.text


def test_an_app_that_raises_midway_cuts_the_response(
    connection: http.client.HTTPConnection, caplog: pytest.LogCaptureFixture
) -> None:
    connection.request("GET", "/cut")
    response = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead):
        response.read()


SMUGGLED = b"GET /broken HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (400, b"Host: here\r\nContent-Length: -1"),
        (400, b"Host: here\r\nContent-Length: +1"),
        (400, b"Host: here\r\nContent-Length: x"),
        (400, b"Host: here\r\nContent-Length: 1_0"),
        (400, b"Host: here\r\nContent-Length: 0x10"),
        (400, b"Host: here\r\nContent-Length: " + b"1" * 50),
        (400, b"Host: here\r\nContent-Length : 1"),
        (400, b"Host: here\r\nContent-Length: 1\r\nContent-Length: 2"),
        (400, b"Host: here\r\nContent-Length: 1\r\nContent-Length: 1"),
        (400, b"Host: here\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"),
        (400, b"Host: here\r\nTransfer-Encoding:\r\n chunked"),
        (400, b"Host: here\r\nTransfer-Encoding : chunked"),
        (400, b"Host: here\r\nX-Note: a\r\n b"),
        (400, b" folded: x\r\nHost: here"),
        (400, b"Host: here\r\nno colon"),
        (400, b"Host: here\r\n: no name"),
        (400, b"Host: here\r\nX-Note: a\rb"),
        (400, b"Host: here\r\nX-Note: a\0b"),
        (400, b"Host: here\r\nHost: there"),
        (400, b"X-Note: no host"),
        (431, b"Host: here" + b"\r\nX-Note: a" * 100),
        (431, b"Host: here\r\nX-Note: " + b"a" * 70_000),
        (501, b"Host: here\r\nTransfer-Encoding: gzip, chunked"),
        (501, b"Host: here\r\nTransfer-Encoding: chunked, chunked"),
        (501, b"Host: here\r\nTransfer-Encoding: identity"),
        (501, b"Host: here\r\nTransfer-Encoding: xchunked"),
        (501, b'Host: here\r\nTransfer-Encoding: "chunked"'),
        (501, b"Host: here\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        (501, b"Host: here\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused_and_nothing_after_it_is_read(
    server: Server, status: int, head: bytes
) -> None:
    answer = raw(server, b"POST / HTTP/1.1\r\n" + head + b"\r\n\r\n" + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"]


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (400, b"GET /"),
        (400, b"GET  / HTTP/1.1"),
        (400, b"GET / HTTP/1.1 more"),
        (400, b"GET / http/1.1"),
        (400, b"G\xc3\xa9T / HTTP/1.1"),
        (400, b"GET /\xc3\xa9 HTTP/1.1"),
        (400, b"GET doc HTTP/1.1"),
        (400, b"GET ftp://here/ HTTP/1.1"),
        (400, b"GET http://[ HTTP/1.1"),
        (400, b"CONNECT here:80 HTTP/1.1"),
        (400, b"\x16\x03\x01\x02\x00"),
        (505, b"GET / HTTP/2.0"),
        (505, b"GET / HTTP/0.9"),
    ],
    ids=repr,
)
def test_a_line_that_is_no_request_is_refused(server: Server, status: int, line: bytes) -> None:
    answer = raw(server, line + b"\r\nHost: here\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1


CHUNKED = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3;name=value;other\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"03\r\nabc\r\n000\r\n\r\n", b"abc"),
        (b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", b"0123456789" * 2),
        (b"0\r\n\r\n", b""),
    ],
)
def test_a_body_in_chunks_is_read_with_what_chunks_may_have(
    server: Server, body: bytes, meant: bytes
) -> None:
    answer = raw(server, CHUNKED + body + b"GET /environ HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    first, second = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert first.endswith(b"\r\n\r\n" + meant)
    assert b'"PATH_INFO": "/environ"' in second


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"3",
        b"3\r\n",
        b"3\r\nab",
        b"3\r\nabc",
        b"3\r\nabc\r\n",
        b"3\r\nabc\r\n0\r\n",
        b"1000000\r\nabc",
        b"20000\r\n" + b"x" * 65_496,
        b"ffffffffffffffff\r\nabc",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"1_0\r\nabc\r\n0\r\n\r\n",
        b"\xd9\xa3\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"\r\n3\r\nabc\r\n0\r\n\r\n",
        b"f" * 40 + b"\r\nabc",
        b"3;" + b"x" * 600_000 + b"\r\nabc\r\n0\r\n\r\n",
        b"0\r\n no: trailer\r\n\r\n",
        b"0\r\nTrailer: " + b"x" * 600_000,
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("path", [b"/", b"/lines", b"/refuse", b"/pieces"])
def test_a_body_in_chunks_that_is_cut_or_none_is_told_so_and_nothing_after_it_is_read(
    server: Server, body: bytes, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = raw(server, CHUNKED.replace(b"/", path, 1) + body + (b"" if len(body) < 9 else SMUGGLED))
    if path == b"/refuse":
        assert answer.startswith(b"HTTP/1.1 413 ")
    else:
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert "failed" not in caplog.text


def test_a_body_of_known_length_that_is_cut_is_told_so(server: Server) -> None:
    answer = raw(server, b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_headers_that_could_pass_for_others_are_left_out(connection: http.client.HTTPConnection) -> None:
    headers = {"X_Forwarded_For": "1.2.3.4", "X-Two": "b", "Cookie": "c=d"}
    environ = json.loads(ask(connection, "GET", "/environ", headers=headers)[1])
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert (environ["HTTP_X_TWO"], environ["HTTP_COOKIE"]) == ("b", "c=d")


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        ("/environ?a=%20b?c", "/environ", "a=%20b?c", "here"),
        ("//environ//x", "//environ//x", "", "here"),
        ("/environ%C3%A9%00", "/environ%C3%A9%00", "", "here"),
        ("http://there:80/environ?q", "/environ", "q", "there:80"),
        ("http://me:secret@there", "/", "", "there"),
    ],
)
def test_a_target_is_told_as_it_was_meant(target: str, path: str, query: str, host: str) -> None:
    request = h11.Request(method="GET", target=target, headers=[("Host", "here")])
    assert target_of(request) == ("" if host == "here" else host, path, query)


def test_a_head_has_its_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.1)
    assert raw(server, b"GET / HTTP/1.1\r\nHost: he", keeps=True).startswith(b"HTTP/1.1 408 ")


def test_a_body_has_its_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_S", 0.1)
    request = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nabc"
    assert raw(server, request, keeps=True).startswith(b"HTTP/1.1 408 ")


def test_who_says_nothing_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_S", 0.1)
    assert raw(server, b"", keeps=True) == b""


@pytest.mark.parametrize(
    "begun", [b"G", b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n", CHUNKED + b"9\r\n"]
)
def test_one_address_may_half_send_some_requests_and_others_are_served(begun: bytes) -> None:
    with serving(Limits(requests=3)) as server, ExitStack() as opened:
        clients = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), 10)) for _ in range(3)
        ]
        for client in clients:
            client.sendall(begun)
        request = b"GET / HTTP/1.0\r\n\r\n"
        wait_until(lambda: raw(server, request).startswith(b"HTTP/1.1 503 "))
        with socket.create_connection(("127.0.0.1", server.port), 10, ("127.0.0.2", 0)) as other:
            other.sendall(request)
            assert other.recv(12) == b"HTTP/1.1 200"
        clients[0].close()
        wait_until(lambda: raw(server, request).startswith(b"HTTP/1.1 200 "))


def test_a_request_whose_answer_takes_its_time_is_there() -> None:
    with serving(Limits(requests=3)) as server, ExitStack() as opened:
        for _ in range(6):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            client.sendall(b"GET /held HTTP/1.1\r\nHost: here\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
        HELD.set()


@pytest.mark.parametrize("limits", [Limits(connections=3), Limits(of_network=3)])
def test_there_are_so_many_connections_and_no_more(limits: Limits) -> None:
    with serving(limits) as server, ExitStack() as opened:
        clients = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), 10)) for _ in range(3)
        ]
        wait_until(lambda: raw(server, b"GET / HTTP/1.0\r\n\r\n").startswith((b"HTTP/1.1 503 ", b"")))
        clients[0].close()
        wait_until(lambda: raw(server, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 "))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_counts_for_its_household(address: str, network: str) -> None:
    assert network_of(address) == network


def test_it_listens_on_ipv6_too() -> None:
    try:
        listener = listen("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert listener.family == socket.AF_INET6


@pytest.mark.parametrize(
    "target",
    [
        "/doc/1?token=SECRET",
        "/doc/1?embed=1&token=SECRET&v=2",
        "/doc/1?%74ok%65n=SECRET",
        "/doc/1?TOKEN=SECRET",
        "/login/code?code=SECRET",
        "/register?invite=SECRET'X",
        "/login?next=%2Fdoc%2F1%3Ftoken%3DSECRET",
        "/login?next=%2Flogin%3Fnext%3D%252Fdoc%252F1%253Fa%253Db%2526token%253DSECRET",
        "/doc/1%3Ftoken=SECRET",
        "/doc/1?=token=SECRET",
        "/doc/1?%3Dtoken=SECRET",
        "/doc/1?a==&token=SECRET",
        "/doc/1%3Ftoken%3DSECRET",
    ],
)
def test_a_log_line_has_no_secret_of_a_query(
    connection: http.client.HTTPConnection, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(connection, "GET", target)
    assert "200" in caplog.text
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize("piece", ["a", "%", "%25", "&", "=", "a=", "%3D", "?a", "token=", "%25%33D"])
def test_the_longest_request_line_is_looked_through_at_once(piece: str) -> None:
    begun = time.process_time()
    redacted("GET /" + piece * (65_536 // len(piece)))
    assert time.process_time() - begun < 1


def test_a_log_line_has_what_is_no_secret(
    connection: http.client.HTTPConnection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        ask(connection, "GET", "/changes?doc=a:1&token=x&wait=stream")
    assert "GET /changes?doc=a:1&token=***&wait=stream 200" in caplog.text


def test_a_request_that_is_none_leaves_no_secret_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        raw(server, b"GET /doc/1?token=SECRET HTTP/1.1 more\r\n\r\n")
        raw(server, b"GET / HTTP/1.1\r\nAuthorization SECRET\r\n\r\n")
        raw(server, b"GET /broken?token=SECRET HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    assert "Bad request" in caplog.text
    assert "failed" in caplog.text
    assert "SECRET" not in caplog.text
