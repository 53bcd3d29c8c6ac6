"""What a user may have is also the most for requests that come at once."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode

from .conftest import GRAPH, replaces
from .people import PASSWORD, People

AT_ONCE = 12


@pytest.fixture
def people(tmp_path: Path) -> People:
    app = BokehWSGI(
        store=f"sqlite:///{tmp_path / 'd.db'}",
        multi_user=True,
        max_documents=3,
        max_users=6,
        max_user_bytes=20_000,
    )
    return People(app)


def _at_once(act: Callable[[int], object]) -> None:
    barrier = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        barrier.wait()
        act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_documents_made_at_once_are_no_more_than_max_documents(people: People) -> None:
    _at_once(lambda number: people.call("POST", "/doc", "otto", json={"title": f"title {number}"}))
    assert people.app.store.usage("otto")[0] == 3


def test_keys_made_at_once_are_no_more_than_there_may_be(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_wsgi.auth.accounts.MAX_CREDENTIALS", 3)
    _at_once(lambda number: people.call("POST", "/keys", "otto", json={"name": f"key {number}"}))
    assert len(people.app.store.accounts.list_credentials("otto")) == 3


def test_users_who_register_at_once_are_no_more_than_max_users(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_wsgi.auth.accounts.hash_password", lambda _: "")
    answers = []

    def register(number: int) -> None:
        content = {"username": f"user-{number}", "password": PASSWORD}
        environ = {"REMOTE_ADDR": f"192.0.2.{number}"}
        answers.append(people.call("POST", "/register", json=content, environ_overrides=environ))

    _at_once(register)
    assert people.app.store.accounts.count_users() == 6
    refused = [answer.get_json() for answer in answers if answer.status_code != 201]
    assert {(told["error"], told["limit"]) for told in refused} == {("limit-exceeded", 6)}
    assert all("max_users" in told["message"] for told in refused)


def test_uploads_at_once_exceed_max_user_bytes_by_one_of_them_at_most(
    people: People, numbers: object
) -> None:
    otto = people.api("otto")
    docids = [otto.make(f"title {number}") for number in range(3)]
    body = [Op(OpCode.GRAPH, json=GRAPH), *replaces(y=numbers)]
    answers = []
    _at_once(lambda number: answers.append(people.api("otto").upload(docids[number % 3], body)))
    one = len(otto.body(docids[0], body))
    assert one > 5000
    assert 20_000 < people.app.store.usage("otto")[1] <= 20_000 + one
    refused = [answer.get_json() for answer in answers if answer.status_code != 200]
    assert refused
    assert all("max_user_bytes" in told["message"] and "'otto'" in told["message"] for told in refused)


def test_a_new_title_needs_room_as_any_change_does(people: People, numbers: object) -> None:
    otto = people.api("otto")
    docid = otto.make("mine")
    for _ in range(4):
        otto.upload(docid, [Op(OpCode.GRAPH, json=GRAPH), *replaces(y=numbers)])
    answer = people.call("PATCH", f"/doc/{docid}", "otto", json={"title": "another"})
    assert (answer.status_code, answer.get_json()["limit"]) == (413, 20_000)
    assert people.app.store.list_documents("otto")[0].title == "mine"
