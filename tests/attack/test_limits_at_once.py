"""What a user may have is also the most for requests that come at once."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bokeh_wsgi.app import BokehWSGI
from tests.api.people import People

AT_ONCE = 12


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(BokehWSGI(store=f"sqlite:///{tmp_path / 'd.db'}", multi_user=True, max_documents=3))


def at_once(act: Callable[[int], object]) -> None:
    barrier = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        barrier.wait()
        act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_documents(people: People) -> None:
    at_once(lambda number: people.call("POST", "/doc", "otto", json={"title": f"title {number}"}))
    assert people.app.store.usage("otto")[0] == 3


def test_keys(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bokeh_wsgi.auth.accounts.MAX_CREDENTIALS", 3)
    at_once(lambda number: people.call("POST", "/keys", "otto", json={"name": f"key {number}"}))
    assert len(people.app.store.accounts.list_credentials("otto")) == 3
