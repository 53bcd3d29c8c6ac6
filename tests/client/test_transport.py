"""Sessions over HTTP: nobody there, servers that go away, answers that get lost, mounts, long uploads."""

import contextlib
import gzip
import os
import socket
import subprocess
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any
from wsgiref.validate import validator

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.client.transport.http_transport import HTTPTransport
from bokeh_wsgi.exc import ServerRefused, ServerUnreachable, SessionError
from tests.waiting import wait_until

from .conftest import Viewer

SIGN_IN = Response("<h1>Sign in to reach the network</h1>", mimetype="text/html")
"""What a page between says instead of a server."""


class Troubled:
    """A server whose next answers get lost (after the app has done its work), or are something else.

    A 503, a page to sign in at, or their first half; only those to uploads, unless it ``spares`` none.
    Streams are denied with the statuses to ``deny`` them with.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.lose = 0
        self.refuse = 0
        self.sign_in = 0
        self.halve = 0
        self.deny: list[int] = []
        self.spares = True
        self.keys: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if self.deny and "wait=stream" in environ["QUERY_STRING"]:
            return Response("<h1>Not here</h1>", self.deny.pop(), mimetype="text/html")(
                environ, start_response
            )
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        if key is None and self.spares:
            return self.app(environ, start_response)
        self.keys.append(key or environ["PATH_INFO"])
        if self.refuse:
            self.refuse -= 1
            return Response("starting", status=503)(environ, start_response)
        told: list[Any] = []
        whole = b"".join(self.app(environ, lambda *args: told.extend(args)))
        if self.sign_in:
            self.sign_in -= 1
            return SIGN_IN(environ, start_response)
        if self.halve:
            self.halve -= 1
            whole = whole[: len(whole) // 2]
            told[1] = [pair for pair in told[1] if pair[0] != "Content-Length"]
        if self.lose:
            self.lose -= 1
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionError("the answer is lost")
        start_response(*told)
        return [whole]


@contextlib.contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def troubled(app: BokehWSGI) -> Troubled:
    return Troubled(app)


@pytest.fixture
def url(troubled: Troubled) -> Iterator[str]:
    with serving(troubled) as found:
        yield found


@pytest.fixture
def remote(url: str) -> Iterator[Session]:
    with Session(root_url=url, load_from_config=False, retry_s=20) as session:
        session.use_doc("line")
        yield session


@pytest.fixture
def source() -> Any:
    return ColumnDataSource({"y": np.arange(1000.0) ** 2})


@pytest.fixture
def plotted(source: Any) -> Document:
    document = Document()
    plot = figure()
    plot.line("y", "y", source=source)
    document.add_root(plot)
    return document


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_a_document_is_published_over_http(remote: Session, plotted: Document, source: Any, url: str) -> None:
    remote.store_document(plotted)
    assert remote.base_url == url
    assert remote.userinfo["docs"] == [{"title": "line", "docid": remote.docid, "published": False}]
    assert Viewer(remote).column(source, "y").tobytes() == source.data["y"].tobytes()


def test_nobody_at_the_first_contact_is_an_error_that_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with (
        Session(root_url=url, load_from_config=False) as session,
        pytest.raises(
            ServerUnreachable, match=rf"no bokeh-server answers at {url}: start one with `bokeh-server`"
        ),
    ):
        session.use_doc("line")


def test_somebody_else_at_the_first_contact_is_named() -> None:
    with serving(Response("hello")) as url, pytest.raises(ServerUnreachable, match="it is no bokeh-server"):
        Session(root_url=url, load_from_config=False).use_doc("line")


def test_the_mount_is_found_by_following_redirects(app: BokehWSGI) -> None:
    @Request.application
    def elsewhere(request: Request) -> Response:
        return Response(status=302, headers={"Location": f"/bokeh{request.full_path.rstrip('?')}"})

    with serving(DispatcherMiddleware(elsewhere, {"/bokeh": app})) as url:
        session = Session(root_url=url, load_from_config=False)
        session.use_doc("line")
        assert session.base_url == f"{url}bokeh/"
        assert session.document_link() == f"{url}bokeh/doc/{session.docid}"
        session.close()


def test_a_server_that_is_called_by_another_name_says_what_to_do(app: BokehWSGI) -> None:
    with serving(app) as url, pytest.raises(ServerRefused, match=r"option hosts=\['127\.1'\]"):
        # Also an address of this machine, but none that a browser would take for one.
        Session(root_url=url.replace("127.0.0.1", "127.1"), load_from_config=False).use_doc("line")


def test_redirects_without_an_end_are_not_followed_for_ever() -> None:
    endless = serving(Response(status=302, headers={"Location": "ping"}))
    with endless as url, pytest.raises(ServerUnreachable, match="it is no bokeh-server"):
        Session(root_url=url, load_from_config=False).use_doc("line")


@pytest.mark.parametrize("trouble", ["lose", "refuse", "sign_in", "halve"])
def test_a_change_is_sent_again_and_applied_once(
    remote: Session, troubled: Troubled, plotted: Document, source: Any, trouble: str
) -> None:
    remote.store_document(plotted)
    setattr(troubled, trouble, 2)
    troubled.keys.clear()
    source.stream({"y": [1.0, 2.0]})
    remote.store_objects(source)
    assert len(troubled.keys) == 3
    assert len(set(troubled.keys)) == 1
    assert remote.seq == 2
    assert Viewer(remote).column(source, "y").tobytes() == source.data["y"].tobytes()


@pytest.mark.parametrize("trouble", ["sign_in", "halve"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda session: session.use_doc("line"),
        lambda session: session.userinfo,
        lambda session: session.pull_state(),
        lambda session: session.publish(),
        lambda session: session.embed_token(),
        lambda session: session.viewers(),
        lambda session: session.rename("curve"),
    ],
)
def test_what_is_no_answer_is_asked_for_again(
    remote: Session, troubled: Troubled, plotted: Document, ask: Any, trouble: str
) -> None:
    remote.store_document(plotted)
    troubled.keys.clear()
    troubled.spares = False
    setattr(troubled, trouble, 1)
    ask(remote)
    assert len(troubled.keys) == 2
    assert len(set(troubled.keys)) == 1


def test_a_page_to_sign_in_at_that_stays_is_named(
    remote: Session, troubled: Troubled, plotted: Document, source: Any
) -> None:
    remote.store_document(plotted)
    remote.http_session.retry_s = 0.0  # type: ignore[attr-defined]
    troubled.sign_in = 1
    source.stream({"y": [1.0]})
    with pytest.raises(
        ServerUnreachable, match=r"no answer of a bokeh-server \(37 bytes of text/html\).*sign in"
    ):
        remote.store_objects(source)
    remote.store_objects(source)
    assert remote.seq == 2
    assert Viewer(remote).column(source, "y").tobytes() == source.data["y"].tobytes()


def test_a_script_follows_on_when_something_between_has_denied_it_for_a_while(
    remote: Session, troubled: Troubled, plotted: Document, source: Any, app: BokehWSGI
) -> None:
    remote.store_document(plotted)
    troubled.deny = [401, 403, 404]
    with remote.live(plotted):
        other = Session(app=app)
        other.use_doc("line")
        copy = Document()
        other.load_document(copy)
        found: Any = copy.get_model_by_id(source.id)
        found.data["y"] = np.array([1.0, 2.0])
        other.store_objects(found)
        wait_until(lambda: len(source.data["y"]) == 2)
    assert troubled.deny == []


def test_after_the_retries_the_error_is_clear_and_nothing_is_lost_or_doubled(
    remote: Session, troubled: Troubled, plotted: Document, source: Any
) -> None:
    remote.store_document(plotted)
    remote.http_session.retry_s = 0.0  # type: ignore[attr-defined]
    troubled.lose = 1
    source.stream({"y": [1.0]})
    with pytest.raises(ServerUnreachable, match="does not answer"):
        remote.store_objects(source)
    source.stream({"y": [2.0]})
    remote.store_objects(source)
    assert len(set(troubled.keys[1:])) == 2
    assert Viewer(remote).column(source, "y").tobytes() == source.data["y"].tobytes()


def test_a_server_that_restarts_is_waited_for(app: BokehWSGI, plotted: Document, source: Any) -> None:
    with serving(app) as url:
        session = Session(root_url=url, load_from_config=False, retry_s=30)
        session.use_doc("line")
        session.store_document(plotted)
    source.data["y"][0] = 5
    storing = threading.Thread(target=session.store_objects, args=(source,))
    storing.start()
    with serving(app, port=int(url.rpartition(":")[2].strip("/"))):
        storing.join()
        assert session.seq == 2
        assert Viewer(session).column(source, "y")[0] == 5
    session.close()


def test_a_refusal_carries_the_server_s_message(remote: Session) -> None:
    with pytest.raises(ServerRefused, match="No document") as caught:
        remote.delete_doc("nothing-of-that-name")
    assert caught.value.status == 404


def test_an_upload_of_several_megabytes_arrives(remote: Session) -> None:
    values = np.random.default_rng(1).normal(size=1_000_000)
    source = ColumnDataSource({"y": values})
    document = Document()
    plot = figure()
    plot.line("y", "y", source=source)
    document.add_root(plot)
    remote.store_document(document)
    assert Viewer(remote).column(source, "y").tobytes() == values.tobytes()


def test_stores_of_several_threads_follow_each_other(remote: Session, plotted: Document, source: Any) -> None:
    remote.store_document(plotted)
    failed: list[BaseException] = []

    def store(row: int) -> None:
        try:
            source.data["y"][row] = -1.0
            remote.store_objects(source)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failed.append(error)

    threads = [threading.Thread(target=store, args=(row,)) for row in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    remote.flush()
    assert not failed
    assert Viewer(remote).column(source, "y").tobytes() == source.data["y"].tobytes()


RERUN = """
import sys
from bokeh_wsgi.plotting import figure, output_server, show

output_server("line", url=sys.argv[1])
p = figure(plot_width=400, plot_height=400)
p.line([1, 2, 3, 4, 5], [6, 7, 2, 4, 5], line_width=2)
show(p)
"""


def test_a_script_that_runs_again_prints_the_same_link(url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", RERUN, url]
    environ = {**os.environ, "BOKEH_BROWSER": "none"}
    runs = [
        subprocess.run(command, env=environ, capture_output=True, text=True, check=False) for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    assert runs[0].stderr == runs[1].stderr
    assert runs[0].stderr.startswith(f"bokeh_wsgi: {url}doc/")


def test_calling_an_app_directly_keeps_to_wsgi(app: BokehWSGI, plotted: Document, source: Any) -> None:
    session = Session(app=validator(app))
    session.use_doc("line")
    session.store_document(plotted)
    assert Viewer(session).column(source, "y").tobytes() == source.data["y"].tobytes()


@contextlib.contextmanager
def packing(content: bytes, encoding: str) -> Iterator[str]:
    """A server that answers a ping as it should, and all else with these bytes."""

    @Request.application
    def app(request: Request) -> Response:
        if request.path.endswith("/ping"):
            return Response("pong")
        return Response(content, headers={"Content-Encoding": encoding, "Content-Type": "application/json"})

    with serving(app) as url:
        yield url


def zeros(encoding: str, size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    piece = bytes(1 << 20)
    return b"".join([*(packer.compress(piece) for _ in range(size >> 20)), packer.flush()])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
def test_an_answer_that_unpacks_without_end_takes_no_memory(encoding: str) -> None:
    packed = zeros(encoding.partition(",")[0], 300 << 20)
    with packing(gzip.compress(packed, mtime=0) if "," in encoding else packed, encoding) as url:
        transport = HTTPTransport(url, retry_s=0)
        assert transport.base_url == url
        tracemalloc.start()
        with pytest.raises(SessionError, match="unpack to more than 67108864: if a proxy packs"):
            transport.request("GET", "userinfo")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 150 << 20
        transport.close()


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (gzip.compress(b"{}", mtime=0)[:-9], "gzip", "was cut"),
        (b"{}", "gzip", "is no gzip"),
        (b"{}", "br", "answered in 'br', which was not asked for"),
    ],
)
def test_an_answer_that_is_packed_wrongly_is_said(content: bytes, encoding: str, message: str) -> None:
    with packing(content, encoding) as url:
        transport = HTTPTransport(url, retry_s=0)
        with pytest.raises(SessionError, match=message):
            transport.request("GET", "userinfo")
        transport.close()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_that_a_proxy_packed_is_read(encoding: str) -> None:
    text = b'{"username": "ada"}'
    with packing(
        gzip.compress(text, mtime=0) if encoding == "gzip" else zlib.compress(text), encoding
    ) as url:
        transport = HTTPTransport(url, retry_s=0)
        assert transport.request("GET", "userinfo").json() == {"username": "ada"}
        transport.close()


def test_a_session_waits_where_too_many_uploads_are_under_way(plotted: Document, source: Any) -> None:
    app = BokehWSGI(store="memory:", max_user_uploads=1)
    refused = threading.Event()

    def seen(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            if status.startswith("429"):
                refused.set()
            return start_response(status, headers)

        return app(environ, start)

    with serving(seen) as url, Session(root_url=url, load_from_config=False) as session:
        session.use_doc("line")
        with app.context.uploads.taken({"address 127.0.0.1": 1}):
            storing = threading.Thread(target=session.store_document, args=[plotted])
            storing.start()
            assert refused.wait(20)
        storing.join(20)
        assert Viewer(session).column(source, "y").tobytes() == source.data["y"].tobytes()
    app.close()
