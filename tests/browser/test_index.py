"""What people do in the list of documents: find, rename, publish, with the mouse or with keys alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.people import PASSWORD
from tests.browser.test_sharing import Tag

from .accounts_site import TOO_WIDE, Site, choose, status_of

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
