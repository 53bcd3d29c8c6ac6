"""A thousand tries from several connections hold to the throttle, on every store."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.auth import Throttle, throttle
from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.networks import network_of
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
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)

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
    assert statuses == {401: throttle.STRANGERS.burst, 429: 1000 - throttle.STRANGERS.burst}

    right = {"username": "ada", "password": PASSWORD}
    assert people[0].call("POST", "/login", json=right).status_code == 429
    later = now + throttle.STRANGERS.interval_s + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert people[-1].call("POST", "/login", json=right).status_code == 200
    # And from there, it is as if nobody had tried.
    assert people[0].call("POST", "/login", json={**right, "password": "typo"}).status_code == 401
    assert people[0].call("POST", "/login", json=right).status_code == 200


class Clock:
    """Tries of passwords by a clock of their own."""

    def __init__(self, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
        self._people = people
        self.now = time.time()
        monkeypatch.setattr(time, "time", lambda: self.now)

    def sign_in(self, address: str, password: str = PASSWORD) -> int:
        told = {"username": "ada", "password": password}
        place = {"REMOTE_ADDR": address}
        return self._people.call("POST", "/login", json=told, environ_overrides=place).status_code


HOME, CAFE, ELSEWHERE = "192.0.2.1", "192.0.2.77", "198.51.100.7"


def test_guesses_from_one_address_hold_up_nobody_elsewhere(
    apps: list[BokehWSGI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an hour, every four seconds; the user signs in from where they were before, and from new places."""
    clock = Clock(People(apps[0]), monkeypatch)
    assert clock.sign_in(HOME) == 200
    tries, guesses = Throttle(apps[0].store.accounts), 0
    for second in range(0, 3600, 4):
        clock.now += 4
        with suppress(TooMany):
            tries.password("ada", ELSEWHERE)
            guesses += 1
        if second % 240 == 0:
            assert clock.sign_in(HOME) == 200, second
            assert clock.sign_in(HOME, "typo") == 401, second
            assert clock.sign_in(f"203.0.113.{second // 240}") == 200, second
    most = throttle.ACCOUNT.burst + 3600 / throttle.ACCOUNT.interval_s
    assert throttle.ACCOUNT.burst < guesses <= most + 1


def test_guesses_from_everywhere_hold_up_nobody_where_they_signed_in_before(
    apps: list[BokehWSGI], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(People(apps[0]), monkeypatch)
    assert clock.sign_in(HOME) == 200
    guesses = [
        clock.sign_in(f"198.51.{n % 250}.{n // 250}", "guess") for n in range(throttle.STRANGERS.burst * 2)
    ]
    assert guesses.count(401) == throttle.STRANGERS.burst - 1  # the user, too, was new at first
    assert guesses[-1] == 429
    assert clock.sign_in(CAFE) == 429
    assert clock.sign_in(HOME) == 200
    # Nor do those of one place, for many accounts.
    for n in range(throttle.ADDRESS.burst - 1):
        Throttle(apps[0].store.accounts).password(f"user{n}", HOME)
    with pytest.raises(TooMany):
        Throttle(apps[0].store.accounts).password("otto", HOME)
    assert clock.sign_in(HOME) == 200


def test_a_place_where_somebody_signed_in_is_known_for_some_months(
    apps: list[BokehWSGI], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(People(apps[0]), monkeypatch)
    assert clock.sign_in(HOME) == 200
    clock.now += throttle.KNOWN_S + 1
    for n in range(throttle.STRANGERS.burst):
        clock.sign_in(f"198.51.100.{n}", "guess")
    assert clock.sign_in(HOME) == 429


def test_who_signed_in_before_has_no_more_tries_than_others(
    apps: list[BokehWSGI], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(People(apps[0]), monkeypatch)
    assert clock.sign_in(HOME) == 200
    guesses = [clock.sign_in(HOME, "guess") for _ in range(throttle.ACCOUNT.burst + 5)]
    assert guesses == [401] * throttle.ACCOUNT.burst + [429] * 5


def test_one_address_does_not_use_up_the_tries_of_many_accounts(apps: list[BokehWSGI]) -> None:
    tries = Throttle(apps[0].store.accounts)
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
