"""Open streams end with the reason as soon as a right does, whichever process took it away."""

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Change, Reader
from bokeh_wsgi.store import MemoryStore

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


def sign_out_everywhere(people: People) -> None:
    for login in people.app.store.list_credentials("rita"):
        people.app.context.accounts.revoke("rita", login.id)


CASES: dict[str, tuple[Callable[[People], Any], Callable[[People], Any], str]] = {
    "unshare a page": (lambda p: page_token(p, "rita"), lambda p: unshare(p, "rita"), "unshared"),
    "unshare a program": (lambda p: p.bearer("rita"), lambda p: unshare(p, "rita"), "unshared"),
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
