"""Open streams end with the reason as soon as a right does, whichever process took it away."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from bokeh_wsgi.api.changes import ChangeReader
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth.tokens import PAGE_S
from bokeh_wsgi.dataplane import SCHEMA_MESSAGE, Change, Op, OpCode, Reader
from bokeh_wsgi.store import MemoryStore

from .conftest import GRAPH, Api
from .people import HTML, PASSWORD, People, token_in

SOON_S = 1.0


@pytest.fixture(params=["one process", "another process"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[People, People]]:
    """Who reads, and who takes rights away: on one server, or on another one with the same file."""
    if request.param == "one process":
        app = BokehWSGI(store=MemoryStore(), multi_user=True)
        apps, people = [app], People(app)
        yield people, people
    else:
        uri = f"sqlite:///{tmp_path}/s.db"
        apps = [BokehWSGI(store=uri, multi_user=True) for _ in range(2)]
        people, other = People(apps[0]), People.of(apps[1])
        other.docid, other.keys = people.docid, people.keys
        yield people, other
    for app in apps:
        app.close()


class OpenStream:
    """A `changes` response as it is read, piece by piece, in a thread."""

    def __init__(self, people: People, headers: dict[str, str]) -> None:
        self.changes: queue.Queue[Change] = queue.Queue()
        self.ended = threading.Event()
        self._response = people.call(
            "GET",
            f"/changes?doc={people.docid}:0&wait=stream",
            headers=headers,
            buffered=False,
            environ_overrides={"SERVER_SOFTWARE": "bokeh-server", "wsgi.multithread": True},
        )
        assert self._response.status_code == 200
        assert self._response.headers["X-Wait"] == "stream"
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        reader = Reader(limits=None)
        for piece in self._response.iter_encoded():
            for change in reader.feed(piece):
                self.changes.put(change)
        self._response.close()
        self.ended.set()


def page_token(people: People, user: str) -> dict[str, str]:
    """What the page of this user's browser bears."""
    browser = people.browser()
    browser.sign_in(user)
    html = browser.get(f"/doc/{people.docid}").text
    return token_in(html)


def public_token(people: People) -> dict[str, str]:
    people.publish()
    html = people.call("GET", f"/doc/{people.docid}?public=true", headers=HTML).text
    return token_in(html)


def unshare(people: People, user: str) -> None:
    assert people.call("DELETE", f"/access/{people.docid}/users/{user}", "ada").status_code == 200


def unpublish(people: People) -> None:
    assert people.call("DELETE", f"/access/{people.docid}/published", "ada").status_code == 200


def lower(people: People, user: str) -> None:
    people.share(user, "read")


def sign_out_everywhere(people: People) -> None:
    for login in people.app.store.accounts.list_credentials("rita"):
        people.app.context.accounts.revoke("rita", login.id)


CASES: dict[str, tuple[Callable[[People], Any], Callable[[People], Any], str]] = {
    "unshare a page": (lambda p: page_token(p, "rita"), lambda p: unshare(p, "rita"), "unshared"),
    "unshare a program": (lambda p: p.bearer("rita"), lambda p: unshare(p, "rita"), "unshared"),
    "unshare a writer's page": (lambda p: page_token(p, "wim"), lambda p: unshare(p, "wim"), "unshared"),
    # What follows for these is another page, and another token.
    "a writer's right becomes less": (
        lambda p: page_token(p, "wim"),
        lambda p: lower(p, "wim"),
        "withdrawn",
    ),
    "unshare another writer": (lambda p: page_token(p, "rita"), lambda p: unshare(p, "wim"), "withdrawn"),
    "unpublish": (public_token, unpublish, "unpublished"),
    "disable": (
        lambda p: page_token(p, "rita"),
        lambda p: p.app.context.accounts.set_disabled("rita", True),
        "disabled",
    ),
    "sign out": (lambda p: page_token(p, "rita"), sign_out_everywhere, "signed-out"),
    "new password": (
        lambda p: page_token(p, "rita"),
        lambda p: p.app.context.accounts.set_password("rita", "another password"),
        "signed-out",
    ),
    "revoke the key": (lambda p: p.bearer("rita"), lambda p: p.call("POST", "/logout", "rita"), "signed-out"),
    "withdraw tokens": (
        lambda p: {"Authorization": f"Bearer {p.token('ada')}"},
        lambda p: p.call("DELETE", f"/access/{p.docid}/tokens", "ada"),
        "withdrawn",
    ),
    "delete": (
        lambda p: page_token(p, "rita"),
        lambda p: p.call("DELETE", f"/doc/{p.docid}", "ada"),
        "deleted",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_stream_ends_with_the_reason(servers: tuple[People, People], case: str) -> None:
    readers, takers = servers
    bearing, take, reason = CASES[case]
    readers.api("ada").publish(readers.docid, y=[1.0])
    stream = OpenStream(readers, bearing(readers))
    first = stream.changes.get(timeout=SOON_S)
    assert first.seq == 1
    take(takers)
    assert stream.changes.get(timeout=SOON_S).meta == {"end": reason}
    assert stream.ended.wait(SOON_S)


def test_streams_of_those_who_may_still_read_go_on(servers: tuple[People, People]) -> None:
    readers, takers = servers
    readers.api("ada").publish(readers.docid, y=[1.0])
    goes_on = OpenStream(readers, page_token(readers, "wim"))
    ends = OpenStream(readers, page_token(readers, "rita"))
    for stream in (goes_on, ends):
        assert stream.changes.get(timeout=SOON_S).seq == 1
    unshare(takers, "rita")
    assert ends.ended.wait(SOON_S)
    takers.api("ada").publish(readers.docid, y=[2.0])
    assert goes_on.changes.get(timeout=SOON_S).seq == 2
    takers.call("DELETE", f"/doc/{readers.docid}", "ada")
    assert goes_on.ended.wait(SOON_S)


def test_a_page_that_was_open_before_signs_out_with_its_browser(servers: tuple[People, People]) -> None:
    readers, _ = servers
    readers.api("ada").publish(readers.docid, y=[1.0])
    browser = readers.browser()
    browser.sign_in("ada", PASSWORD)
    html = browser.get(f"/doc/{readers.docid}").text
    stream = OpenStream(readers, token_in(html))
    assert stream.changes.get(timeout=SOON_S).seq == 1
    browser.post("/logout", {"csrf": browser.form_token("/")})
    assert stream.changes.get(timeout=SOON_S).meta == {"end": "signed-out"}


def test_what_a_writer_may_have_seen_of_others_opens_nothing_when_that_right_ends(
    servers: tuple[People, People],
) -> None:
    """A document of theirs can have had the pages of others tell their tokens."""
    readers, takers = servers
    readers.api("ada").publish(readers.docid, y=[1.0])
    for end in (lower, unshare):
        readers.share("wim", "write")
        stolen = [page_token(readers, "ada"), page_token(readers, "rita")]
        end(takers, "wim")
        for token in stolen:
            assert end_of(readers, token) == "withdrawn"
        assert end_of(readers, page_token(readers, "ada")) is None


def test_who_could_only_read_takes_nobodys_token_away(servers: tuple[People, People]) -> None:
    readers, takers = servers
    readers.api("ada").publish(readers.docid, y=[1.0])
    others = [page_token(readers, "ada"), {"Authorization": f"Bearer {readers.token('ada')}"}]
    unshare(takers, "rita")
    takers.share("rita", "write")  # and more is not less
    assert [end_of(readers, token) for token in others] == [None, None]


def end_of(people: People, headers: dict[str, str]) -> str | None:
    """Why nothing more comes to who bears this token; None if there does."""
    answer = people.call("GET", f"/changes?doc={people.docid}:0&wait=0", headers=headers)
    assert answer.status_code == 200, answer.text
    ends = [change.meta["end"] for change in Reader(limits=None).feed(answer.data) if "end" in change.meta]
    return ends[0] if ends else None


MODES: dict[str, dict[str, Any]] = {
    "one user": {},
    "users with passwords": {"multi_user": True},
    "users of a site": {"identify": lambda _: "ada"},
}


class StolenToken:
    """The token of a page that somebody has got hold of, and what they make of it by a clock of their own."""

    def __init__(self, mode: str, monkeypatch: pytest.MonkeyPatch, query: str = "") -> None:
        self.app = BokehWSGI(store=MemoryStore(), **MODES[mode])
        self.app.store.accounts.create_user("ada", "")
        self.docid = self.app.store.create_document("ada" if MODES[mode] else "defaultuser", "line")[0].docid
        self.app.store.publish_document(self.docid, True)
        _, key = self.app.context.accounts.new_key("ada", "test")
        self._client = Client(self.app)
        self._now = time.time()
        monkeypatch.setattr(time, "time", lambda: self._now)
        upload = Api(self.app).body(self.docid, [Op(OpCode.GRAPH, json=GRAPH)])
        bearer = {"Authorization": f"Bearer {key}"}
        assert self._client.post(f"/doc/{self.docid}/changes", data=upload, headers=bearer).status_code == 200
        answer = self._client.get(f"/doc/{self.docid}{query}", headers={**HTML, **bearer})
        self.headers = token_in(answer.text)

    def wait(self, seconds: float) -> None:
        self._now += seconds

    def ask(self, path: str) -> TestResponse:
        return self._client.get(path, headers=self.headers)

    def renew(self) -> int:
        """Take the next token wherever one is given: with news, and with the page."""
        answer = self.ask(f"/changes?doc={self.docid}:0&wait=0")
        if answer.status_code == 200:
            for change in Reader(limits=None).feed(answer.data):
                if "token" in change.meta:
                    self.headers["Document-Token"] = change.meta["token"]
        page = self.ask(f"/doc/{self.docid}")
        if page.status_code == 200:
            self.headers = token_in(page.text)
        token = self.headers["Document-Token"]
        framed = self._client.get(f"/doc/{self.docid}?token={token}", headers=HTML)
        if framed.status_code == 200:
            self.headers = token_in(framed.text)
        return answer.status_code


@pytest.mark.parametrize("query", ["", "?public=true"])
@pytest.mark.parametrize("mode", MODES)
def test_a_pages_token_is_not_renewed_for_ever(
    mode: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = StolenToken(mode, monkeypatch, query)
    for _ in range(0, PAGE_S - 600, 300):
        token.wait(300)
        assert token.renew() == 200
    for _ in range(4):
        token.wait(300)
        status = token.renew()
    assert status == 401
    token.app.close()


@pytest.mark.parametrize("mode", MODES)
def test_an_open_stream_ends_with_the_last_token(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = StolenToken(mode, monkeypatch)
    follower = ChangeReader(
        token.app.context,
        {token.docid: 0},
        {token.docid: token.app.context.policy.bearer_of(token.headers["Document-Token"])},
    )
    reader = Reader(limits=None)
    reader.feed(SCHEMA_MESSAGE)
    assert [change.seq for change in reader.feed(b"".join(follower.news()))] == [1]
    token.wait(PAGE_S + 1)
    (ended,) = reader.feed(b"".join(follower.news()))
    assert ended.meta == {"end": "expired"}
    assert follower.news() == []
    token.app.close()
