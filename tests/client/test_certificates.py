"""https with a certificate that is not among the usual ones: said as that, and trusted where one says so."""

import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bokeh.io import curdoc
from werkzeug.serving import make_server

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.exc import NotTrusted, ServerUnreachable, SessionError
from bokeh_wsgi.io import cursession, output_server, reset_output
from tests.certificates import certificate

from .test_transport import free_port, serving


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cert(tmp_path: Path) -> Path:
    return certificate(tmp_path)[0]


@pytest.fixture
def url(app: BokehWSGI, cert: Path) -> Iterator[str]:
    """A server at https://localhost."""
    context = (str(cert), str(cert.with_name("key.pem")))
    server = make_server("localhost", 0, app, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_that_is_not_trusted_is_said_to_be_that(url: str) -> None:
    with (
        Session(root_url=url, load_from_config=False) as session,
        pytest.raises(NotTrusted, match=r"is not trusted \(self.signed certificate\)") as caught,
    ):
        session.use_doc("line")
    for way in ("ca_certs=", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        assert way in str(caught.value)
    assert isinstance(caught.value, ServerUnreachable)


def test_it_is_trusted_where_its_file_is_named(url: str, cert: Path) -> None:
    with Session(root_url=url, load_from_config=False, ca_certs=str(cert)) as session:
        session.use_doc("line")
        assert session.base_url == url


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_it_is_trusted_where_the_environment_names_its_file(
    url: str, cert: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(cert))
    with Session(root_url=url, load_from_config=False) as session:
        session.use_doc("line")


def test_it_is_trusted_by_output_server(url: str, cert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(cert.parent))
    try:
        output_server("line", url=url, ca_certs=str(cert))
        session = cursession()
        assert session is not None
        assert session.base_url == url
        session.close()
    finally:
        reset_output()
        curdoc().clear()


def test_what_is_saved_is_trusted_by_later_scripts(
    url: str, cert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cert.parent)
    with Session(root_url=url, ca_certs="cert.pem", configdir=tmp_path / "config") as session:
        session.save()
    assert json.loads(Path(session.configfile).read_text())[url]["ca_certs"] == str(cert)
    monkeypatch.chdir("/")
    with Session(root_url=url, configdir=tmp_path / "config") as session:
        session.use_doc("line")
    with (
        Session(root_url=url, configdir=tmp_path / "config", ca_certs=ssl.__file__) as session,
        pytest.raises(SessionError, match="there is no certificate in it"),
    ):
        session.use_doc("line")


def test_the_usual_certificates_are_trusted_besides(cert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here: the one that the environment says is all that is usual."""
    from bokeh_wsgi.client.transport.certificates import trusting

    other = cert.parent / "other"
    other.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(other, "other.example")[0]))
    found: list[Any] = trusting(str(cert)).get_ca_certs()
    assert {dict(*one["subject"])["commonName"] for one in found} == {"localhost", "other.example"}


@pytest.mark.parametrize(
    ("place", "says"), [("none.pem", "No such file"), (__file__, "there is no certificate in it")]
)
def test_a_file_of_certificates_that_is_none_is_an_error(url: str, place: str, says: str) -> None:
    with (
        Session(root_url=url, load_from_config=False, ca_certs=place) as session,
        pytest.raises(SessionError, match=f"ca_certs='{place}' cannot be used for https: {says}"),
    ):
        session.use_doc("line")


def test_a_variable_that_names_no_file_is_an_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/none.pem")
    with (
        Session(root_url=url, load_from_config=False) as session,
        pytest.raises(SessionError, match=r"SSL_CERT_FILE='/none\.pem' cannot be used"),
    ):
        session.use_doc("line")


def test_a_certificate_for_another_name_is_said_to_be_that(url: str, cert: Path) -> None:
    root_url = url.replace("localhost", "127.0.0.1")
    with (
        Session(root_url=root_url, load_from_config=False, ca_certs=str(cert)) as session,
        pytest.raises(NotTrusted, match="is for another name: use that one"),
    ):
        session.use_doc("line")


def test_https_where_there_is_none_is_said_to_be_that(app: BokehWSGI) -> None:
    with serving(app) as plain:
        root_url = plain.replace("http:", "https:")
        with (
            Session(root_url=root_url, load_from_config=False) as session,
            pytest.raises(NotTrusted, match=f"does not speak https: should it be {plain}"),
        ):
            session.use_doc("line")


def test_nobody_at_all_is_still_said_to_be_that() -> None:
    with (
        Session(root_url=f"https://localhost:{free_port()}/", load_from_config=False) as session,
        pytest.raises(ServerUnreachable, match="no bokeh-server answers"),
    ):
        session.use_doc("line")


def test_a_session_without_https_reads_no_certificates(app: BokehWSGI) -> None:
    with (
        serving(app) as plain,
        Session(root_url=plain, load_from_config=False, ca_certs="none.pem") as session,
    ):
        session.use_doc("line")
