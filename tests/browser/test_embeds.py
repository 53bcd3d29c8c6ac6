"""Plots in pages of other sites, by embed tags, in Chromium."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import bokeh
import numpy as np
import pytest
from bokeh.document import Document
from bokeh.embed import components
from bokeh.models import ColumnDataSource, CustomJS, CustomJSTickFormatter, Model
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure
from playwright.sync_api import Page, Request, expect

from bokeh_wsgi import Session
from bokeh_wsgi.embed import autoload_server
from tests.browser.host_site import OTHER_VERSION, HostSite
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows

ROWS = 5


@pytest.fixture(scope="module")
def site() -> Iterator[HostSite]:
    with HostSite() as site:
        yield site


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    page = windows.new_page()
    page.set_default_timeout(10_000)
    page.add_init_script(LOOK)
    yield page
    page.close()


@pytest.fixture
def requests(page: Page) -> list[Request]:
    """What the page asks for, preflights apart."""
    heard: list[Request] = []
    page.on("request", lambda request: heard.append(request) if request.method == "GET" else None)
    return heard


class Published:
    """A document with plots named p0, p1 … that share a source, published."""

    def __init__(self, server: LiveServer, title: str, plots: int = 1, *more: Model) -> None:
        self.session = Session(root_url=server.url, load_from_config=False)
        self.session.use_doc(title)
        self.source = ColumnDataSource({"x": np.arange(float(ROWS)), "y": np.zeros(ROWS)}, name="source")
        self.document = Document()
        for number in range(plots):
            plot = figure(width=200, height=100, name=f"p{number}")
            plot.line("x", "y", source=self.source)
            self.document.add_root(plot)
        for root in more:
            self.document.add_root(root)
        self.session.store_document(self.document)
        self.docid = self.session.docid

    def tag(self, plot: str | None = None, **attributes: str) -> str:
        """The embed tag of a plot, or of all of the document; attributes that differ: ``element="there"``."""
        tag = autoload_server(plot, self.session)
        for name, value in attributes.items():
            tag = re.sub(f' data-bokeh-{name}="[^"]*"', "", tag)
            tag = tag.replace("<script ", f'<script data-bokeh-{name}="{value}" ')
        return tag

    def stream(self) -> None:
        """One more row."""
        self.source.stream({"x": [float(len(self.source.data["x"]))], "y": [1.0]})
        self.session.store_objects(self.source)


# In the page: what embeds show, in the order of the page.
LOOK = """
window.look = {
  embeds: null,
  documents() {
    return [...this.embeds?.documents.values() ?? []].flatMap(({document}) => document ?? [])
  },
  plots() {
    const views = this.documents().flatMap((document) => document.views_manager.roots)
    const drawn = views.filter(({el}) => el?.isConnected && el.shadowRoot.querySelector(".bk-Canvas"))
    return drawn
      .sort(({el: a}, {el: b}) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1)
      .map(({model}) => model.name ?? model.type)
  },
  source(docid) {
    const models = this.embeds?.documents.get(docid)?.document?._all_models.values() ?? []
    return [...models].find((model) => model.name == "source")
  },
}
const waiting = setInterval(async () => {
  look.embeds = await Object.values(window.bokehWSGIEmbeds?.byBase ?? {})[0]
  if (look.embeds) clearInterval(waiting)
}, 10)
"""


def wait_for_rows(page: Page, published: Published, rows: int) -> None:
    page.wait_for_function(
        "([docid, rows]) => look.source(docid)?.data.x.length == rows", arg=[published.docid, rows]
    )


def wait_for_plots(page: Page, *names: str) -> None:
    page.wait_for_function("(names) => look.plots().join() == names.join()", arg=list(names))


def asked(requests: list[Request], what: str) -> list[str]:
    return [request.url for request in requests if what in request.url]


def own_plot(site: HostSite, folder: str, *files: str) -> tuple[str, str]:
    """Head and body of a page with BokehJS and a plot of its own, named "own"."""
    plot = figure(width=200, height=100, name="own")
    plot.line([1, 2], [3, 4])
    script, div = components(plot)
    head = "".join(f'<script src="{site.url}{folder}/{file}.min.js"></script>' for file in ("bokeh", *files))
    return head, f"{div}{script}"


STRICT = "script-src 'self' 'unsafe-inline' SERVER"


def head_with(server: LiveServer, policy: str) -> str:
    """What gives a page this policy, in which ``SERVER`` is the plot server's origin."""
    content = policy.replace("SERVER", "/".join(server.url.split("/")[:3]))
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">' if policy else ""


OWN = """() => {
  const [own, ...more] = window.Bokeh?.documents ?? []
  return more.length == 0 && own?.roots()[0].name == "own" && own.is_idle
}"""
REMOVE = """() => {
  const [document] = look.embeds.documents.values()
  for (const {element} of document.places) element.remove()
}"""


def test_twelve_tags_of_three_documents_take_one_stream_and_one_bokehjs(
    memory_server: LiveServer, site: HostSite, page: Page, requests: list[Request], complaints: list[str]
) -> None:
    documents = [Published(memory_server, f"twelve {n}", 4) for n in range(3)]
    tags = [documents[n % 3].tag(f"p{n // 3}") for n in range(12)]
    page.goto(site.page("".join(tags)))
    wait_for_plots(page, *(f"p{n // 3}" for n in range(12)))
    for document in documents:
        document.stream()
    for document in documents:
        wait_for_rows(page, document, ROWS + 1)
    assert len(asked(requests, "/changes?")) == 1
    assert len(asked(requests, "/bokeh.min.js")) == 1
    assert complaints == []
    assert page.evaluate("window.Bokeh") is None


def test_a_document_and_a_plot_of_it_may_be_in_a_page_several_times(
    memory_server: LiveServer, site: HostSite, page: Page, complaints: list[str]
) -> None:
    document = Published(memory_server, "several times", 2)
    page.goto(site.page(document.tag("p0") + document.tag() + document.tag("p0")))
    wait_for_plots(page, "p0", "p0", "p1", "p0")
    assert page.evaluate("look.embeds.documents.size") == 1
    document.stream()
    wait_for_rows(page, document, ROWS + 1)
    assert complaints == []


def test_what_cannot_be_drawn_is_told_in_its_places_and_the_rest_goes_on(
    memory_server: LiveServer, site: HostSite, page: Page, requests: list[Request]
) -> None:
    broken = figure(width=200, height=100, name="broken")
    broken.line([1, 2], [3, 4])
    axis: Any = broken.xaxis
    axis.formatter = CustomJSTickFormatter(code="throw new Error('no such tick')")
    document = Published(memory_server, "undrawn", 1, broken)
    page.goto(site.page(document.tag() + document.tag("p0") + document.tag("broken")))
    alerts = page.get_by_role("alert")
    text = "Figure “broken” cannot be drawn, because of its LinearAxis"
    expect(alerts.filter(has_text=text)).to_have_count(2)
    wait_for_plots(page, "p0", "p0")
    assert len(asked(requests, "%3A0&")) == 2
    document.stream()
    wait_for_rows(page, document, ROWS + 1)
    axis.formatter.code = "return 'tick'"
    document.session.store_document(document.document)
    wait_for_plots(page, "p0", "broken", "p0", "broken")
    expect(alerts).to_have_count(0)
    assert len(asked(requests, "%3A0&")) == 2


def test_a_document_that_comes_later_joins_the_stream_and_the_others_go_on(
    memory_server: LiveServer, site: HostSite, page: Page, requests: list[Request]
) -> None:
    first, second = (Published(memory_server, f"later {n}") for n in range(2))
    page.goto(site.page(first.tag("p0") + "<main></main>"))
    wait_for_plots(page, "p0")
    page.evaluate(
        """(html) => {
          // As notebooks do: scripts that come as HTML do not run by themselves.
          const main = document.querySelector("main")
          main.innerHTML = html
          for (const old of main.querySelectorAll("script")) {
            const script = document.createElement("script")
            for (const {name, value} of old.attributes) script.setAttribute(name, value)
            old.replaceWith(script)
          }
        }""",
        second.tag("p0") + second.tag(),
    )
    wait_for_plots(page, "p0", "p0", "p0")
    first.stream()
    wait_for_rows(page, first, ROWS + 1)
    streams = asked(requests, "/changes?")
    assert len(streams) == 2
    assert f"{second.docid}" in streams[1]
    # The first document is not sent again.
    assert f"{first.docid}%3A0" not in streams[1]


def test_a_plot_whose_element_goes_leaves_and_comes_back_with_it(
    memory_server: LiveServer, site: HostSite, page: Page, requests: list[Request]
) -> None:
    first, second = (Published(memory_server, f"goes {n}") for n in range(2))
    page.goto(site.page(f"{first.tag('p0')}<section>{second.tag('p0')}</section>"))
    wait_for_plots(page, "p0", "p0")
    with page.expect_request("**/changes?*") as request:
        page.evaluate("() => { window.section = document.querySelector('section'); section.remove() }")
    assert second.docid not in request.value.url
    wait_for_plots(page, "p0")
    assert page.evaluate("look.embeds.documents.size") == 1
    page.evaluate("() => document.body.prepend(section)")
    wait_for_plots(page, "p0", "p0")
    second.stream()
    wait_for_rows(page, second, ROWS + 1)


def test_a_plot_whose_element_is_moved_stays(
    memory_server: LiveServer, site: HostSite, page: Page, requests: list[Request]
) -> None:
    document = Published(memory_server, "moved")
    page.goto(site.page(f"<section>{document.tag('p0')}</section><main></main>"))
    wait_for_plots(page, "p0")
    page.evaluate("() => document.querySelector('main').append(document.querySelector('section'))")
    document.stream()
    wait_for_rows(page, document, ROWS + 1)
    assert len(asked(requests, "/changes?")) == 1


def test_a_deleted_document_says_so_in_its_place_and_the_others_go_on(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    kept, gone = (Published(memory_server, f"deleted {n}") for n in range(2))
    page.goto(site.page(f"<main>{kept.tag('p0')}</main><section>{gone.tag('p0')}</section>"))
    wait_for_plots(page, "p0", "p0")
    gone.session.delete_doc()
    expect(page.locator("section [role=alert]")).to_contain_text("This document was deleted.")
    expect(page.locator("main [role=alert]")).to_have_count(0)
    kept.stream()
    wait_for_rows(page, kept, ROWS + 1)


def test_an_embed_code_that_is_not_valid_says_so_and_the_others_go_on(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    good, bad = (Published(memory_server, f"refused {n}") for n in range(2))
    page.goto(site.page(f"<main>{good.tag('p0')}</main><section>{bad.tag('p0', token='forged')}</section>"))
    expect(page.locator("section [role=alert]")).to_contain_text("This embed code is no longer valid.")
    wait_for_plots(page, "p0")
    good.stream()
    wait_for_rows(page, good, ROWS + 1)


def test_withdrawn_embed_codes_say_so(memory_server: LiveServer, site: HostSite, page: Page) -> None:
    document = Published(memory_server, "withdrawn")
    page.goto(site.page(document.tag("p0")))
    wait_for_plots(page, "p0")
    document.session.withdraw_tokens()
    expect(page.get_by_role("alert")).to_contain_text("were withdrawn")


def test_a_plot_that_is_not_there_says_so(memory_server: LiveServer, site: HostSite, page: Page) -> None:
    document = Published(memory_server, "not there")
    page.goto(site.page(document.tag("p0").replace('model="p0"', 'model="p9"')))
    expect(page.get_by_role("alert")).to_contain_text("“p9”")


def test_a_tag_in_the_head_draws_into_its_element(
    memory_server: LiveServer, site: HostSite, page: Page, complaints: list[str]
) -> None:
    document = Published(memory_server, "head")
    tag = document.tag("p0", element="there").replace(" async", "")
    page.goto(site.page("<p>text</p><div id=there></div>", head=tag))
    wait_for_plots(page, "p0")
    assert page.evaluate("document.querySelector('#there').childElementCount") == 1
    assert complaints == []


@pytest.mark.parametrize("where", ["head", "element"])
def test_a_tag_with_no_place_to_draw_says_so_on_the_console(
    memory_server: LiveServer, site: HostSite, page: Page, complaints: list[str], where: str
) -> None:
    document = Published(memory_server, f"no place {where}")
    head, body = (document.tag(), "") if where == "head" else ("", document.tag(element="nowhere"))
    with page.expect_console_message() as message:
        page.goto(site.page(body, head))
    assert ("data-bokeh-element" if where == "head" else "“nowhere”") in message.value.text


@pytest.mark.parametrize("policy", ["", STRICT], ids=["", "no eval"])
@pytest.mark.parametrize("folder", ["js", "other"])
def test_a_page_with_a_bokehjs_of_its_own_keeps_it_and_its_plots(
    memory_server: LiveServer,
    site: HostSite,
    page: Page,
    requests: list[Request],
    complaints: list[str],
    folder: str,
    policy: str,
) -> None:
    slider = Slider(start=0, end=1, value=0.5, title="slide", name="slider")
    document = Published(memory_server, f"beside {folder} {policy}", 1, slider)
    head, body = own_plot(site, folder)
    head = head_with(memory_server, policy) + head
    page.goto(site.page(body + document.tag(), head))
    wait_for_plots(page, "p0")
    page.get_by_text("slide").wait_for()
    document.stream()
    wait_for_rows(page, document, ROWS + 1)
    assert page.evaluate("Bokeh.version") == (bokeh.__version__ if folder == "js" else OTHER_VERSION)
    ours = [url for url in asked(requests, "/bokeh.min.js") if url.startswith(memory_server.url)]
    assert len(ours) == (0 if folder == "js" else 1)
    page.evaluate(REMOVE)
    page.wait_for_function("look.embeds.documents.size == 0")
    page.wait_for_function(OWN)
    assert page.locator(".bk-Figure").count() == 1
    if folder == "js":
        assert complaints == []


@pytest.mark.parametrize("policy", ["", STRICT], ids=["", "no eval"])
def test_a_tag_of_an_older_server_gets_the_bokehjs_of_today(
    memory_server: LiveServer, site: HostSite, page: Page, policy: str
) -> None:
    slider = Slider(start=0, end=1, value=0.5, title="slide")
    document = Published(memory_server, f"older {policy}", 1, slider)
    head, body = own_plot(site, "other")
    page.goto(site.page(body + document.tag(version="3.1.0"), head_with(memory_server, policy) + head))
    wait_for_plots(page, "p0")
    page.get_by_text("slide").wait_for()
    assert page.evaluate("Bokeh.version") == OTHER_VERSION


def test_a_server_may_redirect_to_its_bokehjs(memory_server: LiveServer, site: HostSite, page: Page) -> None:
    document = Published(memory_server, "redirect", 1, Slider(start=0, end=1, value=0.5, title="slide"))
    folder = f"{memory_server.url}static/bokeh/{bokeh.__version__}/js"
    headers = {"Location": f"{folder}/bokeh.min.js", "Access-Control-Allow-Origin": "*"}
    page.route("**/bokeh/3.1.0/js/*", lambda route: route.fulfill(status=302, headers=headers))
    page.goto(site.page(document.tag(version="3.1.0")))
    wait_for_plots(page, "p0")
    page.get_by_text("slide").wait_for()


def test_a_bokehjs_that_the_page_loads_later_is_not_disturbed(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    document = Published(memory_server, "before")
    page.goto(site.page(document.tag("p0")))
    wait_for_plots(page, "p0")
    page.add_script_tag(url=f"{site.url}other/bokeh.min.js")
    assert page.evaluate("Bokeh.version") == OTHER_VERSION
    assert page.evaluate("Bokeh.documents.length") == 0
    document.stream()
    wait_for_rows(page, document, ROWS + 1)


def test_scripts_of_a_document_find_bokeh_until_the_page_has_its_own(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    button = Button(label="ask")
    code = "document.title = `${Bokeh.version} ${Bokeh.documents.length}`"
    button.js_on_event("button_click", CustomJS(code=code))
    document = Published(memory_server, "asks", 0, button)
    page.goto(site.page(document.tag()))
    page.get_by_role("button", name="ask").click()
    expect(page).to_have_title(f"{bokeh.__version__} 1")
    page.add_script_tag(url=f"{site.url}other/bokeh.min.js")
    assert page.evaluate("Bokeh.version") == OTHER_VERSION


class Gadget(Slider):
    """A slider whose page needs a script from elsewhere."""

    __view_model__ = "Slider"
    __javascript__: ClassVar = ["https://example.org/gadget.js"]


def test_a_plot_that_cannot_live_beside_the_page_s_bokehjs_says_why(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    document = Published(memory_server, "gadget", 0, Gadget(start=0, end=1, value=0, title="slide"))
    head, body = own_plot(site, "other")
    page.route("https://example.org/*", lambda route: route.fulfill(body="window.gadget = Bokeh.version"))
    page.goto(site.page(body + document.tag(), head))
    expect(page.get_by_role("alert")).to_contain_text(f"another BokehJS on this page: {OTHER_VERSION}")
    page.goto(site.page(document.tag()))
    page.get_by_text("slide").wait_for()
    assert page.evaluate("gadget") == bokeh.__version__


def test_a_server_that_is_away_is_told_and_the_plot_goes_on_when_it_is_back(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    document = Published(memory_server, "away")
    page.route("**/changes?*", lambda route: route.abort())
    page.goto(site.page(document.tag("p0")))
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/changes?*")
    wait_for_plots(page, "p0")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_document_that_cannot_be_shown_begins_anew_alone(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    good, bad = (Published(memory_server, f"anew {n}") for n in range(2))
    page.goto(site.page(f"<main>{good.tag('p0')}</main><section>{bad.tag('p0')}</section>"))
    wait_for_plots(page, "p0", "p0")
    page.evaluate(
        """(docid) => {
          const {document} = look.embeds.documents.get(docid)
          document.apply_json_patch = () => { throw new Error("on purpose") }
          window.kept = look.documents().find((other) => other != document)
        }""",
        bad.docid,
    )
    bad.document.title = "another"
    bad.session.store_document(bad.document)
    expect(page.locator("section [role=alert]")).to_contain_text("on purpose")
    page.wait_for_function("look.documents().some((document) => document.title() == 'another')")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.evaluate("look.documents().includes(kept)")


def test_styles_of_the_host_page_do_not_reach_a_notice(
    memory_server: LiveServer, site: HostSite, page: Page
) -> None:
    document = Published(memory_server, "styles")
    head = "<style>div { font-size: 99px; text-transform: uppercase; position: fixed }</style>"
    page.goto(site.page(document.tag("p0", token="forged"), head))
    notice = page.get_by_role("alert")
    expect(notice).to_have_css("font-size", "15px")
    expect(notice).to_have_css("text-transform", "none")
    expect(notice).to_have_css("position", "static")
