from typing import Any

import pytest

from bokeh_wsgi.pages.sign_in import code_page, login_page, register_page

from .reading import elements, find


def login(**options: Any) -> str:
    return login_page("/bokeh/", **{"csrf": "a.csrf", "registration": "open", **options})


def register(**options: Any) -> str:
    return register_page("/bokeh/", **{"csrf": "a.csrf", "registration": "open", **options})


def fields(page: str) -> dict[str, dict[str, str]]:
    return {
        element.attributes["name"]: element.attributes
        for element in elements(page)
        if element.tag == "input" and "name" in element.attributes
    }


def labelled(page: str) -> set[str]:
    return {element.attributes["for"] for element in elements(page) if element.tag == "label"}


def test_signing_in_is_a_plain_form() -> None:
    page = login(next="/bokeh/doc/d1?x=1")
    assert find(page, "form").attributes == {"class": "card", "method": "post", "action": "/bokeh/login"}
    assert set(fields(page)) == {"username", "password", "next", "csrf"}
    assert fields(page)["next"]["value"] == "/bokeh/doc/d1?x=1"
    assert fields(page)["csrf"]["value"] == "a.csrf"
    assert "<script" not in page


def test_making_an_account_is_a_plain_form() -> None:
    page = register(invite="welcome")
    assert find(page, "form").attributes["action"] == "/bokeh/register"
    assert set(fields(page)) == {"username", "password", "again", "invite", "csrf"}
    assert fields(page)["invite"]["value"] == "welcome"
    assert "<script" not in page


def test_password_managers_know_the_fields() -> None:
    assert fields(login())["username"]["autocomplete"] == "username"
    assert fields(login())["password"]["autocomplete"] == "current-password"
    assert fields(register())["password"]["autocomplete"] == "new-password"
    assert fields(register())["again"]["autocomplete"] == "new-password"


@pytest.mark.parametrize("page", [login(), register(), register(registration="invite")])
def test_every_field_has_a_label(page: str) -> None:
    seen = {field["id"] for field in fields(page).values() if field.get("type") != "hidden"}
    assert seen == labelled(page)


@pytest.mark.parametrize("make", [login, register])
def test_what_was_wrong_is_told_and_tied_to_the_fields(make: Any) -> None:
    page = make(message="That did not fit.", username="ada")
    assert find(page, "p", id="problem").attributes["role"] == "alert"
    assert find(page, "p", id="problem").text == "That did not fit."
    assert fields(page)["password"]["aria-describedby"] == "problem"
    assert fields(page)["username"]["value"] == "ada"
    assert "problem" not in make()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 second"), (30, "30 seconds"), (61.5, "62 seconds"), (600, "10 minutes")]
)
def test_too_many_tries_are_told_when_to_come_back(seconds: float, text: str) -> None:
    page = login(message="Too many tries: wait.", retry_after=seconds)
    assert f">Too many attempts. Try again in {text}.</p>" in page


def test_the_cursor_is_where_one_goes_on() -> None:
    assert "autofocus" in fields(login())["username"]
    assert "autofocus" not in fields(login())["password"]
    assert "autofocus" in fields(login(username="ada"))["password"]


def test_the_way_to_an_account_is_shown_where_there_is_one() -> None:
    assert 'New here? <a href="/bokeh/register">' in login()
    assert 'Invited? <a href="/bokeh/register">' in login(registration="invite")
    assert "register" not in login(registration="closed")


def test_an_invitation_is_asked_for_where_one_is_needed() -> None:
    assert "required" in fields(register(registration="invite"))["invite"]
    assert fields(register())["invite"]["type"] == "hidden"


def test_a_closed_server_says_whom_to_ask() -> None:
    page = register(registration="closed")
    assert "<form" not in page
    assert "Ask them for one." in page


def test_a_code_signs_in_only_after_a_question() -> None:
    page = code_page("/bokeh/", csrf="a.csrf", code="one-time", username="ada")
    assert find(page, "form").attributes["action"] == "/bokeh/login/code"
    assert {name: field["value"] for name, field in fields(page).items()} == {
        "code": "one-time",
        "csrf": "a.csrf",
    }
    assert "autofocus" not in page
    assert "Sign in as <bdi>ada</bdi> in this browser?" in page
