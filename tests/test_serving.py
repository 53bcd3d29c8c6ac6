"""The HTTP server of bokeh-server, spoken to over real sockets."""

import http.client
import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from bokeh_wsgi.serving import Server, listen, redacted


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answers by path; ``/`` echoes the body."""
    match environ["PATH_INFO"]:
        case "/refuse":
            start_response("413 Content Too Large", [("Content-Length", "2")])
            return [b"no"]
        case "/stream":
            start_response("200 OK", [])
            return (b"piece" * 20_000 if n == 1 else b"piece" for n in range(3))
        case "/nodelay":
            option = environ["werkzeug.socket"].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            start_response("200 OK", [])
            return [b"%d" % bool(option)]
        case "/broken":
            raise ValueError("broken on purpose")
        case "/cut":
            start_response("200 OK", [])
            return cut()
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def cut() -> Iterator[bytes]:
    yield b"begun"
    raise ValueError("cut on purpose")


@pytest.fixture
def server() -> Iterator[Server]:
    listener = listen("127.0.0.1", 0)
    server = Server(listener, app, name="test")
    listener.close()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    yield connection
    connection.close()


def ask(connection: http.client.HTTPConnection, *request: Any, **options: Any) -> tuple[int, bytes]:
    connection.request(*request, **options)
    response = connection.getresponse()
    return response.status, response.read()


def raw(server: Server, request: bytes) -> bytes:
    """Everything that the server says to ``request`` until it closes."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(4096), b""))


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


def test_small_packets_are_sent_at_once(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", "/nodelay") == (200, b"1")


def test_http_1_0_gets_plain_bodies_and_a_closed_connection(server: Server) -> None:
    answer = raw(server, b"GET /stream HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == b"piece" * 20_002


def test_who_expects_100_continue_gets_it(server: Server) -> None:
    request = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    assert raw(server, request).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


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


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: -1\r\n",
        b"Content-Length: x\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_request_that_says_its_length_in_two_ways_is_refused(server: Server, lengths: bytes) -> None:
    assert raw(server, b"POST / HTTP/1.1\r\n" + lengths + b"\r\n").startswith(b"HTTP/1.1 400 ")


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
        raw(server, b"GET /broken?token=SECRET HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert "Bad request" in caplog.text
    assert "failed" in caplog.text
    assert "SECRET" not in caplog.text
