"""Every page and dialog under axe-core, in light and dark: nothing that it calls serious or critical."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .accounts_site import Site, choose, fill_in, open_share, signed_in
from .windows import Windows


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        for title in ("Furnace 3", "Weather in Ålesund", "שלום עולם"):
            site.people.api("ada").make(title)
        site.people.api("rita").make("shared with ada")
        [record] = site.app.store.list_documents("rita")
        site.app.store.share_document(record.docid, "ada", "write")
        site.people.publish()
        yield site


def findings(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{finding['id']} ({finding['impact']}): {node['html']}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def wrong_password(page: Page) -> None:
    fill_in(page, username="ada", password="not the password")
    expect(page.get_by_role("alert")).to_be_visible()


def new_key(page: Page) -> None:
    page.get_by_label("Name of a new key").fill("laptop")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your new key")).to_be_visible()


def share(page: Page) -> None:
    dialog = open_share(page, "line")
    dialog.get_by_label("User name").fill("nobody")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()


def embed(page: Page) -> None:
    choose(page, "line", "Embed code…")
    expect(page.get_by_label("Script:")).to_be_visible()


def menu(page: Page) -> None:
    page.get_by_role("button", name="More for line").click()
    expect(page.get_by_role("menu")).to_be_visible()


def nothing_found(page: Page) -> None:
    page.get_by_label("Find by title or owner").fill("nothing of that name")
    expect(page.locator("#found")).to_contain_text("No document")


def nothing(page: Page) -> None:
    """The page as it is."""


# Who looks, where, and what they do there.
VIEWS: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "index": ("ada", "", nothing),
    "index without documents": ("otto", "", nothing),
    "search": ("ada", "", nothing_found),
    "menu": ("ada", "", menu),
    "share": ("ada", "", share),
    "embed": ("ada", "", embed),
    "rename": ("ada", "", lambda page: choose(page, "line", "Rename…")),
    "delete": ("ada", "", lambda page: choose(page, "line", "Delete…")),
    "account": ("ada", "account", new_key),
    "gallery": ("", "gallery", nothing),
    "login": ("", "login", wrong_password),
    "register": ("", "register", nothing),
    "error": ("", "doc/nowhere", nothing),
    "document": ("ada", "doc/{docid}", nothing),
    "public document": ("", "doc/{docid}", nothing),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_pages_are_for_everybody(windows: Windows, site: Site, view: str, scheme: Any) -> None:
    user, path, do = VIEWS[view]
    page = windows.new_page()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    if user:
        signed_in(page, site, user)
    page.goto(site.url + path.format(docid=site.people.docid))
    do(page)
    assert findings(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_question_of_a_code_is_for_everybody(windows: Windows, site: Site, scheme: Any) -> None:
    url = site.people.call("POST", "/codes", "ada", base_url=site.url).get_json()["url"]
    page = windows.new_page()
    page.emulate_media(color_scheme=scheme)
    page.goto(url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert findings(page) == []
    page.close()


def test_a_finding_is_found(windows: Windows, site: Site) -> None:
    page = signed_in(windows.new_page(), site)
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    assert "color-contrast" in str(findings(page))
    page.close()
