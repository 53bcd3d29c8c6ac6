"""What people do in the pages of a server with accounts: sign in, find, share, publish, embed, sign out."""

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.api.people import PASSWORD

from .people import TOO_WIDE, Site, choose, fill_in, open_share, sign_in, signed_in
from .windows import Windows

NEW_PASSWORD = "battery staple"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def user(browser: Browser, windows: Windows, site: Site) -> Iterator[Callable[..., Page]]:
    """Browsers of users, each its own: ``user("ada")``; ``user("")`` is somebody who is not signed in."""
    opened: list[Page] = []

    def start(name: str = "ada", **options: Any) -> Page:
        """With options of a context it is one of its own."""
        page = browser.new_context(**options).new_page() if options else windows.new_page()
        opened.append(page)
        page.set_default_timeout(10_000)
        return signed_in(page, site, name) if name else page

    yield start
    for page in opened:
        page.close()


def status_of(page: Page, url: str) -> int:
    response = page.goto(url)
    assert response
    return response.status


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
    page.get_by_role("link", name="Make an account").click()
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


# Rights that end


def opened(page: Page, site: Site) -> Page:
    """The document's page, marked, so that it is seen when another one is loaded."""
    page.goto(site.document)
    page.evaluate("window.isTheSame = true")
    return page


def reloaded(page: Page) -> dict[str, Any]:
    """What the page's client is told, once the page has loaded itself again."""
    page.wait_for_function("() => !window.isTheSame && document.readyState == 'complete'")
    told: dict[str, Any] = json.loads(page.locator("#bokeh-wsgi-config").text_content() or "")
    return told


def test_the_pages_of_others_load_themselves_again_when_a_writer_leaves(
    site: Site, user: Callable[..., Page]
) -> None:
    pages = {name: opened(user(name), site) for name in ("ada", "rita", "wim")}
    people = site.people
    assert people.call("DELETE", f"/access/{people.docid}/users/wim", "ada").status_code == 200
    expect(pages["wim"].get_by_text("not shared with you any more")).to_be_visible()
    assert pages["wim"].evaluate("window.isTheSame")
    for name in ("ada", "rita"):
        assert reloaded(pages[name])["docid"] == people.docid
        expect(pages[name].locator("#bokeh-wsgi-state[data-state=ended]")).to_have_count(0)


def test_the_page_of_a_writer_who_may_only_read_now_loads_itself_again(
    site: Site, user: Callable[..., Page]
) -> None:
    page = opened(user("wim"), site)
    site.people.share("wim", "read")
    assert reloaded(page)["write"] is False


# Finding


def test_documents_are_found_by_title_and_owner_as_one_types(site: Site, user: Callable[..., Page]) -> None:
    for title in ("Ålesund weather", "Furnace 3", "Furnace 4"):
        site.people.api("wim").make(title)
    page = user("wim")
    titles = page.locator(".document:visible .document-title")
    page.get_by_label("Find by title or owner").fill("alesund")
    expect(titles).to_have_text(["Ålesund weather"])
    expect(page.locator("#found")).to_have_text("1 of 4")
    page.keyboard.press("Control+A")
    page.keyboard.type("4 fur")
    expect(titles).to_have_text(["Furnace 4"])
    page.keyboard.press("Control+A")
    page.keyboard.type("ada")
    expect(titles).to_have_text(["line"])
    page.keyboard.press("Control+A")
    page.keyboard.type("nothing of that name")
    expect(titles).to_have_count(0)
    expect(page.locator("#found")).to_contain_text("No document")
    page.keyboard.press("Escape")
    expect(titles).to_have_count(4)
    page.keyboard.press("ArrowDown")
    expect(titles.first).to_be_focused()


def test_enter_opens_what_was_found(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    page.get_by_label("Find by title or owner").fill("lin")
    page.keyboard.press("Enter")
    expect(page).to_have_url(site.document)


# One's own documents


def test_a_document_gets_another_title(site: Site, user: Callable[..., Page]) -> None:
    site.people.api("ada").make("other")
    page = user()
    choose(page, "line", "Rename…")
    page.get_by_label("Title", exact=True).fill("other")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).not_to_be_empty()
    page.get_by_label("Title", exact=True).fill("wave")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#announcement")).to_have_text("Renamed to “wave”.")
    expect(page.get_by_role("button", name="More for wave")).to_be_focused()
    page.reload()
    expect(page.get_by_role("link", name="wave")).to_be_visible()


def test_publishing_lets_everybody_see_it_until_it_is_ended(site: Site, user: Callable[..., Page]) -> None:
    page, stranger = user(), user("")
    assert status_of(stranger, site.document) == 404
    choose(page, "line", "Public")
    expect(page.locator("#announcement")).to_have_text("Anybody with the link can see “line” now.")
    expect(page.locator(".mark.public")).to_be_visible()
    assert status_of(stranger, site.document) == 200
    expect(stranger.get_by_text("Public", exact=True)).to_be_visible()
    expect(stranger.get_by_role("link")).to_have_count(0)
    stranger.goto(f"{site.url}gallery")
    expect(stranger.locator(".document")).to_contain_text("by ada")
    choose(page, "line", "Public")
    expect(page.locator("#announcement")).to_have_text("“line” is not public any more.")
    expect(page.locator(".mark.public")).to_be_hidden()
    assert status_of(stranger, site.document) == 404


def test_a_link_is_copied(site: Site, user: Callable[..., Page]) -> None:
    page = user(permissions=["clipboard-read", "clipboard-write"])
    choose(page, "line", "Copy link")
    expect(page.locator("#announcement")).to_have_text("Copied the link to “line”.")
    assert page.evaluate("navigator.clipboard.readText()") == site.document


def test_a_link_is_copied_where_pages_have_no_clipboard(site: Site, user: Callable[..., Page]) -> None:
    page = user(permissions=["clipboard-read"])
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject() }")
    choose(page, "line", "Copy link")
    expect(page.locator("#announcement")).to_have_text("Copied the link to “line”.")
    assert page.evaluate("navigator.clipboard.readText()") == site.document


# Sharing


def test_sharing_with_somebody_and_ending_it(site: Site, user: Callable[..., Page]) -> None:
    page, otto = user(), user("otto")
    dialog = open_share(page, "line")
    expect(dialog.get_by_role("listitem")).to_have_text([re.compile("^rita"), re.compile("^wim")])
    dialog.get_by_label("User name").fill("nobody")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("nobody")
    dialog.get_by_label("User name").fill("otto")
    dialog.get_by_label("Right", exact=True).select_option("can change")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("status")).to_have_text("otto can change it now.")
    expect(dialog.get_by_role("alert")).to_be_hidden()
    expect(dialog.get_by_label("User name")).to_be_focused()
    otto.reload()
    expect(otto.get_by_role("list", name="Documents shared with you")).to_contain_text("You can change it")
    dialog.get_by_label("Right of otto").select_option("can see")
    expect(dialog.get_by_role("status")).to_have_text("otto can see it now.")
    assert site.app.store.share_of(site.people.docid, "otto") == "read"
    dialog.get_by_role("button", name="Remove otto").click()
    expect(dialog.get_by_role("listitem")).to_have_count(2)
    expect(dialog.get_by_role("button", name="Remove rita")).to_be_focused()
    assert status_of(otto, site.document) == 404


def test_the_public_switch_of_the_dialog_shows_in_the_list(site: Site, user: Callable[..., Page]) -> None:
    page, stranger = user(), user("")
    dialog = open_share(page, "line")
    expect(dialog.get_by_label("For everybody")).to_be_hidden()
    dialog.get_by_role("switch").click()
    expect(dialog.get_by_label("For everybody")).to_have_value(f"{site.document}?public=true")
    assert status_of(stranger, f"{site.document}?public=true") == 200
    page.keyboard.press("Escape")
    expect(page.locator(".mark.public")).to_be_visible()


class Tag(HTMLParser):
    """The attributes of the first element of a text."""

    attributes: dict[str, str | None]

    def __init__(self, text: str) -> None:
        super().__init__()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes = dict(attrs)


@pytest.mark.parametrize("published", [False, True], ids=["private", "public"])
def test_an_embed_code_shows_the_document_until_it_is_withdrawn(
    site: Site, user: Callable[..., Page], published: bool
) -> None:
    if published:
        site.people.publish()
    page, stranger = user(), user("")
    choose(page, "line", "Embed code…")
    dialog = page.get_by_role("dialog", name="Share “line”")
    script = dialog.get_by_label("Script:")
    expect(script).to_be_focused()
    told = Tag(script.input_value()).attributes
    token = str(told.pop("data-bokeh-token"))
    assert told.pop("data-bokeh-version")
    assert told == {
        "src": f"{site.url}autoload.js",
        "async": None,
        "data-bokeh-doc": site.people.docid,
        "data-bokeh-base": site.url,
    }
    frame = Tag(dialog.get_by_label("Frame:").input_value()).attributes
    assert frame["title"] == "line"
    assert frame["src"] == f"{site.document}?embed=1&token={quote(token, safe='')}"
    assert status_of(stranger, str(frame["src"])) == 200
    dialog.get_by_role("button", name="Withdraw all").click()
    page.get_by_role("dialog", name="Withdraw all").get_by_role("button", name="Withdraw").click()
    expect(dialog.get_by_role("status")).to_have_text("All embed codes given out so far have ended.")
    expect(script).to_be_hidden()
    # In another page: the one that is open loads itself again meanwhile.
    assert status_of(user(""), str(frame["src"])) in {401, 403, 404}


def test_the_page_of_a_document_leads_to_sharing_it(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    page.goto(site.document)
    page.get_by_role("link", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share “line”")
    expect(dialog.get_by_label("For people")).to_have_value(site.document)
    expect(page).to_have_url(site.url)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="line")).to_be_focused()


def test_a_reader_is_not_led_to_sharing(site: Site, user: Callable[..., Page]) -> None:
    page = user("rita")
    page.goto(site.document)
    expect(page.get_by_role("link", name="All documents")).to_be_visible()
    expect(page.get_by_role("link", name="Share")).to_have_count(0)


def test_sharing_what_is_not_there_says_so(site: Site, user: Callable[..., Page]) -> None:
    page = user("otto")
    page.goto(f"{site.url}?share={site.people.docid}")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("No document")
    expect(page.locator("#share-body")).to_be_hidden()


def test_a_server_that_is_gone_is_told_in_the_dialog(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    dialog = open_share(page, "line")
    page.route("**/access/**", lambda route: route.abort())
    dialog.get_by_role("switch").click()
    expect(dialog.get_by_role("alert")).to_have_text("The server does not answer. Try again when it is back.")
    expect(dialog.get_by_role("switch")).not_to_be_checked()


def test_a_login_that_has_ended_is_told_where_one_is_looking(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    ended = "You are not signed in any more. Load the page again to sign in."
    dialog = open_share(page, "line")
    page.context.clear_cookies()
    dialog.get_by_role("switch").click()
    expect(dialog.get_by_role("alert")).to_have_text(ended)
    page.keyboard.press("Escape")
    choose(page, "line", "Delete…")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(ended)


def test_a_late_answer_is_not_shown_for_another_document(site: Site, user: Callable[..., Page]) -> None:
    site.people.api("ada").make("other")
    page = user()
    held: list[Any] = []
    page.route(f"**/access/{site.people.docid}", lambda route: held.append(route))
    with page.expect_request(f"**/access/{site.people.docid}"):
        page.get_by_role("button", name="Share… line").click()
    page.keyboard.press("Escape")
    open_share(page, "other")
    with page.expect_response(f"**/access/{site.people.docid}"):
        held[0].continue_()
    dialog = page.get_by_role("dialog", name="Share “other”")
    expect(dialog.get_by_label("For people")).not_to_have_value(site.document)


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


# Strings of strangers

HOSTILE = [
    "<img src=x onerror=\"document.title='taken over'\">",
    "\"'><script>document.title='taken over'</script>",
    "a_word_without_an_end" * 9,
    "שלום עולם abc",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_is_text_wherever_it_is_shown(site: Site, user: Callable[..., Page], title: str) -> None:
    site.people.api("ada").make(title)
    page = user(viewport={"width": 390, "height": 844})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))

    def fits() -> None:
        assert not page.evaluate(TOO_WIDE)
        assert page.title() == "Plots"

    fits()
    for choice, dialog in [("Rename…", "Rename"), ("Delete…", "Delete"), ("Share…", "Share")]:
        choose(page, title, choice)
        expect(page.get_by_role("dialog", name=dialog)).to_be_visible()
        fits()
        page.keyboard.press("Escape")
    choose(page, title, "Embed code…")
    expect(page.locator("#share-frame")).to_be_visible()
    frame = Tag(page.locator("#share-frame").input_value()).attributes
    assert frame["title"] == title
    page.keyboard.press("Escape")
    choose(page, title, "Public")
    expect(page.locator("#announcement")).to_contain_text(title)
    fits()
    assert heard == []
    page.goto(f"{site.url}gallery")
    expect(page.get_by_role("link", name=title)).to_be_visible()
    assert not page.evaluate(TOO_WIDE)


@pytest.mark.parametrize("width", [320, 390, 1280, 3840])
def test_pages_fit_every_screen(site: Site, user: Callable[..., Page], width: int) -> None:
    name = "a_long_user_name." * 3
    site.people.join(name)
    site.people.api(name).make("title_without_an_end_" * 9)
    site.people.share(name, "write")
    page = user(name, viewport={"width": width, "height": 700})
    title = page.locator(".document-title").first.inner_text()
    for path in ("", "account", "gallery", "nowhere"):
        page.goto(site.url + path)
        assert not page.evaluate(TOO_WIDE), path
    page.goto(site.url)
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    choose(page, title, "Embed code…")
    expect(page.locator("#share-frame")).to_be_visible()
    dialog = page.locator("#share")
    assert dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    page.context.clear_cookies()
    for path in ("login", "register"):
        page.goto(site.url + path)
        assert not page.evaluate(TOO_WIDE), path


# Keys alone


def go_to(page: Page, place: Locator, key: str = "Tab") -> None:
    """Press a key until the focus is there; fails if it never comes there."""
    for _ in range(60):
        if place.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    expect(place).to_be_focused()


def test_sharing_needs_no_mouse(site: Site, user: Callable[..., Page]) -> None:
    page = user("")
    page.goto(site.url)
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    share = page.get_by_role("button", name="Share… line")
    go_to(page, share)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Share “line”")
    expect(dialog.get_by_role("switch")).to_be_visible()
    go_to(page, dialog.get_by_role("switch"))
    page.keyboard.press("Space")
    expect(dialog.get_by_role("status")).to_have_text("Anybody with the link can see it.")
    go_to(page, dialog.get_by_label("User name"))
    page.keyboard.type("otto")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status")).to_have_text("otto can change it now.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(share).to_be_focused()
    go_to(page, page.get_by_role("button", name="Sign out"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    store = site.app.store
    record = store.get_document(site.people.docid)
    assert record
    assert record.published
    assert store.share_of(site.people.docid, "otto") == "write"


def test_the_menu_of_a_document_is_walked_with_arrows(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    more = page.get_by_role("button", name="More for line")
    go_to(page, more)
    page.keyboard.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("menuitem", name="Rename…")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Delete…")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Share…")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_be_hidden()
    expect(more).to_be_focused()
    expect(more).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("menu")).to_be_hidden()


def test_the_button_of_an_open_menu_closes_it(site: Site, user: Callable[..., Page]) -> None:
    page = user()
    more = page.get_by_role("button", name="More for line")
    more.click()
    expect(page.get_by_role("menu")).to_be_visible()
    more.click()
    expect(page.get_by_role("menu")).to_be_hidden()
    more.click()
    expect(page.get_by_role("menu")).to_be_visible()
