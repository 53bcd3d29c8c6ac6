"""Frames of notebooks are as large as what they show."""

from typing import Any

import pytest
from bokeh.layouts import column, gridplot, row
from bokeh.models import TabPanel, Tabs
from bokeh.models.widgets.groups import RadioGroup
from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure

from bokeh_wsgi.client.show.frame_size import size_of


def plot(width: int = 300, height: int = 200) -> Any:
    return figure(width=width, height=height)


CASES: dict[str, tuple[Any, tuple[int, int]]] = {
    "a plot": (plot, (300, 200)),
    "a plot that says nothing": (figure, (600, 600)),
    "a slider": (lambda: Slider(start=0, end=1, value=0), (300, 60)),
    "below each other": (lambda: column(Slider(start=0, end=1, value=0), plot()), (300, 270)),
    "beside each other": (lambda: row(plot(), plot(200, 300)), (510, 300)),
    "a layout that says how wide": (lambda: column(plot(), width=700), (700, 200)),
    "a grid": (lambda: gridplot([[plot(), plot()], [plot(), None]]), (600, 440)),
    "tabs": (lambda: Tabs(tabs=[TabPanel(child=plot()), TabPanel(child=plot(400, 100))]), (400, 240)),
    "choices": (lambda: RadioGroup(labels=["a", "b", "c"]), (300, 96)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_frame_is_as_large_as_what_it_shows(case: str) -> None:
    make, size = CASES[case]
    assert size_of(make()) == size
