"""The examples, run as people run them; those of the old docs as they were, but for the import."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import psutil
import pytest

from bokeh_wsgi import Session
from bokeh_wsgi.dataplane import Reader
from tests.command import EXAMPLES, example_at
from tests.imports import ROOT

ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "BOKEH_BROWSER": "none", "PYTHONUNBUFFERED": "1"}
DEADLINE_S = 60


class Process:
    """A running program whose output is read line by line."""

    def __init__(self, *command: str | Path, cwd: Path = ROOT) -> None:
        self.child = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            env=ENVIRON,
        )
        self.said: list[str] = []
        # What never comes would be waited for for ever.
        self._alarm = threading.Timer(DEADLINE_S, self.child.kill)
        self._alarm.start()

    def wait_for(self, pattern: str) -> str:
        """Read until a line matches; returns the first group."""
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.said.append(line)
            match = re.search(pattern, line)
            if match:
                return match[1]
        pytest.fail(f"{self.child.args!r} did not say {pattern!r} but:\n{''.join(self.said)}")

    def link(self) -> str:
        return self.wait_for(r"(https?://\S+)")

    def end(self, number: signal.Signals | None = None) -> int:
        if number is not None:
            self.child.send_signal(number)
        self.said.append(self.child.communicate(timeout=DEADLINE_S)[0])
        self._alarm.cancel()
        return self.child.returncode

    def kill(self) -> None:
        self._alarm.cancel()
        self.child.kill()
        self.child.communicate()


@contextmanager
def process(*command: str | Path, cwd: Path = ROOT) -> Iterator[Process]:
    started = Process(*command, cwd=cwd)
    try:
        yield started
    finally:
        started.kill()


def changes(link: str, until: int, key: str = "") -> int:
    """The seq of a document, followed until it has at least that; ``key`` is the API key of who may."""
    root, _, docid = re.fullmatch(r"(.*/)(doc/)([^/]+)(?:/.*)?", link).groups()  # type: ignore[union-attr]
    seq = 0
    while seq < until:
        request = urllib.request.Request(f"{root}changes?doc={docid}:{seq}&wait=30")
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
            for change in Reader(limits=None).feed(response.read()):
                assert "end" not in change.meta
                seq = max(seq, change.seq)
    return seq


def test_the_first_example_of_the_old_docs_runs(root: str) -> None:
    with process(*example_at("docs_first.py", root)) as script:
        assert changes(script.link(), 1) == 1
        assert script.end() == 0


def test_the_animated_example_of_the_old_docs_goes_on(root: str) -> None:
    with process(*example_at("docs_animated.py", root)) as script:
        assert changes(script.link(), 3) >= 3


def test_the_same_title_is_the_same_link(root: str) -> None:
    links = []
    for _ in range(2):
        with process(EXAMPLES / "sea_temperature.py", root) as script:
            links.append(script.link())
            assert script.end() == 0
    assert links[0] == links[1]


def test_the_live_example_stores_ten_times_a_second(root: str) -> None:
    with process(EXAMPLES / "live_machine.py", root) as script:
        assert changes(script.link(), 10) >= 10


FLASK = ["-m", "flask", "--app", "examples/flask_site:site", "run", "--port", "0"]
DJANGO = ["examples/django_site.py", "runserver", "--noreload", "0"]
FLASK_SAYS, DJANGO_SAYS = r"Running on (http://\S+)", r"server at (http://\S+)"


@pytest.mark.parametrize(
    ("command", "says", "environ"),
    [
        (FLASK, FLASK_SAYS, {}),
        (FLASK, FLASK_SAYS, {"BESIDE": "1"}),
        (DJANGO, DJANGO_SAYS, {}),
    ],
    ids=["flask", "flask beside", "django"],
)
def test_a_user_of_a_site_has_plots_there_that_scripts_publish(
    command: list[str],
    says: str,
    environ: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path), **environ}.items():
        monkeypatch.setitem(ENVIRON, name, value)
    with process(*command) as server:
        home = server.wait_for(says).rstrip("/")
        ada, bob = SiteUser(home, "ada", "lovelace"), SiteUser(home, "bob", "splines")
        key = json.loads(ada.send("POST", "/bokeh/keys", {"name": "test"}))["key"]
        root = f"{home}/bokeh/"
        Session(root_url=root, userapikey=key, load_from_config=False, configdir=tmp_path / ".bokeh").save()
        with process(EXAMPLES / "sea_temperature.py", root) as script:
            link = script.link()
            assert changes(link, 1, key) == 1
        docid = link.removeprefix(f"{root}doc/").split("/")[0]
        assert f"/bokeh/doc/{docid}?embed=1" in ada.get("/")
        assert docid in ada.get("/bokeh/")
        assert docid not in bob.get("/") + bob.get("/bokeh/")
        ada.sign_out()
        assert docid not in ada.get("/")
        with pytest.raises(HTTPError, match="401"):
            ada.get("/bokeh/")


class SiteUser:
    """A browser at one of the sites, signed in."""

    def __init__(self, home: str, name: str, password: str) -> None:
        self.home = home
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        signed_in = self._submit("/sign-in", name=name, username=name, password=password)
        assert "Sign out" in signed_in

    def sign_out(self) -> None:
        assert "Sign out" not in self._submit("/sign-out")

    def get(self, path: str) -> str:
        return self._open(urllib.request.Request(self.home + path, headers={"Accept": "text/html"}))

    def send(self, method: str, path: str, told: Any) -> str:
        """As the scripts of the plot server's pages do."""
        token = re.findall(r'name="csrf" content="([^"]+)"', self.get("/bokeh/"))[0]
        headers = {"Content-Type": "application/json", "X-CSRF-Token": token, "Origin": self.home}
        body = json.dumps(told).encode()
        return self._open(urllib.request.Request(self.home + path, body, headers, method=method))

    def _submit(self, path: str, **fields: str) -> str:
        for page in (path, "/"):  # Django's form is at its path, Flask's on the first page
            with suppress(HTTPError):
                fields |= re.findall(r'name="(csrfmiddlewaretoken)" value="([^"]+)"', self.get(page))[:1]
        body = urllib.parse.urlencode(fields).encode()
        return self._open(urllib.request.Request(self.home + path, body))

    def _open(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=DEADLINE_S) as response:
            return str(response.read().decode())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_prints_its_links_and_leaves_nothing_running(number: signal.Signals) -> None:
    with process(EXAMPLES / "demo.py", "--port", "0") as demo:
        links = [demo.link() for _ in range(3)]
        assert links[1].startswith(links[0])
        demo.wait_for("(Ctrl-C)")
        children = psutil.Process(demo.child.pid).children(recursive=True)
        assert children
        assert demo.end(number) == 0
    assert [child for child in children if child.is_running()] == []


def test_the_demo_ends_with_one_line_where_its_port_is_taken(root: str) -> None:
    port = root.split(":")[2].split("/")[0]
    with process(EXAMPLES / "demo.py", "--port", port) as demo:
        assert demo.end() == 1
    assert "".join(demo.said).startswith("bokeh-server: cannot listen on 127.0.0.1 port ")
    assert "".join(demo.said).count("\n") == 1
