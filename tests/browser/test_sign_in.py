"""What people do to sign in and out, and in the page of their account."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.api.people import PASSWORD

from .accounts_site import Site, fill_in, sign_in, status_of
from .windows import Windows

NEW_PASSWORD = "battery staple"
# Signing in and out


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_signing_in_and_out(site: Site, user: Callable[..., Page], javascript: bool) -> None:
    page = user("", java_script_enabled=javascript)
    page.goto(site.url)
    expect(page).to_have_url(re.compile("login"))
    fill_in(page, username="ada", password="not the password")
    expect(page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    expect(page.get_by_label("User name")).to_have_value("ada")
    fill_in(page, password=PASSWORD)
    expect(page).to_have_url(site.url)
    expect(page.get_by_role("link", name="line")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(site.url)
    expect(page).to_have_url(re.compile("login"))


def test_signing_in_leads_back_to_where_one_was_going(site: Site, user: Callable[..., Page]) -> None:
    page = user("")
    assert status_of(page, site.document) == 404
    page.get_by_role("link", name="Sign in").click()
    fill_in(page, username="rita", password=PASSWORD)
    expect(page).to_have_url(site.document)
    expect(page.get_by_role("heading", name="line")).to_be_visible()


def test_too_many_tries_are_told_when_to_come_back(site: Site, user: Callable[..., Page]) -> None:
    page = user("")
    page.goto(f"{site.url}login")
    tries, told = 0, "wrong"
    while "wrong" in told and tries < 100:
        # An account of its own: the tries of others are counted by theirs.
        fill_in(page, username="nobody", password="not the password")
        told = page.get_by_role("alert").inner_text()
        tries += 1
    assert tries > 10  # and more where they are so slow that some are forgotten meanwhile
    assert re.search(r"Try again in \d+ seconds?\.", told)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_making_an_account(site: Site, user: Callable[..., Page], javascript: bool) -> None:
    page = user("", java_script_enabled=javascript)
    page.goto(f"{site.url}login")
    page.get_by_role("link", name="Create an account").click()
    fill_in(page, username="grace", password=NEW_PASSWORD, again="battery stable")
    expect(page.get_by_role("alert")).to_contain_text("not the same")
    fill_in(page, username="ada", password=NEW_PASSWORD, again=NEW_PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("exists")
    fill_in(page, username="grace", password=NEW_PASSWORD, again=NEW_PASSWORD)
    expect(page.get_by_role("heading", name="No plots yet")).to_be_visible()
    expect(page.get_by_role("link", name="Account of grace")).to_be_visible()


def test_a_program_signs_its_user_in_after_a_question(site: Site, user: Callable[..., Page]) -> None:
    url = site.people.call("POST", "/codes", "ada", base_url=site.url).get_json()["url"]
    page = user("", java_script_enabled=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    expect(page.get_by_role("heading", name="Sign in as ada in this browser?")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="line")).to_be_visible()
    code = url.partition("#code=")[2]
    assert [address for address in asked if code in address] == []
    page.goto(url)
    expect(page.get_by_text("This link was used already")).to_be_visible()


def test_without_javascript_a_code_is_pasted(site: Site, user: Callable[..., Page]) -> None:
    url = site.people.call("POST", "/codes", "ada", base_url=site.url).get_json()["url"]
    page = user("", java_script_enabled=False)
    page.goto(url)
    page.get_by_label("Code").fill(url.partition("#code=")[2])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Sign in as ada in this browser?")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="line")).to_be_visible()


def test_an_invitation_goes_from_the_link_into_the_form_and_nowhere_else(windows: Windows) -> None:
    with Site(registration="invite") as site:
        invitation = site.app.context.accounts.new_invitation()
        page = windows.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{site.url}register#invite={invitation}")
        expect(page.get_by_label("Invitation")).to_have_value(invitation)
        expect(page).to_have_url(f"{site.url}register")
        fill_in(page, username="grace", password=NEW_PASSWORD, again=NEW_PASSWORD)
        expect(page.get_by_role("heading", name="No plots yet")).to_be_visible()
        assert [address for address in asked if invitation in address] == []
        page.close()


# The account


def test_a_key_is_made_shown_once_and_revoked(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    page.get_by_role("link", name="Account of ada").click()
    page.get_by_label("Name of a new key").fill("night job")
    page.keyboard.press("Enter")
    shown = page.get_by_label("Your new key")
    expect(shown).to_be_focused()
    bearer = {"Authorization": f"Bearer {shown.input_value()}"}
    assert site.people.call("GET", "/userinfo", headers=bearer).get_json()["username"] == "ada"
    keys = page.get_by_role("list", name="Keys for programs")
    expect(keys).to_contain_text("night job")
    page.reload()
    expect(shown).to_be_hidden()
    keys.get_by_role("button", name="Revoke night job").click()
    dialog = page.get_by_role("dialog", name="Revoke the key “night job”?")
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.locator("#announcement")).to_have_text("Revoked: night job")
    expect(keys.get_by_role("listitem")).to_have_count(1)
    assert site.people.call("GET", "/userinfo", headers=bearer).status_code == 401


def test_another_browser_is_signed_out(site: Site, user: Callable[..., Page]) -> None:
    here, there = user(), user()
    here.goto(f"{site.url}account")
    logins = here.get_by_role("list", name="Browsers that are signed in").get_by_role("listitem")
    logins.filter(has_not_text="this one").get_by_role("button").click()
    here.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(logins).to_have_count(1)
    there.reload()
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()


def test_ending_this_browsers_login_leads_to_signing_in(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    page.goto(f"{site.url}account")
    page.get_by_role("listitem").filter(has_text="this one").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_password_is_changed_without_javascript(site: Site, user: Callable[..., Page]) -> None:
    page, other = user(java_script_enabled=False), user()
    page.goto(f"{site.url}account")
    secret = {"new": NEW_PASSWORD, "again": NEW_PASSWORD}
    fill_in(page, password="not the password", **secret)
    expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    fill_in(page, password=PASSWORD, **secret)
    expect(page.locator("#announcement")).to_contain_text("Your password is changed.")
    other.reload()
    sign_in(other, site, password=NEW_PASSWORD)
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
