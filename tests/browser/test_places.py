"""Where what floats above a plot opens, how tall an embedded plot is, and what a page is called."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from bokeh.layouts import column
from bokeh.models import CustomJS
from bokeh.models.ui.dialogs import Dialog
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.markups import Div
from bokeh.plotting import figure
from playwright.sync_api import Page, expect

from bokeh_wsgi.dataplane import Op, OpCode
from tests.browser.host_site import HostSite
from tests.browser.live_server import LiveServer
from tests.browser.shared_document import SharedDocument
from tests.browser.test_embeds import LOOK, Published, wait_for_plots
from tests.browser.windows import Windows


@pytest.fixture
def site() -> Iterator[HostSite]:
    with HostSite() as site:
        yield site


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    page = windows.new_page()
    page.add_init_script(LOOK)
    yield page
    page.close()


def opened_alone(shared: SharedDocument, model: Any) -> Page:
    page = shared.windows.new_page()
    page.on("pageerror", lambda error: shared.complaints.append(str(error)))
    page.goto(shared.session.object_link(model))
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
    shared.pages.append(page)
    return page


def test_a_dialog_opens_above_the_one_layout_that_a_page_shows(shared: SharedDocument) -> None:
    dialog = Dialog(title="details", content=Div(text="all about it"), visible=False)
    button = Button(label="more")
    button.js_on_event("button_click", CustomJS(args={"dialog": dialog}, code="dialog.visible = true"))
    other = Div(text="another root")
    layout = column(button, Div(text="the layout"))
    shared.publish(layout, dialog, other)
    page = opened_alone(shared, layout)
    expect(page.get_by_text("the layout")).to_be_visible()
    expect(page.get_by_text("all about it")).not_to_be_visible()
    page.get_by_role("button", name="more").click()
    expect(page.get_by_text("all about it")).to_be_visible()
    expect(page.get_by_text("another root")).to_have_count(0)


def test_a_dialog_that_a_script_makes_opens_above_the_one_layout(shared: SharedDocument) -> None:
    layout = column(Div(text="the layout"))
    shared.publish(layout)
    page = opened_alone(shared, layout)
    dialog = Dialog(title="news", content=Div(text="it is done"))
    shared.document.add_root(dialog)
    shared.session.store_document(shared.document)
    expect(page.get_by_text("it is done")).to_be_visible()
    shared.document.remove_root(dialog)
    shared.session.store_document(shared.document)
    expect(page.get_by_text("it is done")).to_have_count(0)
    expect(page.get_by_text("the layout")).to_be_visible()


def test_a_dialog_alone_is_one_dialog(shared: SharedDocument) -> None:
    dialog = Dialog(title="news", content=Div(text="it is done"), name="dialog")
    shared.publish(Div(text="the rest"), dialog)
    page = opened_alone(shared, dialog)
    expect(page.get_by_text("it is done")).to_have_count(1)
    expect(page.get_by_text("the rest")).to_have_count(0)


def heights(page: Page) -> list[int]:
    """Of what the tags draw into."""
    tags = "[...document.querySelectorAll('script[data-bokeh-doc]')]"
    return [
        int(height) for height in page.evaluate(f"{tags}.map((tag) => tag.nextElementSibling.offsetHeight)")
    ]


@pytest.mark.parametrize("doctype", ["<!doctype html>", ""])
def test_two_tags_below_each_other_are_as_tall_as_their_plots(
    memory_server: LiveServer, site: HostSite, page: Page, doctype: str
) -> None:
    published = Published(memory_server, f"two tags {doctype}", 2)
    url = site.page(f"{published.tag('p0')}{published.tag('p1')}")
    path = f"/{url.rpartition('/')[2]}"
    site.pages[path] = site.pages[path].replace("<!doctype html>", doctype)
    page.goto(url)
    wait_for_plots(page, "p0", "p1")
    assert max(heights(page)) < page.viewport_size["height"] / 2  # type: ignore[index]


@pytest.mark.parametrize("doctype", ["<!doctype html>", ""])
def test_a_plot_that_stretches_fills_the_box_around_its_tag(
    memory_server: LiveServer, site: HostSite, page: Page, doctype: str
) -> None:
    stretching = figure(name="stretching", sizing_mode="stretch_both", tools="")
    stretching.line([1, 2], [3, 4])
    published = Published(memory_server, f"stretching {doctype}", 0, stretching)
    url = site.page(f'<div style="width: 500px; height: 350px">{published.tag("stretching")}</div>')
    path = f"/{url.rpartition('/')[2]}"
    site.pages[path] = site.pages[path].replace("<!doctype html>", doctype)
    page.goto(url)
    wait_for_plots(page, "stretching")
    page.wait_for_function(
        """() => {
          const views = look.documents()[0].views_manager.roots
          const {width, height} = views.find(({model}) => model.name == "stretching").bbox
          return width == 500 && height == 350
        }"""
    )


def test_a_document_without_a_title_is_called_what_the_server_calls_it(shared: SharedDocument) -> None:
    shared.publish(Div(text="x"))
    shared.upload(Op(OpCode.PATCH, json=json.dumps({"events": [{"kind": "TitleChanged", "title": ""}]})))
    page = shared.open()
    name = "test_a_document_without_a_title_is_called_what_the_server_calls_it"
    expect(page.locator("#bokeh-wsgi-title")).to_have_text(name)
    expect(page).to_have_title(name)
    shared.session.rename("another name")
    expect(page.locator("#bokeh-wsgi-title")).to_have_text("another name")


def test_a_document_that_was_joined_has_its_title_in_the_page(shared: SharedDocument) -> None:
    shared.publish(Div(text="x"))
    page = shared.open()
    expect(page.locator("#bokeh-wsgi-title")).to_have_text(
        "test_a_document_that_was_joined_has_its_title_in_the_page"
    )
