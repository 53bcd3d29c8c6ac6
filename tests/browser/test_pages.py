"""Pages as people meet them: on a phone, in the dark, with a keyboard only, with the server gone."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bokeh_wsgi import Session
from tests.gallery.documents import build

from .live_server import LiveServer
from .windows import Windows

LIVE = "document.querySelector('#bokeh-wsgi-state').dataset.state == 'live'"
DRAWN = f"{LIVE} && Bokeh.documents.length && Bokeh.documents[0].is_idle"
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
def fresh_server(live_server: Callable[..., LiveServer]) -> Iterator[LiveServer]:
    """An empty server that the test may kill."""
    server = live_server("--store", "memory:")
    yield server
    server.stop()


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    page = windows.new_page()
    page.set_default_timeout(10_000)
    yield page
    page.close()


def publish(server: LiveServer, title: str, name: str = "curves") -> str:
    """Publish a document of the gallery; the address of its page."""
    with Session(root_url=server.url, load_from_config=False) as session:
        session.use_doc(title)
        session.store_document(build(name))
        return session.document_link()


def choose(page: Page, title: str, choice: str) -> None:
    """Choose something in the menu of a document."""
    page.get_by_role("button", name=f"More for {title}").click()
    page.get_by_role("menuitem", name=choice).click()


def test_a_new_server_tells_how_to_publish_to_it(
    fresh_server: LiveServer, page: Page, complaints: list[str]
) -> None:
    page.goto(fresh_server.url)
    expect(page.get_by_role("heading", name="No plots yet")).to_be_visible()
    code = page.locator("pre code").inner_text()
    assert fresh_server.url in code
    compile(code, "the page", "exec")
    assert complaints == []


def test_the_index_leads_to_a_document_and_back(
    memory_server: LiveServer, page: Page, complaints: list[str]
) -> None:
    publish(memory_server, "curves")
    page.goto(memory_server.url)
    page.get_by_role("link", name="curves").click()
    page.wait_for_function(DRAWN)
    expect(page.get_by_role("heading", name="curves")).to_be_visible()
    page.get_by_role("link", name="All documents").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    assert complaints == []


def test_deleting_asks_first_and_needs_no_mouse(fresh_server: LiveServer, page: Page) -> None:
    publish(fresh_server, "keep")
    publish(fresh_server, "drop")
    page.goto(fresh_server.url)
    page.get_by_role("button", name="More for drop").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Delete “drop”?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="More for drop")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#announcement")).to_have_text("Deleted “drop”.")
    expect(page.get_by_role("link", name="keep")).to_be_focused()
    page.reload()
    assert page.locator(".document-title").all_inner_texts() == ["keep"]


def test_deleting_the_last_document_shows_how_to_publish_one(fresh_server: LiveServer, page: Page) -> None:
    publish(fresh_server, "only")
    page.goto(fresh_server.url)
    choose(page, "only", "Delete…")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No plots yet")).to_be_visible()


def test_a_server_that_is_gone_is_told_where_one_is_looking(fresh_server: LiveServer, page: Page) -> None:
    publish(fresh_server, "curves")
    page.goto(fresh_server.url)
    choose(page, "curves", "Delete…")
    fresh_server.kill()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(page.get_by_role("dialog").get_by_role("button", name="Delete")).to_be_enabled()


def test_a_document_page_says_that_its_server_is_gone(fresh_server: LiveServer, page: Page) -> None:
    page.goto(publish(fresh_server, "curves"))
    page.wait_for_function(LIVE)
    fresh_server.kill()
    state = page.locator("#bokeh-wsgi-state")
    expect(state).to_have_attribute("data-state", re.compile("reconnecting|offline"))
    expect(state).to_contain_text(re.compile("reconnecting|offline", re.IGNORECASE))


def test_a_deleted_document_says_so_where_it_is_open(memory_server: LiveServer, page: Page) -> None:
    page.goto(publish(memory_server, "curves"))
    page.wait_for_function(LIVE)
    with Session(root_url=memory_server.url, load_from_config=False) as session:
        session.use_doc("curves")
        session.delete_doc()
    expect(page.locator("#bokeh-wsgi-state")).to_have_attribute("data-state", "ended")


def test_the_javascript_of_a_document_is_kept_away_from_this_host(
    memory_server: LiveServer, page: Page
) -> None:
    page.goto(publish(memory_server, "curves"))
    page.wait_for_function(DRAWN)
    assert page.evaluate("self.origin") == "null"
    for secret in ("document.cookie", "localStorage.length", "sessionStorage.length"):
        attempt = f"() => {{ try {{ return {secret}, 'read' }} catch {{ return 'kept' }} }}"
        assert page.evaluate(attempt) == "kept"


def test_a_plot_that_stretches_fills_what_the_header_leaves(memory_server: LiveServer, page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 600})
    page.goto(publish(memory_server, "stretching", "stretch_both"))
    page.wait_for_function(DRAWN)
    header, plot = (
        page.locator("#bokeh-wsgi-header").bounding_box(),
        page.locator(".bk-Figure").bounding_box(),
    )
    assert header
    assert plot
    assert (plot["width"], plot["y"], plot["y"] + plot["height"]) == (900, header["height"], 600)
    assert page.evaluate("document.documentElement.scrollHeight") == 600


def test_a_document_taller_than_the_screen_scrolls_below_the_header(
    memory_server: LiveServer, page: Page
) -> None:
    page.goto(publish(memory_server, "tall", "taller_than_the_screen"))
    page.wait_for_function(DRAWN)
    page.keyboard.press("End")
    page.wait_for_function(
        "scrollY > 0 && scrollY + innerHeight >= document.documentElement.scrollHeight - 1"
    )
    expect(page.get_by_role("heading", name="tall")).to_be_in_viewport()


def test_an_embedded_page_is_the_plot_alone(memory_server: LiveServer, page: Page) -> None:
    page.goto(publish(memory_server, "curves") + "?embed=1")
    page.wait_for_function(DRAWN)
    expect(page.locator("#bokeh-wsgi-header")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(375, 720), (3840, 2160)], ids=["phone", "wall"])
def test_pages_fit_every_screen_and_can_be_read_in_light_and_dark(
    browser: Browser, memory_server: LiveServer, size: tuple[int, int], scheme: Any
) -> None:
    title = "A title that is longer than a phone is wide, and goes on; and_on_without_a_place_to_break_it" * 2
    link = publish(memory_server, title, "stretch_both")
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page = context.new_page()
    for url in (memory_server.url, link, f"{memory_server.url}nowhere"):
        page.goto(url)
        assert not page.evaluate(TOO_WIDE)
        assert page.evaluate(LOW_CONTRAST) == []
    context.close()


# Texts whose contrast with what is behind them is below WCAG's 4.5 : 1, of the server's own elements.
LOW_CONTRAST = """() => {
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number)
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const [r, g, b, alpha = 1] = numbers(getComputedStyle(element).backgroundColor)
      if (alpha > 0.99) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const low = []
  for (const element of document.querySelectorAll("body *:not(main#bokeh-wsgi-view *, script, noscript *)")) {
    const own = [...element.childNodes].some((node) => node.nodeType == 3 && node.data.trim())
    if (!own || !element.checkVisibility()) continue
    const [a, b] = [numbers(getComputedStyle(element).color), behind(element)].map(luminance)
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (contrast < 4.5) low.push(`${element.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`)
  }
  return low
}"""
