"""Annotations and tools of plots that are changed."""

from collections.abc import Iterator

from bokeh.model import Model
from bokeh.transform import linear_cmap

from .change_registry import PALETTE, ROWS, kind, m, points


@kind
def a_label_added() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.add_layout(m.Label(x=1, y=9, text="added"))


@kind
def a_colour_bar_added() -> Iterator[Model]:
    made, renderer = points()
    renderer.glyph.fill_color = linear_cmap("y", PALETTE, 0, 16)
    yield made
    made.add_layout(m.ColorBar(color_mapper=renderer.glyph.fill_color.transform, width=10), "right")


@kind
def another_mapper_of_a_colour_bar() -> Iterator[Model]:
    made, _ = points()
    bar = m.ColorBar(color_mapper=m.LinearColorMapper(PALETTE, low=0, high=16), width=10)
    made.add_layout(bar, "right")
    yield made
    bar.color_mapper = m.LinearColorMapper(PALETTE[::-1], low=-5, high=5)


@kind
def another_ticker_and_title_of_a_colour_bar() -> Iterator[Model]:
    made, _ = points()
    bar = m.ColorBar(color_mapper=m.LinearColorMapper(PALETTE, low=0, high=16), width=10)
    made.add_layout(bar, "right")
    yield made
    bar.ticker = m.FixedTicker(ticks=[0, 16])
    bar.title = "bar"


@kind
def another_palette_of_a_colour_bar() -> Iterator[Model]:
    made, _ = points()
    bar = m.ColorBar(color_mapper=m.LinearColorMapper(PALETTE, low=0, high=16), width=10)
    made.add_layout(bar, "right")
    yield made
    bar.color_mapper.palette = PALETTE[::-1]
    bar.color_mapper.high = 32


@kind
def a_legend_added() -> Iterator[Model]:
    made, renderer = points()
    yield made
    made.add_layout(m.Legend(items=[m.LegendItem(label="points", renderers=[renderer])]))


@kind
def other_items_of_a_legend() -> Iterator[Model]:
    made, renderer = points()
    legend = m.Legend(items=[m.LegendItem(label="points", renderers=[renderer])])
    made.add_layout(legend)
    yield made
    line = made.line("x", "z", source=renderer.data_source, line_width=3)
    legend.items = [m.LegendItem(label="line", renderers=[line]), *legend.items]


@kind
def a_renderer_with_a_legend_label_added() -> Iterator[Model]:
    made, renderer = points()
    made.line("x", "y", source=renderer.data_source, legend_label="first")
    yield made
    made.line("x", "z", source=renderer.data_source, legend_label="second", line_width=3)


@kind
def other_renderers_and_label_of_a_legend_item() -> Iterator[Model]:
    made, renderer = points()
    line = made.line("x", "z", source=renderer.data_source, line_width=3)
    item = m.LegendItem(label="points", renderers=[renderer])
    made.add_layout(m.Legend(items=[item]))
    yield made
    item.renderers = [line]
    item.label = {"value": "line"}


@kind
def another_title() -> Iterator[Model]:
    made, _ = points(title="before")
    yield made
    made.title = m.Title(text="after", text_color="red")


@kind
def a_title_where_there_was_none() -> Iterator[Model]:
    made, _ = points()
    made.title = None
    yield made
    made.title = "after"


@kind
def no_title_any_more() -> Iterator[Model]:
    made, _ = points(title="before")
    yield made
    made.title = None


@kind
def another_text_and_place_of_a_title() -> Iterator[Model]:
    made, _ = points(title="before")
    yield made
    made.title.text = "after"
    made.title_location = "below"


@kind
def spans_and_boxes_added() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.add_layout(m.Span(dimension="width", location=4))
    made.add_layout(m.BoxAnnotation(left=1, right=2))
    made.add_layout(m.Slope(gradient=2, y_intercept=1))


@kind
def other_heads_of_an_arrow() -> Iterator[Model]:
    made, _ = points()
    arrow = m.Arrow(x_start=0, y_start=0, x_end=3, y_end=10, end=m.OpenHead(), start=m.VeeHead())
    made.add_layout(arrow)
    yield made
    arrow.end = m.NormalHead(fill_color="red")
    arrow.start = None


@kind
def other_sources_of_annotations() -> Iterator[Model]:
    made, _ = points()
    source = m.ColumnDataSource({"x": ROWS, "low": ROWS, "high": ROWS + 5, "text": list("abcde")})
    band = m.Band(base="x", lower="low", upper="high", source=source, fill_color="gray")
    whisker = m.Whisker(base="x", lower="low", upper="high", source=source)
    labels = m.LabelSet(x="x", y="high", text="text", source=source)
    for annotation in (band, whisker, labels):
        made.add_layout(annotation)
    yield made
    other = m.ColumnDataSource({"x": ROWS, "low": ROWS + 2, "high": ROWS * 3, "text": list("vwxyz")})
    for annotation in (band, whisker, labels):
        annotation.source = other
    whisker.upper_head = None


@kind
def tools_added() -> Iterator[Model]:
    made, _ = points(toolbar_location="right")
    yield made
    made.add_tools(m.PanTool(), m.TapTool())


@kind
def another_toolbar() -> Iterator[Model]:
    made, _ = points(toolbar_location="right", tools="pan,box_zoom")
    yield made
    made.toolbar = m.Toolbar(tools=[m.TapTool()], logo=None)


@kind
def another_place_of_the_toolbar() -> Iterator[Model]:
    made, _ = points(toolbar_location="right", tools="pan,box_zoom")
    yield made
    made.toolbar_location = "above"
    made.toolbar_inner = True


@kind
def another_backend() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.output_backend = "svg"


@kind
def colours_and_borders_of_a_plot() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.background_fill_color = "beige"
    made.min_border_left = 80
    made.outline_line_color = "red"
