"""What a page computes or fetches for itself is not told to anybody."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bokeh.models import AjaxDataSource, WMTSTileSource
from bokeh.plotting import figure

from bokeh_wsgi.dataplane import Op, OpCode
from tests.browser.conftest import LiveServer
from tests.browser.test_edits import Room, drag, place
from tests.browser.windows import Windows

SHARE_VIEW = Op(OpCode.PATCH, json='{"events": [], "share_view": true}')
WIDE = {"width": 900, "height": 500}


@pytest.fixture
def room(windows: Windows, memory_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Room]:
    room = Room(windows, memory_server, request.node.name)
    yield room
    room.close()


def test_a_range_that_follows_the_data_is_computed_by_each_page_of_a_shared_view(room: Room) -> None:
    plot = figure(width=300, height=200)
    source = plot.line([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]).data_source
    room.publish(plot)
    room.upload(SHARE_VIEW)
    first, other = room.open(), room.open()
    source.stream({"x": [100.0], "y": [100.0]})  # type: ignore[attr-defined]
    room.session.store_objects(source)
    for page in (first, other):
        room.until(lambda page=page: room.in_page(page, plot.x_range, "model.end") > 100)  # type: ignore[misc]
    room.rest(0.3)
    assert room.sent == []


def test_pages_of_different_sizes_do_not_fight_over_a_map_of_a_shared_view(room: Room) -> None:
    ranges: Any = {"x_range": (-2e6, 6e6), "y_range": (-1e6, 7e6)}
    plot = figure(height=250, sizing_mode="stretch_width", tools="pan", **ranges)
    plot.add_tile(WMTSTileSource(url="data:,{X}{Y}{Z}"))
    room.publish(plot)
    seq = room.state().seq
    first = room.open()
    room.rest(0.3)
    assert room.sent == []
    room.upload(SHARE_VIEW)
    other = room.open()
    other.set_viewport_size(WIDE)  # type: ignore[arg-type]
    room.rest(0.5)
    assert room.sent == []
    assert room.state().seq == seq + 1
    middle = np.mean(room.in_page(other, plot.y_range, "[model.start, model.end]"))
    drag(first, place(first, plot, 2e6, 3e6), place(first, plot, 2e6, 5e6))
    room.until(lambda: np.mean(room.in_page(other, plot.y_range, "[model.start, model.end]")) != middle)
    # Once nobody moves it any more there is rest.
    room.rest(1.5)
    sent = len(room.sent)
    room.rest(0.7)
    assert len(room.sent) == sent


def test_columns_that_each_page_fetches_are_its_own(room: Room) -> None:
    fetched = "data:application/json,%7B%22x%22:%5B1,2%5D,%22y%22:%5B3,4%5D%7D"
    source = AjaxDataSource(
        data_url=fetched, polling_interval=100, method="GET", data={"x": [0, 1], "y": [0, 1]}, name="source"
    )
    plot = figure(width=300, height=200)
    plot.line("x", "y", source=source)
    room.publish(plot)
    page = room.open()
    room.until(lambda: room.in_page(page, source, "Array.from(model.data.y)") == [3, 4])
    room.rest(0.3)
    assert room.sent == []
    assert room.column(source, "y") == [0, 1]
