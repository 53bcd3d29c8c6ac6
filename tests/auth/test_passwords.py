"""Passwords are hashed as the server hashes them: what the other tests do not wait for."""

import pytest

from bokeh_wsgi.auth import passwords
from tests.conftest import REAL_METHOD


@pytest.fixture(autouse=True)
def _real_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "METHOD", REAL_METHOD)


def test_a_hash_costs_64_mib_or_more() -> None:
    kind, cost, block, _ = REAL_METHOD.split(":")
    assert kind == "scrypt"
    assert int(cost) * int(block) * 128 >= 64 << 20


def test_the_right_password_is_right_and_no_other() -> None:
    made = passwords.hash_password("correct horse")
    assert made.startswith(f"{REAL_METHOD}$")
    assert not passwords.needs_rehash(made)
    assert passwords.is_password("correct horse", made)
    assert not passwords.is_password("correct horsf", made)
    assert not passwords.is_password("correct horse", "")


def test_a_hash_that_cost_less_is_to_be_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(passwords, "METHOD", "scrypt:1024:8:1")
        made = passwords.hash_password("correct horse")
    assert passwords.is_password("correct horse", made)
    assert passwords.needs_rehash(made)
