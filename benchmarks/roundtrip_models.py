"""What both sides of the round trip show, and what their callback does."""

from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets.markups import Div
from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure

ROWS = 200
X = np.linspace(0, 6, ROWS)


def add_models(document: Document) -> Any:
    """Adds slider, answer and curve to the document; returns the slider."""
    slider = Slider(start=0, end=1_000_000, value=0, name="slider")
    source = ColumnDataSource({"x": X, "y": np.zeros(ROWS)}, name="curve")
    plot = figure(width=300, height=200)
    plot.line("x", "y", source=source)
    for root in (slider, Div(text="0", name="answer"), plot):
        document.add_root(root)
    return slider


def answer(document: Document, value: int) -> None:
    source: Any = document.get_model_by_name("curve")
    told: Any = document.get_model_by_name("answer")
    source.data["y"] = np.sin(X * value)
    told.text = str(value)
