"""What a viewer looks at is their own, unless a document shares its view."""

from typing import Any

from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure

from bokeh_wsgi.dataplane import Op, OpCode
from tests.browser.live_server import LiveServer
from tests.browser.shared_document import SharedDocument, drag, drag_slider, in_js, place, points
from tests.browser.windows import Windows


def test_what_a_viewer_looks_at_is_their_own(shared: SharedDocument) -> None:
    plot, _ = points(tools="pan", active_drag="pan")
    auto = figure(width=300, height=200, tools="pan", active_drag="pan")
    auto.line([1, 2, 3], [1, 2, 3])
    shared.publish(plot, auto)
    page, _ = shared.open(), shared.open()
    for moved in (plot, auto):
        x, y = place(page, moved, 2, 2)
        drag(page, (x, y), (x + 50, y + 20))
    shared.rest(0.3)
    assert shared.sent == []


def test_a_shared_view_follows_who_moves_it(windows: Windows, memory_server: LiveServer) -> None:
    shared = SharedDocument(windows, memory_server, "shared view")
    plot, _ = points(tools="pan,reset", active_drag="pan")
    auto = figure(width=300, height=200, tools="pan,reset", active_drag="pan", title="auto")
    line = auto.line([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    shared.publish(plot, auto)
    shared.upload(Op(OpCode.PATCH, json='{"events": [], "share_view": true}'))
    first, other = shared.open(), shared.open()
    shared.rest(0.5)
    assert shared.sent == []
    computed = shared.in_page(first, auto.x_range, "[model.start, model.end]")
    for moved in (plot, auto):
        x, y = place(first, moved, 2, 2)
        drag(first, (x, y), (x + 50, y + 20))
        now = shared.in_page(first, moved.x_range, "[model.start, model.end]")
        shared.until_all(moved.x_range, "[model.start, model.end]", now)
    assert now != computed
    late = shared.open()
    shared.until_all(auto.x_range, "[model.start, model.end]", now)
    # It stays where it was moved to when the data grow.
    source: Any = line.data_source
    source.stream({"x": [100.0], "y": [100.0]})
    shared.session.store_objects(source)
    shared.until_all(source, "model.data.x.length", 4)
    assert shared.in_page(other, auto.x_range, "[model.start, model.end]") == now
    # A reset is one for all: each page computes the range again.
    other.evaluate(f"Bokeh.index.find_one({in_js(auto)}).reset()")
    shared.until(
        lambda: all(shared.in_page(page, auto.x_range, "model.end") > 100 for page in (first, other, late))
    )
    shared.close()


def test_a_page_for_everybody_keeps_to_itself_what_is_done_in_it(shared: SharedDocument) -> None:
    slider = Slider(start=0, end=100, value=1, width=300)
    shared.publish(slider)
    shared.session.publish()
    seq = shared.state().seq
    page = shared.open(query="?public=true")
    drag_slider(page, 100)
    assert shared.in_page(page, slider, "model.value") > 10
    shared.rest(0.3)
    assert shared.sent == []
    assert shared.state().seq == seq
    # It goes on following.
    slider.value = 3
    shared.session.store_objects(slider)
    shared.until_all(slider, "model.value", 3)
