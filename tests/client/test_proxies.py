"""What stands before a server: Apache that drops a header, proxies that answer themselves, a full store."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from werkzeug.wrappers import Response

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import SCHEMA_MESSAGE
from bokeh_wsgi.exc import ServerRefused, ServerUnreachable
from bokeh_wsgi.store import SQLiteStore
from tests.mod_wsgi import ModWSGI

from .accounts import PASSWORD
from .conftest import Viewer
from .test_transport import serving

REFUSED = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr><center>nginx</center>"


class Proxy:
    """Answers itself with ``status`` while there is one, as nginx does; else it is the app."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.status = 0
        self.headers: dict[str, str] = {"Server": "nginx/1.22.1"}
        self.refused = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if not self.status:
            return self.app(environ, start_response)
        self.refused += 1
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = Response(
            REFUSED.format(self.status), self.status, mimetype="text/html", headers=self.headers
        )
        return answer(environ, start_response)


@pytest.fixture
def proxy(app: BokehWSGI) -> Proxy:
    return Proxy(app)


@pytest.fixture
def url(proxy: Proxy) -> Iterator[str]:
    with serving(proxy) as found:
        yield found


@pytest.fixture
def source() -> Any:
    return ColumnDataSource({"y": [1.0, 2.0]})


@pytest.fixture
def remote(url: str, source: Any) -> Iterator[Session]:
    """Has published a plot of ``source``."""
    with Session(root_url=url, load_from_config=False, merge=False) as session:
        session.use_doc("line")
        document = Document()
        plot = figure()
        plot.line("y", "y", source=source)
        document.add_root(plot)
        session.store_document(document)
        yield session


@contextlib.contextmanager
def mended(mend: Callable[[], object]) -> Iterator[None]:
    """Whoever reads what is logged does something about it."""

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            mend()

    logger, reader = logging.getLogger("bokeh_wsgi"), Reader(logging.WARNING)
    logger.addHandler(reader)
    try:
        yield
    finally:
        logger.removeHandler(reader)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "asks for a login of its own"),
        (403, "does not let this pass"),
        (413, "client_max_body_size"),
        (418, "is not the plot server: see what its log says"),
    ],
)
def test_what_a_proxy_refuses_is_told_as_that(
    remote: Session, proxy: Proxy, source: Any, status: int, says: str
) -> None:
    proxy.status = status
    source.stream({"y": [3.0]})
    with pytest.raises(
        ServerRefused, match=rf"{status} by a proxy \(nginx/1.22.1\), which .*{says}"
    ) as caught:
        remote.store_objects(source)
    assert caught.value.status == status
    assert proxy.refused == 1
    proxy.status = 0
    remote.store_objects(source)
    assert list(Viewer(remote).column(source, "y")) == [1.0, 2.0, 3.0]


def test_a_proxy_that_leads_to_a_login_is_told_as_that(remote: Session, proxy: Proxy) -> None:
    proxy.status, proxy.headers["Location"] = 302, "https://login.example/"
    with pytest.raises(ServerRefused, match=r"leads to https://login\.example/: if that is a login"):
        _ = remote.userinfo


AWAY = [(502, "proxy_pass"), (503, "has no server now"), (504, "proxy_read_timeout")]


@pytest.mark.parametrize(("status", "says"), AWAY)
def test_a_proxy_without_its_server_is_told_at_once_and_waited_for(
    remote: Session, proxy: Proxy, source: Any, status: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    def start() -> None:
        proxy.status = 0

    proxy.status = status
    source.stream({"y": [3.0]})
    with mended(start):
        remote.store_objects(source)
    assert list(Viewer(remote).column(source, "y")) == [1.0, 2.0, 3.0]
    (record,) = [record for record in caplog.records if record.name == "bokeh_wsgi"]
    assert f"{status} by a proxy (nginx/1.22.1)" in record.getMessage()
    assert says in record.getMessage()
    assert "trying again for 60 s" in record.getMessage()


@pytest.mark.parametrize(("status", "says"), AWAY)
def test_a_proxy_without_its_server_is_named_in_the_end(
    remote: Session, proxy: Proxy, status: int, says: str
) -> None:
    remote.http_session.retry_s = 0.0  # type: ignore[attr-defined]
    proxy.status = status
    with pytest.raises(ServerUnreachable, match=rf"{status} by a proxy \(nginx/1.22.1\), which .*{says}"):
        _ = remote.userinfo


@pytest.mark.parametrize(("status", "says"), [*AWAY, (401, "asks for a login of its own")])
def test_a_proxy_is_named_at_the_first_contact(url: str, proxy: Proxy, status: int, says: str) -> None:
    proxy.status = status
    with pytest.raises(ServerUnreachable, match=rf"{status} by a proxy \(nginx/1.22.1\), which .*{says}"):
        Session(root_url=url, load_from_config=False).use_doc("line")


def test_a_full_disk_is_told_at_once(tmp_path: Path, source: Any) -> None:
    store = SQLiteStore(tmp_path / "store.db")
    app = BokehWSGI(store=store)
    uploads: list[str] = []

    def counted(environ: Any, start_response: Any) -> Any:
        uploads.extend(filter(None, [environ.get("HTTP_IDEMPOTENCY_KEY")]))
        return app(environ, start_response)

    with serving(counted) as url, Session(root_url=url, load_from_config=False, merge=False) as session:
        session.use_doc("line")
        document = Document()
        document.add_root(figure())
        session.store_document(document)
        with store._connections.reading() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        plot = figure()
        plot.line("y", "y", source=ColumnDataSource({"y": [float(n) ** 1.5 for n in range(5_000)]}))
        document.add_root(plot)
        uploads.clear()
        with pytest.raises(ServerRefused, match="has no space left on its disk: make some") as caught:
            session.store_document(document)
        assert (caught.value.status, caught.value.body["error"]) == (507, "store-full")
        assert len(uploads) == 1
        # There is room again: on the next connection.
        session.store_document(document)
        assert session.seq == 2
    app.close()
    store.close()


def test_a_store_that_comes_back_is_waited_for(
    tmp_path: Path, source: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path, away = tmp_path / "store.db", tmp_path / "away"
    app = BokehWSGI(store=f"sqlite:///{path}")
    with serving(app) as url, Session(root_url=url, load_from_config=False, merge=False) as session:
        session.use_doc("line")
        document = Document()
        plot = figure()
        plot.line("y", "y", source=source)
        document.add_root(plot)
        session.store_document(document)
        source.stream({"y": [3.0]})
        path.rename(away)
        with mended(lambda: away.exists() and away.rename(path)):
            session.store_objects(source)
        assert session.seq == 2
        assert list(Viewer(session).column(source, "y")) == [1.0, 2.0, 3.0]
        assert "was deleted or moved away under the server: put it back" in caplog.text
    app.close()


def test_scripts_go_on_where_apache_drops_their_header(shared_app: BokehWSGI, source: Any) -> None:
    with serving(ModWSGI(shared_app)) as url:
        ann = Session(root_url=url, load_from_config=False)
        ann.register("ann", PASSWORD)
        ann.use_doc("line")
        document = Document()
        plot = figure()
        plot.line("y", "y", source=source)
        document.add_root(plot)
        ann.store_document(document)
        # Whose first request is answered as if there was no such document.
        again = Session(root_url=url, userapikey=ann.userapikey, load_from_config=False)
        again.use_doc(docid=ann.docid)
        loaded = Document()
        again.load_document(loaded)
        assert list(Viewer(again).column(source, "y")) == [1.0, 2.0]
        third = Session(root_url=url, userapikey=ann.userapikey, load_from_config=False)
        stream = third.http_session.open_stream(f"changes?doc={ann.docid}:0")
        assert next(iter(stream)).startswith(SCHEMA_MESSAGE)
        stream.close()
        for session in (ann, again, third):
            assert session.userinfo["username"] == "ann"
            session.close()


def test_a_key_that_is_wrong_is_not_tried_twice(shared_app: BokehWSGI) -> None:
    requests: list[str] = []

    def counted(environ: Any, start_response: Any) -> Any:
        requests.append(environ["PATH_INFO"])
        return ModWSGI(shared_app)(environ, start_response)

    session = Session(app=counted, userapikey="bwk-0123456789abcdef-x")
    with pytest.raises(ServerRefused, match="API key is not valid"):
        _ = session.userinfo
    assert requests == ["/userinfo", "/userinfo"]
    with pytest.raises(ServerRefused, match="API key is not valid"):
        _ = session.userinfo
    assert len(requests) == 3
