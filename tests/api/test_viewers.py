"""How many look at a document, and who is told."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from bokeh_wsgi import presence
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Reader
from tests.pages.reading import find
from tests.waiting import wait_until

from .conftest import Api
from .people import token_in


class Stream:
    """An open response to ``changes``, read in a thread of its own until it is closed."""

    def __init__(self, app: BokehWSGI, query: str, **headers: str) -> None:
        self.told: list[int] = []
        self._response = Client(app).get(
            f"/changes?{query}",
            headers=headers,
            buffered=False,
            environ_overrides={"SERVER_SOFTWARE": "bokeh-server", "wsgi.multithread": True},
        )
        assert self._response.status_code == 200, self._response.text
        assert self._response.headers["X-Wait"] == "stream"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        reader = Reader(limits=None)
        for piece in self._response.iter_encoded():
            for change in reader.feed(piece):
                if "viewers" in change.meta:
                    self.told.append(change.meta["viewers"])
            if self._closing.is_set():
                break
        self._response.close()

    def close(self) -> None:
        """As a server does that cannot write any more: with the next heartbeat."""
        self._closing.set()


class TwoProcesses:
    """Two processes of one server, as far as they share a store."""

    def __init__(self, uri: str) -> None:
        self.apps = [BokehWSGI(store=uri, heartbeat_s=0.2) for _ in range(2)]
        if uri == "memory:":
            self.apps[1].close()
            self.apps[1] = self.apps[0]
        self.api = Api(self.apps[0])
        self.docid = self.api.make("seen")
        self.api.publish(self.docid, y=[1.0])
        self.streams: list[Stream] = []

    def bearer(self, app: int = 0) -> dict[str, str]:
        """The token of a page that is opened."""
        return token_in(Client(self.apps[app]).get(f"/doc/{self.docid}").text)

    def look(self, page: str, app: int = 0, *, bearer: dict[str, str] | None = None) -> Stream:
        """A page opens, or comes again with its token; its viewer looks at it until it is closed."""
        bearer = bearer or self.bearer(app)
        return self._open(app, f"doc={self.docid}:0&wait=stream&page={page}", **bearer)

    def listen(self, app: int = 0) -> Stream:
        """A script that wants to know."""
        return self._open(app, f"doc={self.docid}:0&wait=stream&viewers=1")

    def _open(self, app: int, query: str, **headers: str) -> Stream:
        self.streams.append(Stream(self.apps[app], query, **headers))
        return self.streams[-1]

    def viewers(self, app: int = 0) -> int:
        answer: Any = Client(self.apps[app]).get(f"/doc/{self.docid}/viewers").get_json()
        return int(answer["viewers"])

    def listed(self, app: int = 0) -> str:
        """What the index says."""
        index = Client(self.apps[app]).get("/", headers={"Accept": "text/html"}).text
        return find(index, "span", class_="fact viewers").text

    def close(self) -> None:
        for stream in self.streams:
            stream.close()
        for app in dict.fromkeys(self.apps):
            app.close()


@pytest.fixture(params=["memory", "sqlite"])
def processes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwoProcesses]:
    processes = TwoProcesses("memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/presence.db")
    yield processes
    processes.close()


def test_pages_are_counted_once_and_scripts_are_not(processes: TwoProcesses) -> None:
    assert processes.viewers() == 0
    script = processes.listen()
    wait_until(lambda: script.told == [0])
    first, again, other = processes.look("a"), processes.look("a"), processes.look("b", 1)
    wait_until(lambda: processes.viewers() == 2 and processes.viewers(1) == 2 and script.told[-1] == 2)
    again.close()
    other.close()
    wait_until(lambda: processes.viewers() == 1)
    first.close()
    wait_until(lambda: processes.viewers() == 0)
    wait_until(lambda: script.told[-1] == 0)
    assert script.told[0] == 0
    assert max(script.told) == 2


def test_a_script_at_another_process_is_told_at_once(processes: TwoProcesses) -> None:
    script = processes.listen(1)
    wait_until(lambda: script.told == [0])
    processes.look("a", 0)
    wait_until(lambda: script.told == [0, 1])


def test_a_page_whose_stream_was_cut_was_not_away(processes: TwoProcesses) -> None:
    script = processes.listen()
    wait_until(lambda: script.told == [0])
    bearer = processes.bearer()
    stream = processes.look("a", bearer=bearer)
    wait_until(lambda: script.told == [0, 1])
    for _ in range(5):
        stream.close()
        stream = processes.look("a", bearer=bearer)
    stream.close()
    wait_until(lambda: script.told[-1] == 0)
    assert script.told == [0, 1, 0]


def test_a_page_that_polls_is_there_between_two_polls(
    processes: TwoProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "POLL_GAP_S", 2.0)
    script = processes.listen()
    wait_until(lambda: script.told == [0])
    bearer = token_in(Client(processes.apps[0]).get(f"/doc/{processes.docid}").text)
    for _ in range(4):
        query = f"/changes?doc={processes.docid}:0&wait=0&page=a"
        assert Client(processes.apps[0]).get(query, headers=bearer).status_code == 200
        wait_until(lambda: script.told == [0, 1])
    wait_until(lambda: script.told[-1] == 0 and len(script.told) > 1)
    assert script.told == [0, 1, 0]


def test_a_reader_that_gives_itself_many_names_is_no_crowd(processes: TwoProcesses) -> None:
    bearer = token_in(Client(processes.apps[0]).get(f"/doc/{processes.docid}").text)
    for n in range(200):
        query = f"/changes?doc={processes.docid}:0&wait=0&page=page{n}"
        assert Client(processes.apps[0]).get(query, headers=bearer).status_code == 200
    assert processes.viewers() == presence.MAX_PAGES
    held = [processes._open(0, f"doc={processes.docid}:0&page=held{n}", **bearer) for n in range(30)]
    assert processes.viewers() == presence.MAX_PAGES
    # Who opens the page from elsewhere counts besides.
    other = Client(processes.apps[0])
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    html = other.get(f"/doc/{processes.docid}", environ_overrides=elsewhere).text
    query = f"/changes?doc={processes.docid}:0&wait=0&page=other"
    assert other.get(query, headers=token_in(html), environ_overrides=elsewhere).status_code == 200
    assert processes.viewers() == presence.MAX_PAGES + 1
    for stream in held:
        stream.close()


def test_the_index_counts_pages_of_all_processes_and_no_scripts(processes: TwoProcesses) -> None:
    assert processes.listed() == "0 viewers"
    script = processes.listen()
    wait_until(lambda: script.told == [0])
    assert processes.listed() == "0 viewers"
    processes.look("a")
    processes.look("b", 1)
    wait_until(lambda: [processes.listed(app) for app in (0, 1)] == ["2 viewers"] * 2)


def test_the_index_counts_a_page_that_polls(processes: TwoProcesses) -> None:
    bearer = token_in(Client(processes.apps[0]).get(f"/doc/{processes.docid}").text)
    query = f"/changes?doc={processes.docid}:0&wait=0&page=a"
    assert Client(processes.apps[0]).get(query, headers=bearer).status_code == 200
    assert processes.listed() == "1 viewer"


def test_a_process_that_was_killed_is_forgotten(
    processes: TwoProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = processes.apps[0].store
    store.set_viewers(processes.docid, "killed", 3)
    assert store.viewers(processes.docid) == 3
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    assert store.viewers(processes.docid) == 0
