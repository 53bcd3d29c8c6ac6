from typing import Any

from bokeh_wsgi.pages.account import account_page
from bokeh_wsgi.store import Credential

from .reading import elements, find
from .records import NOW, key


def account(*keys: Credential, **options: Any) -> str:
    return account_page(
        "/bokeh/", **{"username": "ada", "csrf": "a.csrf", "keys": keys, "now": NOW, **options}
    )


def listed(page: str) -> list[str]:
    """Addresses of keys and logins; the one between that has none is the template of a new key."""
    return [
        element.attributes["data-href"]
        for element in elements(page)
        if element.attributes.get("class") == "way"
    ]


def test_keys_and_logins_are_listed_apart_the_newest_first() -> None:
    page = account(
        key("k1", "laptop", created=NOW - 9),
        key("k2", "night job"),
        key("l1", "Firefox on Linux", kind="login"),
    )
    assert listed(page) == ["/bokeh/keys/k2", "/bokeh/keys/k1", "", "/bokeh/keys/l1"]
    assert page.index("laptop") < page.index("Browsers that are signed in") < page.index("Firefox on Linux")


def test_an_id_cannot_leave_its_folder() -> None:
    assert "/bokeh/keys/..%2Flogin" in listed(account(key("../login", "x")))


def test_this_browsers_own_login_is_marked() -> None:
    page = account(key("l1", "Firefox", kind="login"), key("l2", "Chrome", kind="login"), current="l1")
    assert page.count("this one") == 1
    assert page.count("data-current") == 1


def test_without_keys_the_page_says_so() -> None:
    assert "hidden" not in find(account(), "p", id="no-keys").attributes
    assert "hidden" in find(account(key("k1", "laptop")), "p", id="no-keys").attributes


def test_a_new_key_is_shown() -> None:
    page = account(new_key="bwk-1-secret")
    assert "hidden" not in find(page, "div", id="new-key").attributes
    assert find(page, "input", id="new-key-text").attributes["value"] == "bwk-1-secret"
    assert "hidden" in find(account(), "div", id="new-key").attributes


def test_the_password_is_changed_by_a_plain_form_that_password_managers_know() -> None:
    page = account()
    assert find(page, "form", action="/bokeh/account/password").attributes["method"] == "post"
    for name, autocomplete in [
        ("username", "username"),
        ("password", "current-password"),
        ("new", "new-password"),
        ("again", "new-password"),
    ]:
        assert find(page, "input", name=name).attributes["autocomplete"] == autocomplete


def test_why_the_password_was_not_changed_is_told_at_its_form() -> None:
    page = account(message="That is not your password.")
    assert find(page, "p", id="problem").text == "That is not your password."
    assert find(page, "input", name="password").attributes["aria-describedby"] == "problem"


def test_what_was_done_is_told_on_top() -> None:
    assert (
        find(account(notice="The password is changed."), "p", id="announcement").text
        == "The password is changed."
    )


def test_where_the_site_signs_people_in_there_are_keys_only() -> None:
    page = account(key("k1", "laptop"), site_login=True)
    assert "laptop" in page
    for word in ("account/password", "Browsers that are signed in", "logout"):
        assert word not in page
