"""Renderers, glyphs and sources that are changed."""

from collections.abc import Iterator

import numpy as np
from bokeh.model import Model
from bokeh.transform import factor_cmap, linear_cmap, log_cmap

from .change_registry import PALETTE, ROWS, bars, kind, m, plot, points


@kind
def another_glyph() -> Iterator[Model]:
    made, renderer = points()
    yield made
    renderer.glyph = m.Scatter(x="x", y="y", marker="diamond", size=20, fill_color="red")


@kind
def a_glyph_of_another_type() -> Iterator[Model]:
    made, renderer = points()
    yield made
    renderer.glyph = m.VBar(x="x", top="y", width=0.5)


@kind
def another_nonselection_glyph() -> Iterator[Model]:
    made, renderer = points()
    renderer.data_source.selected.indices = [1, 3]
    yield made
    renderer.nonselection_glyph = m.Scatter(x="x", y="y", size=12, fill_color="green")


@kind
def another_selection_glyph() -> Iterator[Model]:
    made, renderer = points()
    renderer.data_source.selected.indices = [1, 3]
    yield made
    renderer.selection_glyph = m.Scatter(x="x", y="y", size=20, fill_color="red")


@kind
def another_muted_glyph() -> Iterator[Model]:
    made, renderer = points()
    renderer.muted = True
    yield made
    renderer.muted_glyph = m.Scatter(x="x", y="y", size=5, fill_color="orange")


@kind
def another_hover_glyph_and_none() -> Iterator[Model]:
    made, renderer = points()
    renderer.hover_glyph = m.Scatter(x="x", y="y", size=5, fill_color="orange")
    yield made
    renderer.hover_glyph = None
    renderer.glyph.size = 7


@kind
def another_data_source() -> Iterator[Model]:
    made, renderer = points()
    yield made
    renderer.data_source = m.ColumnDataSource({"x": ROWS + 2, "y": -ROWS})


@kind
def a_data_source_that_changes_after_it_was_replaced() -> Iterator[Model]:
    made, renderer = points()
    yield made
    renderer.data_source = m.ColumnDataSource({"x": ROWS + 2, "y": -ROWS})
    renderer.data_source.stream({"x": [9.0], "y": [9.0]})


@kind
def another_view() -> Iterator[Model]:
    made, renderer = points()
    yield made
    renderer.view = m.CDSView(filter=m.IndexFilter([0, 2, 4]))


@kind
def another_filter() -> Iterator[Model]:
    made, renderer = points()
    renderer.view = m.CDSView(filter=m.IndexFilter([0, 2, 4]))
    yield made
    renderer.view.filter = m.IndexFilter([1, 2])


@kind
def a_renderer_added() -> Iterator[Model]:
    made, renderer = points()
    yield made
    made.line("x", "z", source=renderer.data_source, line_width=3)


@kind
def a_renderer_taken_out() -> Iterator[Model]:
    made, renderer = points()
    made.line("x", "z", source=renderer.data_source, line_width=3)
    yield made
    made.renderers = made.renderers[1:]


@kind
def renderers_in_another_order() -> Iterator[Model]:
    made, renderer = points()
    made.line("x", "y", source=renderer.data_source, line_width=9, line_color="red")
    yield made
    made.renderers = made.renderers[::-1]


@kind
def another_level() -> Iterator[Model]:
    made, renderer = points()
    made.line("x", "y", source=renderer.data_source, line_width=9, line_color="red")
    yield made
    renderer.level = "overlay"


@kind
def a_colour_mapper() -> Iterator[Model]:
    made, renderer = points()
    yield made
    renderer.glyph.fill_color = linear_cmap("y", PALETTE, 0, 16)


@kind
def another_colour_mapper() -> Iterator[Model]:
    made, renderer = points()
    renderer.glyph.fill_color = linear_cmap("y", PALETTE, 0, 16)
    yield made
    renderer.glyph.fill_color = log_cmap("y", PALETTE[::-1], 1, 16)


@kind
def another_palette() -> Iterator[Model]:
    made, renderer = points()
    renderer.glyph.fill_color = linear_cmap("y", PALETTE, 0, 16)
    yield made
    renderer.glyph.fill_color.transform.palette = PALETTE[::-1]


@kind
def colours_of_factors() -> Iterator[Model]:
    made, renderer = bars()
    yield made
    renderer.glyph.fill_color = factor_cmap("x", ["red", "green"], ["a", "b"])


@kind
def other_columns() -> Iterator[Model]:
    made, renderer = points()
    yield made
    renderer.glyph.x, renderer.glyph.y = "time", "value"
    renderer.data_source.data = {"time": ROWS * 2, "value": -ROWS}


@kind
def another_mapper_of_an_image() -> Iterator[Model]:
    made = plot()
    renderer = made.image([np.arange(12.0).reshape(3, 4)], x=0, y=0, dw=4, dh=3, palette=PALETTE)
    yield made
    renderer.glyph.color_mapper = m.LinearColorMapper(PALETTE[::-1], low=0, high=20)
