"""What people do to share, publish and embed their documents, and to end that again."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from .accounts_site import Site, choose, open_share, status_of

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
