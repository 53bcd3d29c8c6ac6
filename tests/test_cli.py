"""bokeh-server, as people and service managers run it: in a process of its own."""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import bokeh_wsgi
from bokeh_wsgi import cli
from bokeh_wsgi.cli import serve
from tests.certificates import certificate
from tests.command import DEADLINE_S, ENVIRON, failed, running


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


ENDS = b"Host: localhost\r\nConnection: close\r\n\r\n"


def test_a_redirect_keeps_the_query_and_never_leaves_the_server() -> None:
    with running("--store", "memory:") as server, socket.create_connection(server.address) as client:
        client.sendall(b"GET //elsewhere.example/%0d%0ax?a=b&c=%20d HTTP/1.1\r\n" + ENDS)
        head = client.makefile("rb").read().decode()
    assert "Location: /bokeh/elsewhere.example/%0D%0Ax?a=b&c=%20d\r\n" in head


def test_a_redirected_post_stays_a_post() -> None:
    with running("--store", "memory:") as server, socket.create_connection(server.address) as client:
        client.sendall(b"POST /doc HTTP/1.1\r\nContent-Length: 0\r\n" + ENDS)
        assert client.makefile("rb").readline().startswith(b"HTTP/1.1 307 ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_stops_at_once_while_viewers_follow(number: signal.Signals, code: int) -> None:
    with running("--store", "memory:") as server:
        docid = server.make_document()
        viewers = [server.get(f"/bokeh/changes?doc={docid}:0&wait=stream") for _ in range(3)]
        assert all(viewer.read(8) for viewer in viewers)
        stopped, took_s, errors = server.stop(number)
        for viewer in viewers:
            viewer.close()
    assert (stopped, errors) == (code, "")
    assert took_s < 12  # less than the 15 s to a heartbeat, which ends what is not there any more


def test_it_imports_nothing_that_makes_it_start_late() -> None:
    program = (
        "import signal, sys, threading; from bokeh_wsgi import cli; "
        "threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM]).start(); "
        "slow = lambda: {'bokeh', 'pandas', 'tornado', 'IPython'} & {*sys.modules}; "
        "cli.os._exit = lambda code: sys.exit(str(slow()) if slow() else code); "
        "cli.main(['--port', '0', '--store', 'memory:'])"
    )
    run = subprocess.run([sys.executable, "-c", program], env=ENVIRON, timeout=DEADLINE_S, check=False)
    assert run.returncode == 0


def test_documents_outlive_a_server_with_a_store_on_disk(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'plots.db'}"
    with running("--store", store) as server:
        docid = server.make_document()
        server.stop(signal.SIGTERM)
    with running("--store", store) as server:
        assert [doc["docid"] for doc in json.load(server.get("/bokeh/userinfo"))["docs"]] == [docid]


def test_the_default_store_is_a_file_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRON, "HOME", str(tmp_path))
    monkeypatch.setitem(ENVIRON, "XDG_DATA_HOME", str(tmp_path / "data"))
    with running("--backend", "sqlite") as server:
        server.make_document()
        server.stop(signal.SIGTERM)
    assert [path for path in tmp_path.rglob("*") if path.is_file()]


def test_verbose_logs_every_request_and_nothing_does_otherwise() -> None:
    for flags, logged in ((["-v"], True), ([], False)):
        with running("--store", "memory:", *flags) as server:
            server.get("/bokeh/ping").close()
            _, _, errors = server.stop(signal.SIGTERM)
        assert ("GET /bokeh/ping 200" in errors) is logged


def test_it_speaks_https(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    flags = ["--https-certfile", str(cert), "--https-keyfile", str(key)]
    with running("--store", "memory:", *flags) as server:
        assert server.link.startswith("https://")
        silent = socket.create_connection(server.address)  # holds up nobody
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
    code, errors = failed("--ip", "192.0.2.1", "--trust-network", "--port", "0", "--store", "memory:")
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
        (["--ip", "0.0.0.0"], "use -m for users with passwords, or allow it with --trust-network"),
        (["--registration", "closed"], "--registration needs -m"),
        (["-m", "--registration", "all"], "invalid choice: 'all'"),
        (["--host", "plots.example:5006"], "is not a name without a port"),
        (["--host", "https://plots.example"], "is not a name without a port"),
        (["--embed-origin", "https://site.example/page"], "is not an origin"),
        (["--embed-origin", "site.example"], "is not an origin"),
        (["--script", "app.py"], "unrecognized arguments: --script"),
    ],
)
def test_a_flag_that_cannot_be_is_one_line(flags: list[str], reason: str) -> None:
    code, errors = failed(*flags)
    assert code == 2
    assert errors.startswith("bokeh-server: ")
    assert reason in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("ip", ["0.0.0.0", "::", "", "192.0.2.1", "2001:db8::1", "machine.example"])
def test_only_who_says_so_opens_a_server_of_one_user_to_other_machines(ip: str) -> None:
    check, parse = serve.check, cli.parser().parse_args
    with pytest.raises(cli.Failure, match="--trust-network"):
        check(parse(["--ip", ip]))
    check(parse(["--ip", ip, "--trust-network"]))
    check(parse(["--ip", ip, "-m"]))


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_a_server_of_one_user_listens_to_its_own_machine(ip: str) -> None:
    flags = cli.parser().parse_args(["--ip", ip])
    serve.check(flags)
    assert set(serve.hosts_of(flags) or ()) == {"localhost", "127.0.0.1", "::1", ip}


def test_only_a_server_on_all_addresses_without_names_answers_to_any() -> None:
    parse = cli.parser().parse_args
    assert serve.hosts_of(parse(["-m", "--ip", "0.0.0.0"])) is None
    assert serve.hosts_of(parse(["--trust-network", "--ip", "0.0.0.0"])) == ["*"]
    named = serve.hosts_of(parse(["-m", "--ip", "0.0.0.0", "--host", "a.example", "--host", "b.example"]))
    assert {"a.example", "b.example", "localhost"} <= set(named or ())


def test_a_name_that_leads_to_this_machine_is_not_answered_unless_it_was_said() -> None:
    for flags, status in (([], 400), (["--host", "plots.example"], 200)):
        with running("--store", "memory:", *flags) as server:
            connection = http.client.HTTPConnection(*server.address, timeout=DEADLINE_S)
            connection.request("GET", "/bokeh/ping", headers={"Host": "plots.example:5006"})
            assert connection.getresponse().status == status
            connection.close()
            assert server.get("/bokeh/ping").status == 200


def test_a_gallery_and_the_sites_that_may_show_frames_are_flags() -> None:
    flags = ["--gallery", "--embed-origin", "https://a.example/", "--embed-origin", "https://b.example"]
    with running("--store", "memory:", *flags) as server:
        assert server.get("/bokeh/gallery").status == 200
        policy = server.get(f"/bokeh/doc/{server.make_document()}").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://a.example https://b.example" in policy


@pytest.mark.parametrize(("flags", "address"), [([], "127.0.0.1"), (["--use-xheaders"], "192.0.2.7")])
def test_only_a_proxy_that_is_told_of_says_who_asks(flags: list[str], address: str) -> None:
    with running("-m", "--store", "memory:", *flags) as server:
        connection = http.client.HTTPConnection(*server.address, timeout=DEADLINE_S)
        told = {"X-Forwarded-For": "192.0.2.66, 192.0.2.7", "X-Forwarded-Proto": "https"}
        connection.request("GET", "/bokeh/login", headers={**told, "Accept": "text/html"})
        assert ("Secure" in connection.getresponse().headers["Set-Cookie"]) is bool(flags)
        connection.close()
        connection.request("GET", "/bokeh/userinfo", headers={**told, "Authorization": "Bearer bwk-0-0"})
        assert connection.getresponse().status == 401
        connection.close()
        assert f"address='{address}'" in server.stop(signal.SIGTERM)[2]


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
