import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from werkzeug.security import generate_password_hash

from bokeh_wsgi.auth import Accounts, Throttle, Tokens
from bokeh_wsgi.auth.passwords import METHOD, checked_password, hash_password
from bokeh_wsgi.exc import AccessDenied, BadRequest, LimitExceeded, NoSuchUser, Taken
from bokeh_wsgi.store import MemoryStore, Store

PASSWORD = "correct horse"
HERE = "192.0.2.1"


@pytest.fixture
def store() -> Iterator[Store]:
    store = MemoryStore()
    yield store
    store.close()


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return Accounts(store.accounts, Tokens(["key"]), Throttle(store.accounts))


def test_who_registers_can_sign_in(accounts: Accounts) -> None:
    made = accounts.register("Ada", PASSWORD, address=HERE)
    assert made.name == "ada"
    assert accounts.sign_in(" ADA ", PASSWORD, address=HERE).name == "ada"


def test_a_password_is_kept_as_a_slow_hash(accounts: Accounts, store: Store) -> None:
    kept = accounts.register("ada", PASSWORD, address=HERE).password_hash
    assert kept.startswith(f"{METHOD}$")
    assert PASSWORD not in repr(vars(store.accounts))


@pytest.mark.parametrize(
    "password", ["", None, "short", "a" * 20, "ada-lovelace", "x" * 2000, "a bc\ud800defg"]
)
def test_a_password_that_protects_nothing_is_refused(password: object) -> None:
    with pytest.raises(BadRequest, match="password"):
        checked_password(password, "Ada-Lovelace")


def test_a_name_is_given_once(accounts: Accounts) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    with pytest.raises(Taken, match="use login"):
        accounts.register("ADA", "another password", address=HERE)


@pytest.mark.parametrize("name", ["adɑ", "ADΑ", "а𝐝а"])
def test_a_name_that_looks_like_a_users_is_taken_or_none(accounts: Accounts, name: str) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    with pytest.raises((Taken, BadRequest)):
        accounts.register(name, PASSWORD, address=HERE)
    with pytest.raises((Taken, BadRequest)):
        accounts.add(name, PASSWORD)
    assert accounts.store.count_users() == 1


def test_a_name_that_looks_like_one_that_is_older_than_the_rule_is_taken(
    accounts: Accounts, store: Store
) -> None:
    mixed = "\u0430da"  # Cyrillic and Latin
    store.accounts.create_user(mixed, hash_password(PASSWORD))
    with pytest.raises(Taken, match="looks like another user's"):
        accounts.register("ada", PASSWORD, address=HERE)
    assert accounts.sign_in(mixed, PASSWORD, address=HERE).name == mixed


def test_of_two_who_come_at_once_with_names_that_look_alike_one_gets_it(accounts: Accounts) -> None:
    names = ["pau1", "paul", "ρau1"] * 3
    with ThreadPoolExecutor(len(names)) as pool:
        together = Barrier(len(names))

        def register(name: str) -> bool:
            together.wait()
            try:
                accounts.add(name, PASSWORD)
            except (Taken, BadRequest):
                return False
            return True

        assert sum(pool.map(register, names)) == 1
    assert accounts.store.count_users() == 1


def test_an_invitation_is_not_used_up_by_a_name_that_looks_like_another(store: Store) -> None:
    accounts = Accounts(store.accounts, Tokens(["key"]), Throttle(store.accounts), "invite")
    accounts.add("ada", PASSWORD)
    invitation = accounts.new_invitation()
    with pytest.raises(Taken):
        accounts.register("adɑ", PASSWORD, address=HERE, invitation=invitation)
    assert accounts.register("eve", PASSWORD, address=HERE, invitation=invitation).name == "eve"


@pytest.mark.parametrize(
    ("user", "password"),
    [("ada", "wrong password"), ("nobody", PASSWORD), ("", ""), ("ada", None), ("a b", PASSWORD)],
)
def test_whatever_is_wrong_the_answer_is_the_same(accounts: Accounts, user: str, password: object) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    with pytest.raises(AccessDenied, match=r"^The user name or the password is wrong\.$"):
        accounts.sign_in(user, password, address=HERE)


def test_a_disabled_user_cannot_sign_in(accounts: Accounts) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    accounts.set_disabled("ada", True)
    with pytest.raises(AccessDenied):
        accounts.sign_in("ada", PASSWORD, address=HERE)
    accounts.set_disabled("ada", False)
    assert accounts.sign_in("ada", PASSWORD, address=HERE).name == "ada"


def test_a_hash_of_old_parameters_is_made_anew_at_sign_in(accounts: Accounts, store: Store) -> None:
    store.accounts.create_user("ada", generate_password_hash(PASSWORD, "scrypt:1024:8:1"))
    accounts.sign_in("ada", PASSWORD, address=HERE)
    assert accounts.user("ada").password_hash.startswith(f"{METHOD}$")
    assert accounts.sign_in("ada", PASSWORD, address=HERE).name == "ada"


def test_who_has_no_password_cannot_sign_in_with_an_empty_one(accounts: Accounts, store: Store) -> None:
    store.accounts.create_user("ada", "")
    for password in ("", "nobody's password"):
        with pytest.raises(AccessDenied):
            accounts.sign_in("ada", password, address=HERE)


def test_closed_means_closed(store: Store) -> None:
    accounts = Accounts(store.accounts, Tokens(["key"]), Throttle(store.accounts), "closed")
    with pytest.raises(AccessDenied, match="operator"):
        accounts.register("ada", PASSWORD, address=HERE)
    assert accounts.add("ada", PASSWORD).name == "ada"


def test_an_invitation_lets_one_person_in(store: Store) -> None:
    accounts = Accounts(store.accounts, Tokens(["key"]), Throttle(store.accounts), "invite")
    invitation = accounts.new_invitation()
    for wrong in ("", "x", invitation + "x"):
        with pytest.raises(AccessDenied, match="invitation"):
            accounts.register("ada", PASSWORD, address=HERE, invitation=wrong)
    with pytest.raises(BadRequest):
        accounts.register("ada", "short", address=HERE, invitation=invitation)
    assert accounts.register("ada", PASSWORD, address=HERE, invitation=invitation).name == "ada"
    with pytest.raises(AccessDenied, match="invitation"):
        accounts.register("bob", PASSWORD, address=HERE, invitation=invitation)


def test_there_are_only_so_many_users(store: Store) -> None:
    accounts = Accounts(store.accounts, Tokens(["key"]), Throttle(store.accounts), max_users=1)
    accounts.register("ada", PASSWORD, address=HERE)
    with pytest.raises(LimitExceeded, match="max_users") as caught:
        accounts.register("bob", PASSWORD, address=HERE)
    assert caught.value.limit == 1


def test_a_new_password_needs_the_old_one(accounts: Accounts) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    with pytest.raises(AccessDenied):
        accounts.change_password("ada", "wrong", "another password", address=HERE)
    accounts.change_password("ada", PASSWORD, "another password", address=HERE)
    assert accounts.sign_in("ada", "another password", address=HERE).name == "ada"
    with pytest.raises(AccessDenied):
        accounts.sign_in("ada", PASSWORD, address=HERE)


def test_a_code_signs_in_once(accounts: Accounts) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    code = accounts.new_login_code("ada")
    assert accounts.user_of_login_code(code, address=HERE).name == "ada"
    assert accounts.user_of_login_code(code, address=HERE, take=True).name == "ada"
    with pytest.raises(AccessDenied, match="used already"):
        accounts.user_of_login_code(code, address=HERE, take=True)


def test_an_invitation_is_no_code_and_a_code_no_invitation(store: Store) -> None:
    accounts = Accounts(store.accounts, Tokens(["key"]), Throttle(store.accounts), "invite")
    store.accounts.create_user("ada", "")
    with pytest.raises(AccessDenied):
        accounts.user_of_login_code(accounts.new_invitation(), address=HERE)
    with pytest.raises(AccessDenied):
        accounts.register("bob", PASSWORD, address=HERE, invitation=accounts.new_login_code("ada"))


def test_keys_are_counted_and_their_names_are_one_line(accounts: Accounts) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    credential, key = accounts.new_key("ada", "my\nkey\x1b[31m" + "x" * 500)
    assert credential.name.startswith("mykey[31mxxx")
    assert len(credential.name) == 100
    assert key.startswith("bwk-")
    for _ in range(199):
        accounts.new_key("ada", None)
    with pytest.raises(LimitExceeded, match="revoke some"):
        accounts.new_key("ada", None)


def test_the_oldest_login_gives_way_to_a_new_one(accounts: Accounts, store: Store) -> None:
    accounts.register("ada", PASSWORD, address=HERE)
    for _ in range(205):
        accounts.start_login("ada", "browser", address=HERE)
    assert len(store.accounts.list_credentials("ada")) == 200


def test_nobody_is_not_found(accounts: Accounts) -> None:
    with pytest.raises(NoSuchUser, match="No user is called 'nobody'"):
        accounts.set_disabled("nobody", True)


def test_the_audit_log_says_who_did_what_in_one_line_each(
    accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bokeh_wsgi.audit")
    accounts.register("ada", PASSWORD, address="evil\nregistered user='root'")
    with pytest.raises(AccessDenied):
        accounts.sign_in("ada", "wrong password", address=HERE)
    _, key = accounts.new_key("ada", "laptop")
    text = caplog.text
    assert "registered user='ada'" in text
    assert "sign-in-failed user='ada' address='192.0.2.1'" in text
    assert len(text.splitlines()) == 3
    assert not any(secret in text for secret in (PASSWORD, "wrong password", key, key.split("-", 2)[2]))
