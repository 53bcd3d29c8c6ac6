"""A thousand tries from several connections hold to the throttle, on every store."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth import Throttle, throttle
from bokeh_wsgi.auth.throttle import network_of
from bokeh_wsgi.exc import TooMany
from tests.api.people import PASSWORD, People

CONNECTIONS = 8


@pytest.fixture(params=["memory", "sqlite"])
def apps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[BokehWSGI]]:
    """One server, or two on the same file."""
    if request.param == "memory":
        apps = [BokehWSGI(store="memory:", multi_user=True)]
    else:
        apps = [BokehWSGI(store=f"sqlite:///{tmp_path}/s.db", multi_user=True) for _ in range(2)]
    yield apps
    for app in apps:
        app.close()


def test_a_thousand_guesses_hold_to_the_throttle_and_the_right_password_works_after_it(
    apps: list[BokehWSGI], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [People(apps[0]), *(People.of(app) for app in apps[1:])]
    statuses: Counter[int] = Counter()
    lock = threading.Lock()
    started = time.time()

    def guess(number: int) -> None:
        mine = people[number % len(people)]
        # Each connection is another address: the account is guarded all the same.
        environ = {"REMOTE_ADDR": f"192.0.2.{number}"}
        for n in range(1000 // CONNECTIONS):
            body = {"username": "ada", "password": f"guess {number} {n}"}
            answer = mine.call("POST", "/login", json=body, environ_overrides=environ)
            with lock:
                statuses[answer.status_code] += 1
            if answer.status_code == 429:
                assert answer.get_json()["retry_after"] >= 1
                assert int(answer.headers["Retry-After"]) >= 1

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    allowed = throttle.ACCOUNT.burst + (time.time() - started) / throttle.ACCOUNT.interval_s + 1
    assert statuses.keys() == {401, 429}
    assert statuses.total() == 1000
    assert throttle.ACCOUNT.burst <= statuses[401] <= allowed

    right = {"username": "ada", "password": PASSWORD}
    assert people[0].call("POST", "/login", json=right).status_code == 429
    later = time.time() + throttle.ACCOUNT.interval_s + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert people[-1].call("POST", "/login", json=right).status_code == 200
    # And then the account is as if nobody had tried.
    assert people[0].call("POST", "/login", json={**right, "password": "typo"}).status_code == 401
    assert people[0].call("POST", "/login", json=right).status_code == 200


def test_one_address_does_not_use_up_the_tries_of_many_accounts(apps: list[BokehWSGI]) -> None:
    tries = Throttle(apps[0].store)
    for n in range(throttle.ADDRESS.burst):
        tries.password(f"user{n}", "192.0.2.1")
    for _ in range(throttle.ACCOUNT.burst * 2):
        with pytest.raises(TooMany):
            tries.password("ada", "192.0.2.1")
    tries.password("ada", "198.51.100.7")


def test_wrong_keys_are_throttled_and_right_ones_are_not(apps: list[BokehWSGI]) -> None:
    people = People(apps[0])
    wrong = {"Authorization": "Bearer bwk-0123456789abcdef-" + "x" * 43}
    statuses = [people.call("GET", "/userinfo", headers=wrong).status_code for _ in range(200)]
    assert statuses[0] == 401
    assert statuses.count(429) > 150
    assert people.call("GET", "/userinfo", "ada").status_code == 200


def test_registrations_of_one_address_are_throttled(apps: list[BokehWSGI]) -> None:
    people = People(apps[0])
    statuses = Counter(
        people.call("POST", "/register", json={"username": f"bot{n}", "password": "short"}).status_code
        for n in range(throttle.REGISTRATION.burst + 10)
    )
    assert statuses[429] >= 9


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix socket", "unix socket"),
    ],
)
def test_one_machines_addresses_count_as_one(address: str, network: str) -> None:
    assert network_of(address) == network
