"""Logins of browsers: how many there are, and which end for a new one."""

import time
from dataclasses import replace

import pytest

from bokeh_wsgi.auth import Accounts, Throttle, Tokens
from bokeh_wsgi.auth.accounts import MAX_CREDENTIALS
from bokeh_wsgi.exc import LimitExceeded
from bokeh_wsgi.store import MemoryStore

LOGIN_S = 1000


@pytest.fixture
def accounts() -> Accounts:
    store = MemoryStore()
    store.accounts.create_user("ada", "")
    return Accounts(store.accounts, Tokens(["key"], login_s=LOGIN_S), Throttle(store.accounts))


def _sign_in(accounts: Accounts, browser: str = "Firefox") -> None:
    accounts.start_login("ada", browser, address="192.0.2.1")


def test_many_logins_end_the_oldest_of_them_and_no_key(accounts: Accounts) -> None:
    """The two hundredth login took the oldest credential away: the key of a machine that publishes."""
    key, _ = accounts.new_key("ada", "machine")
    for number in range(MAX_CREDENTIALS + 2):
        _sign_in(accounts, f"browser {number}")
    kept = accounts.store.list_credentials("ada")
    assert key in kept
    names = {known.name for known in kept if known.kind == "login"}
    assert names == {f"browser {number}" for number in range(2, MAX_CREDENTIALS + 2)}


def test_logins_use_up_no_room_for_keys_nor_keys_that_for_logins(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_wsgi.auth.accounts.MAX_CREDENTIALS", 2)
    for _ in range(3):
        _sign_in(accounts)
    for _ in range(2):
        accounts.new_key("ada", "machine")
    with pytest.raises(LimitExceeded) as caught:
        accounts.new_key("ada", "machine")
    assert caught.value.limit == 2
    _sign_in(accounts, "last")
    logins = [known for known in accounts.store.list_credentials("ada") if known.kind == "login"]
    assert logins[0].name == "last"


def test_a_login_that_has_lasted_as_long_as_it_may_goes_at_the_next_one(accounts: Accounts) -> None:
    _sign_in(accounts, "old")
    (old,) = accounts.store.list_credentials("ada")
    accounts.store.delete_credential("ada", old.id)
    accounts.store.add_credential(replace(old, created=time.time() - LOGIN_S - 1))
    _sign_in(accounts, "new")
    assert [known.name for known in accounts.store.list_credentials("ada")] == ["new"]
