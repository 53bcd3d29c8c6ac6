"""What the page's client does with BokehJS, in Chromium."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, DataRange1d, Model
from bokeh.models.annotations.labels import Title
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.sliders import Slider
from bokeh.models.widgets.tables import DataTable, TableColumn
from bokeh.plotting import figure
from playwright.sync_api import Page

from bokeh_wsgi import Session
from tests.browser.live_server import LiveServer
from tests.browser.windows import Windows

NAMED = "(name) => [...Bokeh.documents[0]._all_models.values()].find((model) => model.name == name)"
SOURCE = f"({NAMED})('source')"


@pytest.fixture
def session(memory_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Session]:
    with Session(root_url=memory_server.url, load_from_config=False) as session:
        session.use_doc(request.node.name)
        yield session


@pytest.fixture
def page(windows: Windows) -> Iterator[Page]:
    page = windows.new_page()
    page.set_default_timeout(10_000)
    yield page
    page.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def publish(session: Session, *roots: Model) -> Document:
    document = Document()
    for root in roots:
        document.add_root(root)
    session.store_document(document)
    return document


def show(page: Page, session: Session, model: str = "") -> None:
    page.goto(session.document_link() + (f"/{model}" if model else ""))
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")


def curve(rows: int = 50, **more: Any) -> tuple[figure, ColumnDataSource]:
    source = ColumnDataSource({"x": np.arange(float(rows)), "y": np.zeros(rows)}, name="source")
    plot = figure(width=300, height=200, name="plot", **more)
    plot.line("x", "y", source=source)
    return plot, source


def test_many_changes_are_shown_with_few_signals_and_an_empty_console(
    session: Session, page: Page, complaints: list[str]
) -> None:
    plot, source = curve()
    publish(session, plot)
    show(page, session)
    page.evaluate(f"""() => {{
      window.signals = 0
      for (const signal of [{SOURCE}.streaming, {SOURCE}.patching, {SOURCE}.properties.data.change]) {{
        signal.connect(() => signals++)
      }}
      // A page that is busy: its next frame is late, so that all changes are there by then.
      const frame = requestAnimationFrame
      window.requestAnimationFrame = (task) => setTimeout(() => frame(task), 150)
    }}""")
    for number in range(60):
        source.stream({"x": [50.0 + number], "y": [1.0]})
        session.store_objects(source)
    page.wait_for_function(f"{SOURCE}.data.x.length == 110 && {SOURCE}.data.x[109] == 109")
    assert 1 <= page.evaluate("signals") < 30
    assert complaints == []


def test_a_range_follows_streamed_rows(session: Session, page: Page) -> None:
    plot, source = curve()
    plot.x_range = DataRange1d(follow="end", follow_interval=10)
    publish(session, plot)
    show(page, session)
    source.stream({"x": [500.0], "y": [1.0]})
    session.store_objects(source)
    page.wait_for_function(f"() => ({NAMED})('plot').x_range.end >= 500")


CELLS = """() => {
  const found = []
  const walk = (node) => {
    for (const element of node.querySelectorAll("*")) {
      if (element.classList.contains("slick-row")) found.push(element.innerText.replace(/\\s+/g, " "))
      if (element.shadowRoot) walk(element.shadowRoot)
    }
  }
  walk(document)
  return found
}"""


def test_a_table_shows_rows_that_were_rolled_and_patched(session: Session, page: Page) -> None:
    source = ColumnDataSource({"x": np.arange(5.0)})
    publish(session, DataTable(source=source, columns=[TableColumn(field="x")], height=200))
    show(page, session)
    page.wait_for_function(f"() => ({CELLS})()[0] == '0 0'")
    source.stream({"x": [5.0]}, rollover=5)
    session.store_objects(source)
    page.wait_for_function(f"() => ({CELLS})()[0] == '0 1'")
    source.patch({"x": [(0, 42.0)]})
    session.store_objects(source)
    page.wait_for_function(f"() => ({CELLS})()[0] == '0 42'")


def test_scripts_of_a_document_may_push_to_lists_and_later_rows_still_fit(
    session: Session, page: Page
) -> None:
    source = ColumnDataSource({"n": [1, 2], "text": ["a", None]}, name="source")
    push = CustomJS(args={"s": source}, code="s.data.n.push(9); s.data.text.push('mine'); s.change.emit()")
    button = Button(label="push")
    button.js_on_event("button_click", push)
    publish(session, column(button), source)
    show(page, session)
    page.get_by_role("button", name="push").click()
    page.wait_for_function(f"{SOURCE}.data.n.length == 3")
    source.stream({"n": [3], "text": ["b"]})
    session.store_objects(source)
    page.wait_for_function(f"""JSON.stringify({SOURCE}.data) == '{{"n":[1,2,3],"text":["a",null,"b"]}}'""")


def test_images_have_buffers_of_their_own_as_glyphs_need(session: Session, page: Page) -> None:
    plot = figure(width=300, height=200)
    images = [np.full((2, 3), k, dtype="u4") for k in (1, 2)]
    source = ColumnDataSource({"image": images, "x": [0, 1], "cube": np.zeros((2, 4, 5))}, name="source")
    plot.image_rgba("image", x="x", y=0, dw=1, dh=1, source=source)
    publish(session, plot)
    show(page, session)
    source.data = {"image": [*images, images[0]], "x": [0, 1, 2], "cube": np.zeros((3, 4, 5))}
    session.store_objects(source)
    page.wait_for_function(f"{SOURCE}.data.image.length == 3")
    lengths = page.evaluate(f"[...{SOURCE}.data.image, {SOURCE}.data.cube].map((a) => a.buffer.byteLength)")
    assert lengths == [24, 24, 24, 3 * 4 * 5 * 8]
    assert page.evaluate(f"{SOURCE}.data.cube.shape") == [3, 4, 5]


def test_a_document_that_begins_to_use_widgets_gets_their_scripts(session: Session, page: Page) -> None:
    plot, _ = curve()
    document = publish(session, plot)
    show(page, session)
    assert not page.evaluate("[...document.scripts].some((script) => script.src.includes('bokeh-widgets'))")
    document.add_root(Slider(start=0, end=1, value=0.5, title="new here"))
    session.store_document(document)
    page.wait_for_selector("text=new here")


def test_renamed_columns_and_their_glyph_change_together(session: Session, page: Page) -> None:
    plot, source = curve()
    document = publish(session, plot)
    show(page, session)
    source.data = {"t": np.arange(7.0), "v": np.ones(7)}
    plot.renderers = []
    plot.line("t", "v", source=source)
    session.store_document(document)
    page.wait_for_function(f"Object.keys({SOURCE}.data).join() == 't,v'")


def test_a_rerun_leaves_nothing_behind_and_keeps_the_place(session: Session, page: Page) -> None:
    publish(session, figure(width=300, height=3000))
    show(page, session)
    page.evaluate("scrollTo(0, 900)")
    title = session.document_link()
    for number in range(5):
        session.use_doc(docid=session.docid, clear=True)
        publish(session, figure(width=300, height=3000, name=f"run{number}"))
    assert session.document_link() == title
    page.wait_for_function(f"() => ({NAMED})('run4') && [...Bokeh.index].some((v) => v.model.name == 'run4')")
    assert page.evaluate("Bokeh.documents.length") == 1
    assert page.evaluate("[...Bokeh.index].filter((view) => view.model.type == 'Figure').length") == 1
    page.wait_for_function("scrollY == 900")


NOTE_NOTICES = """() => {
  window.notices = []
  new MutationObserver(() => {
    notices.push(document.getElementById("bokeh-wsgi-notice")?.textContent ?? "")
  }).observe(document.body, {subtree: true, childList: true, characterData: true})
}"""


def test_a_change_that_cannot_be_shown_is_told_and_the_document_begins_anew(
    session: Session, page: Page
) -> None:
    plot, _ = curve(title=Title(text="before"))
    document = publish(session, plot)
    show(page, session)
    page.evaluate(NOTE_NOTICES)
    page.evaluate("() => { Bokeh.documents[0].apply_json_patch = () => { throw new Error('on purpose') } }")
    plot.title = Title(text="after")
    session.store_document(document)
    # It is there for a moment only.
    page.wait_for_function("() => notices.some((text) => text.includes('on purpose'))")
    page.wait_for_function(f"() => ({NAMED})('plot')?.title.text == 'after'")
    page.wait_for_selector("#bokeh-wsgi-notice", state="detached")
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")


def test_a_page_of_a_model_that_goes_says_so_and_shows_it_when_it_is_back(
    session: Session, page: Page
) -> None:
    plot, _ = curve()
    document = publish(session, plot, figure(name="other"))
    show(page, session, "plot")
    page.wait_for_selector(".bk-Figure")
    document.remove_root(plot)
    session.store_document(document)
    page.wait_for_selector("#bokeh-wsgi-notice:has-text('“plot”')")
    page.wait_for_selector(".bk-Figure", state="detached")
    document.add_root(curve()[0])
    session.store_document(document)
    page.wait_for_selector("#bokeh-wsgi-notice", state="detached")
    page.wait_for_selector(".bk-Figure")


def test_a_source_alone_is_nothing_to_look_at_and_the_page_says_so(session: Session, page: Page) -> None:
    publish(session, curve()[0])
    show(page, session, "source")
    page.wait_for_selector("#bokeh-wsgi-notice:has-text('“source” is part of this document')")


def test_a_hidden_page_goes_on(session: Session, page: Page) -> None:
    plot, source = curve()
    document = publish(session, plot)
    show(page, session)
    page.evaluate("""() => {
      Object.defineProperty(document, "hidden", {get: () => true})
      window.requestAnimationFrame = () => 0
    }""")
    document.title = "still here"
    source.stream({"x": [50.0], "y": [1.0]})
    session.store_document(document)
    told = f"{SOURCE}.data.x.length == 51 && document.title == 'still here'"
    page.wait_for_function(told, polling=50)


def test_a_page_that_may_not_read_any_more_says_so(session: Session, page: Page) -> None:
    publish(session, curve()[0])
    page.route("**/changes?*", lambda route: route.fulfill(status=401))
    page.goto(session.document_link())
    page.wait_for_selector("#bokeh-wsgi-state[data-state=ended]")
    page.wait_for_selector("#bokeh-wsgi-notice:has-text('Reload the page')")


def test_the_probe_tells_exact_values(session: Session, page: Page) -> None:
    values: dict[str, Any] = {
        "f": np.array([np.nan, -0.0]),
        "n": [-0.0, float("inf")],
        "t": [("a", "b"), ("c", "d")],
    }
    source = ColumnDataSource(values, name="source")
    publish(session, source)
    show(page, session)
    columns = page.evaluate("([doc, id]) => bokehWSGI.columns(doc, id)", [session.docid, source.id])
    assert columns == {
        "f": {"kind": "float64", "shape": [2], "base64": "AAAAAAAA+H8AAAAAAAAAgA=="},
        "n": {"kind": "array", "shape": [2], "items": [{"number": "-0"}, {"number": "Infinity"}]},
        "t": {"kind": "array", "shape": [2], "items": [["a", "b"], ["c", "d"]]},
    }
