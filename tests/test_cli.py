"""bokeh-server, as people and service managers run it: in a process of its own."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import psutil
import pytest

import bokeh_wsgi
from bokeh_wsgi import cli

COMMAND = [sys.executable, "-m", "bokeh_wsgi"]
ROOT = Path(bokeh_wsgi.__file__).parent.parent
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}
DEADLINE_S = 30


class Running:
    """A bokeh-server that has printed its line."""

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        self.process = process
        self.line = line
        link = re.search(r"https?://\S+", line)
        assert link, f"no link in {line!r}"
        self.link = link[0]
        self.origin = "/".join(self.link.split("/")[:3])

    def get(self, path: str, accept: str = "*/*") -> HTTPResponse:
        """Answer to a GET, after redirects; its ``url`` is where they led."""
        request = urllib.request.Request(self.origin + path, headers={"Accept": accept})
        response: HTTPResponse = urllib.request.urlopen(request, timeout=DEADLINE_S)
        return response

    def stop(self, number: signal.Signals) -> tuple[int, float, str]:
        """Exit code, seconds it took, and what it had said on stderr."""
        begun = time.monotonic()
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, time.monotonic() - begun, errors


@contextmanager
def running(*flags: str, port: int = 0) -> Iterator[Running]:
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRON,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Running(process, line)
    finally:
        process.kill()
        process.communicate()


def failed(*flags: str) -> tuple[int, str]:
    """Exit code and stderr of a bokeh-server that cannot start."""
    run = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, env=ENVIRON, timeout=DEADLINE_S)
    assert run.stdout == ""
    return run.returncode, run.stderr


def test_it_prints_one_line_with_the_link_and_serves_there() -> None:
    with running("--store", "memory:") as server:
        assert server.line == f"bokeh-server is at {server.link}\n"
        assert server.get("/bokeh/").status == 200
        code, _, errors = server.stop(signal.SIGTERM)
    assert (code, errors) == (0, "")


@pytest.mark.parametrize(("path", "leads_to"), [("/ping", "/bokeh/ping"), ("/", "/bokeh/"), ("", "/bokeh/")])
def test_every_other_path_leads_below_bokeh(path: str, leads_to: str) -> None:
    with running("--store", "memory:") as server:
        assert server.get(path).url == server.origin + leads_to


def test_a_prefix_comes_before_bokeh_and_old_addresses_still_lead_there() -> None:
    with running("--store", "memory:", "--url-prefix", "/lab/") as server:
        assert server.link.endswith("/lab/bokeh/")
        for path in ("/lab/bokeh/ping", "/lab/ping", "/ping"):
            with server.get(path) as response:
                assert response.url == f"{server.link}ping"
                assert response.read() == b"pong"


def test_a_redirect_keeps_the_query_and_never_leaves_the_server() -> None:
    with running("--store", "memory:") as server, socket.create_connection(_address(server)) as client:
        client.sendall(b"GET //elsewhere.example/%0d%0ax?a=b&c=%20d HTTP/1.1\r\nConnection: close\r\n\r\n")
        head = client.makefile("rb").read().decode()
    assert "Location: /bokeh/elsewhere.example/%0D%0Ax?a=b&c=%20d\r\n" in head


def test_a_redirected_post_stays_a_post() -> None:
    with running("--store", "memory:") as server, socket.create_connection(_address(server)) as client:
        client.sendall(b"POST /doc HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        assert client.makefile("rb").readline().startswith(b"HTTP/1.1 307 ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_stops_at_once_while_viewers_follow(number: signal.Signals, code: int) -> None:
    with running("--store", "memory:") as server:
        docid = _make_document(server)
        viewers = [server.get(f"/bokeh/changes?doc={docid}:0&wait=stream") for _ in range(3)]
        assert all(viewer.read(8) for viewer in viewers)
        stopped, took_s, errors = server.stop(number)
        for viewer in viewers:
            viewer.close()
    assert (stopped, errors) == (code, "")
    assert took_s < 3  # far less than a heartbeat, or than a graceful end would take


def test_it_starts_in_under_a_second() -> None:
    with running("--store", "memory:") as server:
        # Of processor time, which is all that starting takes: this machine may be busy with other tests.
        used = psutil.Process(server.process.pid).cpu_times()
    assert used.user + used.system < 1


def test_it_never_imports_bokeh() -> None:
    program = (
        "import signal, sys, threading; from bokeh_wsgi import cli; "
        "threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM]).start(); "
        "cli.os._exit = lambda code: sys.exit('bokeh' in sys.modules); "
        "cli.main(['--port', '0', '--store', 'memory:'])"
    )
    run = subprocess.run([sys.executable, "-c", program], env=ENVIRON, timeout=DEADLINE_S, check=False)
    assert run.returncode == 0


def test_documents_outlive_a_server_with_a_store_on_disk(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'plots.db'}"
    with running("--store", store) as server:
        docid = _make_document(server)
        server.stop(signal.SIGTERM)
    with running("--store", store) as server:
        assert [doc["docid"] for doc in json.load(server.get("/bokeh/userinfo"))["docs"]] == [docid]


def test_the_default_store_is_a_file_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRON, "HOME", str(tmp_path))
    monkeypatch.setitem(ENVIRON, "XDG_DATA_HOME", str(tmp_path / "data"))
    with running("--backend", "sqlite") as server:
        _make_document(server)
        server.stop(signal.SIGTERM)
    assert [path for path in tmp_path.rglob("*") if path.is_file()]


def test_verbose_logs_every_request_and_nothing_does_otherwise() -> None:
    for flags, logged in ((["-v"], True), ([], False)):
        with running("--store", "memory:", *flags) as server:
            server.get("/bokeh/ping").close()
            _, _, errors = server.stop(signal.SIGTERM)
        assert ("GET /bokeh/ping 200" in errors) is logged


def test_it_speaks_https(tmp_path: Path) -> None:
    cert, key = _certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    flags = ["--https-certfile", str(cert), "--https-keyfile", str(key)]
    with running("--store", "memory:", *flags) as server:
        assert server.link.startswith("https://")
        silent = socket.create_connection(_address(server))  # holds up nobody
        with silent, urllib.request.urlopen(f"{server.link}ping", context=trust) as response:
            assert response.read() == b"pong"


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, errors = failed("--port", str(port), "--store", "memory:")
    assert code == 1
    assert errors.startswith(f"bokeh-server: cannot listen on 127.0.0.1 port {port}: the port is taken")
    assert errors.count("\n") == 1


def test_an_address_of_another_machine_is_one_line() -> None:
    code, errors = failed("--ip", "192.0.2.1", "--port", "0", "--store", "memory:")
    assert code == 1
    assert errors.startswith("bokeh-server: cannot listen on 192.0.2.1 ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "uri", ["sqlite:////proc/nowhere/plots.db", "sqlite:////", "shelve:plots", "plots.db"]
)
def test_a_store_that_cannot_be_used_is_one_line(uri: str) -> None:
    code, errors = failed("--port", "0", "--store", uri)
    assert code == 1
    assert errors.startswith("bokeh-server: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--prot", "1"], "unrecognized arguments: --prot"),
        (["--port", "70000"], "'70000' is not a port"),
        (["--port", "http"], "'http' is not a port"),
        (["--url-prefix", "a?b"], "'a?b' is not a path"),
        (["--backend", "shelve"], "invalid choice: 'shelve'"),
        (["--backend", "memory", "--store", "memory:"], "not allowed with argument"),
        (["--https-certfile", "cert.pem"], "https needs both"),
        (["--https-certfile", "none.pem", "--https-keyfile", "none.pem"], "cannot read none.pem"),
        (["--https-certfile", __file__, "--https-keyfile", __file__], "not a certificate and its key"),
        (["-m"], "--multi-user is not there yet"),
        (["--script", "app.py"], "--script is not there yet"),
    ],
)
def test_a_flag_that_cannot_be_is_one_line(flags: list[str], reason: str) -> None:
    code, errors = failed(*flags)
    assert code == 2
    assert errors.startswith("bokeh-server: ")
    assert reason in errors
    assert errors.count("\n") == 1


def test_help_and_version_answer_without_starting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    assert "bokeh-server --port 8000" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith(f"bokeh-server {bokeh_wsgi.__version__} ")


def test_both_names_of_the_port_are_one_flag() -> None:
    parse = cli.parser().parse_args
    assert parse(["--bokeh-port", "7000"]) == parse(["--port", "7000"])


def _address(server: Running) -> tuple[str, int]:
    return "127.0.0.1", int(server.origin.rpartition(":")[2])


def _make_document(server: Running) -> str:
    request = urllib.request.Request(
        f"{server.link}doc", json.dumps({"title": "t"}).encode(), {"Content-Type": "application/json"}
    )
    docid: str = json.load(urllib.request.urlopen(request))["docid"]
    return docid


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, made by openssl."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    subject = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    try:
        run = subprocess.run(
            [*command, *subject, "-out", cert, "-keyout", key], capture_output=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("no openssl here to make a certificate with")
    assert run.returncode == 0
    return cert, key
