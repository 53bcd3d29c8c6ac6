"""What a page computes or fetches for itself is not told to anybody."""

from typing import Any

import numpy as np
from bokeh.models import AjaxDataSource, WMTSTileSource
from bokeh.plotting import figure

from bokeh_wsgi.dataplane import Op, OpCode
from tests.browser.shared_document import SharedDocument, drag, place

SHARE_VIEW = Op(OpCode.PATCH, json='{"events": [], "share_view": true}')
WIDE = {"width": 900, "height": 500}


def test_a_range_that_follows_the_data_is_computed_by_each_page_of_a_shared_view(
    shared: SharedDocument,
) -> None:
    plot = figure(width=300, height=200)
    source = plot.line([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]).data_source
    shared.publish(plot)
    shared.upload(SHARE_VIEW)
    first, other = shared.open(), shared.open()
    source.stream({"x": [100.0], "y": [100.0]})  # type: ignore[attr-defined]
    shared.session.store_objects(source)
    for page in (first, other):
        shared.until(lambda page=page: shared.in_page(page, plot.x_range, "model.end") > 100)  # type: ignore[misc]
    shared.rest(0.3)
    assert shared.sent == []


def test_pages_of_different_sizes_do_not_fight_over_a_map_of_a_shared_view(shared: SharedDocument) -> None:
    ranges: Any = {"x_range": (-2e6, 6e6), "y_range": (-1e6, 7e6)}
    plot = figure(height=250, sizing_mode="stretch_width", tools="pan", **ranges)
    plot.add_tile(WMTSTileSource(url="data:,{X}{Y}{Z}"))
    shared.publish(plot)
    seq = shared.state().seq
    first = shared.open()
    shared.rest(0.3)
    assert shared.sent == []
    shared.upload(SHARE_VIEW)
    other = shared.open()
    other.set_viewport_size(WIDE)  # type: ignore[arg-type]
    shared.rest(0.5)
    assert shared.sent == []
    assert shared.state().seq == seq + 1
    middle = np.mean(shared.in_page(other, plot.y_range, "[model.start, model.end]"))
    drag(first, place(first, plot, 2e6, 3e6), place(first, plot, 2e6, 5e6))
    shared.until(lambda: np.mean(shared.in_page(other, plot.y_range, "[model.start, model.end]")) != middle)
    # Once nobody moves it any more there is rest.
    shared.rest(1.5)
    sent = len(shared.sent)
    shared.rest(0.7)
    assert len(shared.sent) == sent


def test_columns_that_each_page_fetches_are_its_own(shared: SharedDocument) -> None:
    fetched = "data:application/json,%7B%22x%22:%5B1,2%5D,%22y%22:%5B3,4%5D%7D"
    source = AjaxDataSource(
        data_url=fetched, polling_interval=100, method="GET", data={"x": [0, 1], "y": [0, 1]}, name="source"
    )
    plot = figure(width=300, height=200)
    plot.line("x", "y", source=source)
    shared.publish(plot)
    page = shared.open()
    shared.until(lambda: shared.in_page(page, source, "Array.from(model.data.y)") == [3, 4])
    shared.rest(0.3)
    assert shared.sent == []
    assert shared.column(source, "y") == [0, 1]
