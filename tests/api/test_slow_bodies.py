"""A body can come more slowly than a right lasts: what counts is the right when it is there."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client, TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, encode_upload

from .conftest import GRAPH
from .people import PASSWORD, Browser, People, people_with
from .test_access_ends import page_token, unshare
from .test_roles import EDIT

Headers = dict[str, str]


class SlowBody(io.BytesIO):
    """A body before whose last byte something happens."""

    def __init__(self, content: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(content)
        self._last = len(content) - 1
        self._meanwhile = meanwhile

    def read(self, size: int | None = -1, /) -> bytes:
        before = self._last - self.tell()
        if before == 0:
            self._meanwhile()
        wanted = self._last + 1 if size is None or size < 0 else size
        return super().read(min(wanted, before) if before > 0 else wanted)

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@pytest.fixture
def people() -> Iterator[People]:
    yield from people_with(y=[1.0, 2.0])


def send(
    client: Client, method: str, path: str, headers: Headers, content: bytes, meanwhile: Callable[[], object]
) -> TestResponse:
    told = {"Content-Type": "application/octet-stream", "Content-Length": str(len(content)), **headers}
    return client.open(path, method=method, headers=told, input_stream=SlowBody(content, meanwhile))


def revoke(people: People, user: str) -> None:
    for held in people.app.store.accounts.list_credentials(user):
        people.app.context.accounts.revoke(user, held.id)


def disable(people: People, user: str) -> None:
    people.app.context.accounts.set_disabled(user, True)


def lower(people: People, user: str) -> None:
    people.share(user, "read")


def delete(people: People, user: str) -> None:
    assert people.call("DELETE", f"/doc/{people.docid}", "ada").status_code == 200, user


def nothing(people: People, user: str) -> None:
    """What takes no right away."""


ENDS: dict[str, tuple[Callable[[People, str], None], int]] = {
    "unshared": (unshare, 404),
    "may only read": (lower, 403),
    "the key is revoked": (revoke, 401),
    "disabled": (disable, 401),
    "deleted": (delete, 404),
}


def seq_of(people: People) -> int:
    record = people.app.store.get_document(people.docid)
    return 0 if record is None else record.seq


@pytest.mark.parametrize("graph", [GRAPH, ""], ids=["anew", "a patch"])
@pytest.mark.parametrize("how", ENDS)
def test_an_upload_whose_right_ended_is_not_kept(people: People, how: str, graph: str) -> None:
    end, status = ENDS[how]
    patch = '{"events":[{"kind":"TitleChanged","title":"late"}]}'
    op = Op(OpCode.GRAPH, json=graph) if graph else Op(OpCode.PATCH, json=patch)
    content = b"".join(encode_upload(people.docid, [op]))
    path, headers = f"/doc/{people.docid}/changes", people.bearer("wim")
    client = Client(people.app)
    kept = send(client, "POST", path, headers, content, lambda: nothing(people, "wim"))
    assert kept.get_json() == {"seq": 2}
    answer = send(client, "POST", path, headers, content, lambda: end(people, "wim"))
    assert answer.status_code == status, answer.text
    assert seq_of(people) in (0, 2)


@pytest.mark.bokeh  # its types are what edits are checked against
@pytest.mark.parametrize("by", ["key", "page"])
@pytest.mark.parametrize("how", ENDS)
def test_an_edit_whose_right_ended_is_not_kept(people: People, how: str, by: str) -> None:
    end, status = ENDS[how]
    content = json.dumps({"edits": [EDIT]}).encode()
    if by == "key":
        headers = {**people.bearer("wim"), "Content-Type": "application/json"}
    else:
        # Other tokens do not outlive a writer; nor does the page of one who may only read now.
        status = 401 if how == "may only read" else status
        token = page_token(people, "wim")["Document-Token"]
        headers = {"Content-Type": "text/plain", "Origin": "null", "Sec-Fetch-Site": "cross-site"}
        content = f"{token}\nkey\n".encode() + content
    path = f"/doc/{people.docid}/edits"
    answer = send(Client(people.app), "POST", path, headers, content, lambda: end(people, "wim"))
    assert answer.status_code == status, answer.text
    assert seq_of(people) in (0, 1)


# What a key may do with a small JSON body, and what there would be if it was done.
SMALL: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/doc", {"title": "late"}),
    ("PATCH", "/doc/DOC", {"title": "late"}),
    ("PUT", "/access/DOC/users/otto", {"right": "write"}),
    ("POST", "/access/DOC/tokens", {"public": False}),
    ("POST", "/keys", {"name": "late"}),
    ("POST", "/account/password", {"password": PASSWORD, "new": "a late password"}),
]


@pytest.mark.parametrize(("method", "path", "told"), SMALL)
def test_what_an_ended_key_asks_for_is_not_done(
    people: People, method: str, path: str, told: dict[str, Any]
) -> None:
    headers = {**people.bearer("ada"), "Content-Type": "application/json"}
    target, content = path.replace("DOC", people.docid), json.dumps(told).encode()
    answer = send(Client(people.app), method, target, headers, content, lambda: disable(people, "ada"))
    assert answer.status_code == 401, answer.text
    people.app.context.accounts.set_disabled("ada", False)
    store = people.app.store
    assert [document.title for document in store.list_documents("ada")] == ["line"]
    assert store.share_of(people.docid, "otto") == ""
    assert len(store.accounts.list_credentials("ada")) == 1
    assert people.app.context.accounts.sign_in("ada", PASSWORD, address="here").name == "ada"


def test_a_form_of_a_login_that_ended_is_not_taken(people: People) -> None:
    browser: Browser = people.browser()
    browser.sign_in("ada")
    token = browser.form_token("/account")
    form = {"csrf": token, "password": PASSWORD, "new": "a late password", "again": "a late password"}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "Origin": "http://localhost",
    }
    content = urlencode(form).encode()
    answer = send(
        browser.client, "POST", "/account/password", headers, content, lambda: revoke(people, "ada")
    )
    assert answer.status_code == 401, answer.text
    assert people.app.context.accounts.sign_in("ada", PASSWORD, address="here").name == "ada"


def test_who_leaves_the_site_while_the_body_comes_is_nobody() -> None:
    inside = {"ada"}
    app = BokehWSGI(store="memory:", identify=lambda _: next(iter(inside), None))
    browser = Browser(Client(app))
    headers = {
        "X-CSRF-Token": browser.form_token("/"),
        "Content-Type": "application/json",
        "Sec-Fetch-Site": "same-origin",
        "Origin": "http://localhost",
    }
    content = json.dumps({"title": "late"}).encode()
    answer = send(browser.client, "POST", "/doc", headers, content, inside.clear)
    assert answer.status_code == 401, answer.text
    assert app.store.list_documents("ada") == []
    app.close()
