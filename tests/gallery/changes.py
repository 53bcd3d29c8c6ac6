"""Kinds of changes that a script makes to what pages show: each gives a root, and then changes it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from bokeh import models
from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.model import Model
from bokeh.plotting import figure
from bokeh.themes import Theme
from bokeh.transform import factor_cmap, linear_cmap, log_cmap

m: Any = models
"""Of any type: Bokeh's own hints know less of what models take than Bokeh does."""
Kind = Callable[[], Iterator[Model]]
"""A generator: of a root as it is at first; when it goes on, it changes that."""
KINDS: dict[str, Kind] = {}
WHOLE: dict[str, Callable[[Document], None]] = {}
"""Changes of a document as a whole."""

WIDTH, HEIGHT = 400, 150
PALETTE = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"]
ROWS = np.arange(5.0)


def kind(build: Kind) -> Kind:
    KINDS[build.__name__] = build
    return build


def whole(change: Callable[[Document], None]) -> Callable[[Document], None]:
    WHOLE[change.__name__] = change
    return change


def plot(**attributes: Any) -> Any:
    given: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "toolbar_location": None, "tools": ""}
    return figure(**{**given, **attributes})


def points(**attributes: Any) -> tuple[Any, Any]:
    """A plot, and a renderer in it."""
    made = plot(**attributes)
    source = m.ColumnDataSource({"x": ROWS, "y": ROWS**2, "z": ROWS[::-1]})
    return made, made.scatter("x", "y", size=12, source=source)


def bars() -> tuple[Any, Any]:
    made = plot(x_range=["a", "b"], y_range=(0, 6))
    return made, made.vbar(x=["a", "b"], top=[5, 1], width=0.9)


# Ranges and scales


@kind
def other_factors_and_their_rows() -> Iterator[Model]:
    made, renderer = bars()
    yield made
    made.x_range = m.FactorRange(factors=["b", "c", "a"])
    data = renderer.data_source.data
    renderer.data_source.data = {**data, "x": ["a", "b", "c"], "top": [5, 1, 3]}


@kind
def another_x_range() -> Iterator[Model]:
    made, _ = points(x_range=(0, 10))
    yield made
    made.x_range = m.Range1d(1, 4)


@kind
def a_computed_range_instead_of_a_fixed_one() -> Iterator[Model]:
    made, _ = points(y_range=(-50, 50))
    yield made
    made.y_range = plot().y_range


@kind
def a_range_that_changes_after_it_was_replaced() -> Iterator[Model]:
    made, _ = points(x_range=(0, 10))
    yield made
    made.x_range = m.Range1d(1, 4)
    made.x_range.end = 3


@kind
def categories_instead_of_numbers() -> Iterator[Model]:
    made, renderer = points(x_range=(0, 10))
    yield made
    made.x_range = m.FactorRange(factors=list("edcba"))
    made.x_scale = m.CategoricalScale()
    renderer.data_source.data = {**renderer.data_source.data, "x": list("abcde")}


@kind
def another_y_scale() -> Iterator[Model]:
    made, _ = points(y_range=(0.5, 20))
    yield made
    made.y_scale = m.LogScale()


@kind
def a_linear_scale_of_a_computed_range() -> Iterator[Model]:
    made, _ = points(y_axis_type="log")
    yield made
    made.y_scale = m.LinearScale()


@kind
def a_logarithmic_axis_instead_of_a_linear_one() -> Iterator[Model]:
    made, _ = points(y_range=(0.5, 20))
    yield made
    made.y_scale = m.LogScale()
    made.left = [m.LogAxis()]


@kind
def another_extra_range() -> Iterator[Model]:
    made, renderer = points(y_range=(0, 20))
    made.extra_y_ranges = {"more": m.Range1d(0, 100)}
    made.add_layout(m.LinearAxis(y_range_name="more"), "right")
    made.line("x", "y", source=renderer.data_source, y_range_name="more")
    yield made
    made.extra_y_ranges = {"more": m.Range1d(0, 30)}


@kind
def a_second_axis_with_its_range() -> Iterator[Model]:
    made, renderer = points(y_range=(0, 20))
    yield made
    made.extra_y_ranges = {"more": m.Range1d(0, 100)}
    made.add_layout(m.LinearAxis(y_range_name="more"), "right")
    made.line("x", "y", source=renderer.data_source, y_range_name="more")


@kind
def an_extra_scale() -> Iterator[Model]:
    made, _ = points(y_range=(0, 20))
    made.extra_y_ranges = {"more": m.Range1d(1, 100)}
    made.extra_y_scales = {"more": m.LinearScale()}
    made.add_layout(m.LinearAxis(y_range_name="more"), "right")
    yield made
    made.extra_y_scales = {"more": m.LogScale()}


@kind
def ranges_linked() -> Iterator[Model]:
    first, _ = points(x_range=(0, 10), width=WIDTH // 2)
    second, _ = points(x_range=(-5, 5), width=WIDTH // 2)
    yield row(first, second)
    second.x_range = first.x_range
    first.x_range.end = 4


@kind
def a_plot_with_a_shared_computed_range_taken_out() -> Iterator[Model]:
    first, _ = points(width=WIDTH // 2)
    second, renderer = points(width=WIDTH // 2, x_range=first.x_range)
    renderer.data_source.data["x"] = ROWS + 20
    layout = row(first, second)
    yield layout
    layout.children = [first]


@kind
def a_renderer_moved_to_another_range() -> Iterator[Model]:
    made, renderer = points(y_range=(0, 20))
    made.extra_y_ranges = {"more": m.Range1d(0, 100)}
    made.add_layout(m.LinearAxis(y_range_name="more"), "right")
    yield made
    renderer.y_range_name = "more"


# Renderers and glyphs


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


# Axes and grids


@kind
def another_ticker() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.xaxis.ticker = m.FixedTicker(ticks=[0, 1, 3])


@kind
def other_ticks_of_a_ticker() -> Iterator[Model]:
    made, _ = points()
    made.xaxis.ticker = m.FixedTicker(ticks=[0, 1, 3])
    yield made
    made.xaxis.ticker.ticks = [1, 2]


@kind
def another_formatter() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.xaxis.formatter = m.PrintfTickFormatter(format="%3.2f m")
    made.yaxis.formatter = m.NumeralTickFormatter(format="0.0a")


@kind
def another_code_of_a_formatter() -> Iterator[Model]:
    made, _ = points()
    made.xaxis.formatter = m.CustomJSTickFormatter(code="return 'a' + tick")
    yield made
    made.xaxis.formatter.code = "return 'b' + tick"


@kind
def another_axis() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.below = [m.LinearAxis(axis_label="new", ticker=m.AdaptiveTicker(desired_num_ticks=2))]


@kind
def an_axis_taken_out() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.left = []


@kind
def other_labels_of_an_axis() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.xaxis.axis_label = "a label"
    made.xaxis.major_label_overrides = {2: "two"}
    made.yaxis.major_label_orientation = 1.0


@kind
def a_grid_with_another_ticker_and_axis() -> Iterator[Model]:
    made, _ = points(y_range=(0.5, 20))
    yield made
    made.ygrid.ticker = m.LogTicker()
    made.xgrid.axis = None
    made.xgrid.ticker = m.FixedTicker(ticks=[1])


# Annotations


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


# Tools


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


# Layouts and widgets


@kind
def children_of_a_row() -> Iterator[Model]:
    first, second, third = (plot(width=100 + 20 * number) for number in range(3))
    for number, one in enumerate((first, second, third)):
        one.line(ROWS, ROWS * (number - 1))
    layout = row(first, second)
    yield layout
    layout.children = [third, first]


@kind
def glyphs_of_neighbours_of_a_table() -> Iterator[Model]:
    source = m.ColumnDataSource({"x": list("abc"), "y": [1, 2, 3]})
    table = m.DataTable(source=source, columns=[m.TableColumn(field="x", title="x")], width=100, height=100)
    (first, one), (second, two) = points(width=140), points(width=140)
    yield row(first, table, second)
    one.glyph = m.VBar(x="x", top="y", width=0.5)
    two.glyph = m.Scatter(x="x", y="y", size=5)


@kind
def children_of_a_row_and_a_glyph_in_it() -> Iterator[Model]:
    (first, one), (second, _) = points(width=140), points(width=120)
    layout = row(first, second)
    yield layout
    one.glyph = m.VBar(x="x", top="y", width=0.5)
    layout.children = [points(width=100)[0], *layout.children]


@kind
def children_of_a_nested_layout() -> Iterator[Model]:
    inner = column(m.Div(text="one"), m.Div(text="two"))
    made, _ = points(width=200)
    yield row(inner, made, height=HEIGHT)
    inner.children = [m.Div(text="three"), *inner.children[::-1]]


@kind
def children_of_a_grid() -> Iterator[Model]:
    first, second = m.Div(text="one"), m.Div(text="two")
    grid = m.GridBox(children=[(first, 0, 0), (second, 0, 1)], height=HEIGHT)
    yield grid
    grid.children = [(second, 0, 0), (m.Div(text="three"), 1, 1)]


@kind
def another_child_of_a_box() -> Iterator[Model]:
    box = m.GroupBox(child=m.Div(text="one"), title="box", height=HEIGHT - 20)
    yield box
    box.child = m.Div(text="two")


@kind
def a_tab_added() -> Iterator[Model]:
    made, _ = points(height=HEIGHT - 50)
    tabs = m.Tabs(tabs=[m.TabPanel(child=made, title="one")], height=HEIGHT)
    yield tabs
    tabs.tabs = [*tabs.tabs, m.TabPanel(child=m.Div(text="two"), title="two")]
    tabs.active = 1


@kind
def another_child_and_title_of_a_tab() -> Iterator[Model]:
    tabs = m.Tabs(tabs=[m.TabPanel(child=m.Div(text="one"), title="one")], height=HEIGHT)
    yield tabs
    tabs.tabs[0].title = "another"
    tabs.tabs[0].child = m.Div(text="two")


@kind
def values_in_a_tab_that_is_not_open() -> Iterator[Model]:
    slider = m.Slider(start=0, end=10, value=1, title="slider")
    panels = [
        m.TabPanel(child=m.Div(text="one"), title="one"),
        m.TabPanel(child=slider, title="two"),
    ]
    tabs = m.Tabs(tabs=panels, height=HEIGHT)
    yield tabs
    slider.value = 7
    tabs.active = 1


@kind
def values_of_widgets() -> Iterator[Model]:
    slider = m.Slider(start=0, end=10, value=1, title="slider")
    select = m.Select(options=["a", "b"], value="a")
    yield column(slider, select, height=HEIGHT)
    slider.end, slider.value = 20, 15
    select.options, select.value = ["c", "d"], "d"


@kind
def another_description_of_a_widget() -> Iterator[Model]:
    select = m.Select(options=["a", "b"], title="select")
    yield column(select, height=HEIGHT)
    select.description = m.Tooltip(content="what it is", position="right")


@kind
def a_table_added() -> Iterator[Model]:
    layout = column(m.Div(text="table"), height=HEIGHT)
    yield layout
    source = m.ColumnDataSource({"x": list("abc"), "y": [1, 2, 3]})
    table = m.DataTable(source=source, columns=[m.TableColumn(field="x", title="x")], width=300, height=100)
    layout.children = [*layout.children, table]


@kind
def other_columns_and_source_of_a_table() -> Iterator[Model]:
    source = m.ColumnDataSource({"x": list("abc"), "y": [1, 2, 3]})
    table = m.DataTable(
        source=source, columns=[m.TableColumn(field="x", title="x")], width=300, height=HEIGHT
    )
    yield table
    table.columns = [m.TableColumn(field="y", title="why"), *table.columns]
    table.source = m.ColumnDataSource({"x": list("de"), "y": [7, 8]})


# Values


@kind
def another_title_of_a_tab() -> Iterator[Model]:
    panels = [
        m.TabPanel(child=m.Div(text="one"), title="one"),
        m.TabPanel(child=m.Div(text="two"), title="two"),
    ]
    yield m.Tabs(tabs=panels, height=HEIGHT)
    panels[0].title = "another"
    panels[0].closable = True
    panels[1].disabled = True


@kind
def another_place_of_tabs() -> Iterator[Model]:
    tabs = m.Tabs(tabs=[m.TabPanel(child=m.Div(text="one"), title="one")], height=HEIGHT)
    yield tabs
    tabs.tabs_location = "left"


@kind
def other_values_of_a_legend() -> Iterator[Model]:
    made, renderer = points()
    legend = m.Legend(items=[m.LegendItem(label=name, renderers=[renderer]) for name in ("one", "two")])
    made.add_layout(legend)
    yield made
    legend.location = "bottom_left"
    legend.orientation = "horizontal"
    legend.title = "legend"
    legend.items[0].visible = False


@kind
def other_values_of_a_colour_bar() -> Iterator[Model]:
    made, _ = points()
    bar = m.ColorBar(color_mapper=m.LinearColorMapper(PALETTE, low=0, high=16), width=10)
    made.add_layout(bar, "right")
    yield made
    bar.width = 20
    bar.title = "bar"
    bar.major_label_overrides = {10: "ten"}


@kind
def other_places_of_axes_and_grids() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.yaxis.fixed_location = 2
    made.xaxis.visible = False
    made.ygrid.band_fill_color = "beige"
    made.xgrid.grid_line_dash = "dashed"


@kind
def an_axis_of_another_range() -> Iterator[Model]:
    made, _ = points(y_range=(0, 20))
    made.extra_y_ranges = {"more": m.Range1d(0, 100)}
    made.add_layout(m.LinearAxis(), "right")
    yield made
    made.right[0].y_range_name = "more"


@kind
def the_width_of_a_plot() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.width = 300


@kind
def the_height_of_a_frame() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.frame_height = 80


@kind
def the_text_of_a_title() -> Iterator[Model]:
    made, _ = points()
    yield made
    made.title.text = "title"


@kind
def the_place_of_a_title() -> Iterator[Model]:
    made, _ = points(title="title")
    yield made
    made.title.align = "center"


@kind
def renderers_hidden_and_muted() -> Iterator[Model]:
    made, renderer = points()
    line = made.line("x", "z", source=renderer.data_source, muted_color="red", muted_alpha=1)
    yield made
    renderer.visible = False
    line.muted = True


@kind
def values_of_layouts() -> Iterator[Model]:
    layout = row(m.Div(text="one"), m.Div(text="two"), height=HEIGHT)
    yield layout
    layout.spacing = 40
    layout.children[0].styles = {"color": "red"}
    layout.children[1].stylesheets = [":host { font-size: 20px; }"]


@kind
def labels_of_widgets() -> Iterator[Model]:
    button, group, text = m.Button(label="one"), m.RadioGroup(labels=["a", "b"]), m.TextInput(title="one")
    yield column(button, group, text, height=HEIGHT)
    button.label = "two"
    button.button_type = "success"
    group.labels = ["a", "b", "c"]
    group.active = 2
    text.title = "two"
    text.placeholder = "nothing"


@kind
def icons_and_buttons() -> Iterator[Model]:
    button, toggles = m.Button(label="one"), m.CheckboxButtonGroup(labels=["a", "b"])
    yield column(button, toggles, height=HEIGHT)
    button.icon = m.BuiltinIcon(icon_name="x")
    toggles.labels = ["c"]
    toggles.active = [0]


@kind
def values_of_a_table() -> Iterator[Model]:
    source = m.ColumnDataSource({"x": list("abc"), "y": [1, 2, 3]})
    columns = [m.TableColumn(field=name, title=name) for name in "xy"]
    table = m.DataTable(source=source, columns=columns, width=300, height=120)
    yield table
    columns[0].title = "other"
    columns[1].visible = False
    table.index_position = None


@kind
def values_of_a_slider() -> Iterator[Model]:
    slider = m.Slider(start=0, end=10, value=1, title="slider")
    ranges = m.RangeSlider(start=0, end=10, value=(1, 2), title="range")
    yield column(slider, ranges, height=HEIGHT)
    slider.title, slider.bar_color, slider.format = "other", "red", "0.00"
    ranges.value, ranges.show_value = (3, 9), False


@kind
def values_of_a_box() -> Iterator[Model]:
    box = m.GroupBox(child=m.Div(text="one"), title="box", height=HEIGHT - 20)
    yield box
    box.title = "other"
    box.checkable = True


# The document


@whole
def a_theme(document: Document) -> None:
    attributes = {"Plot": {"background_fill_color": "#eeeeff"}, "Axis": {"axis_line_color": "red"}}
    document.theme = Theme(json={"attrs": attributes})


@whole
def a_root_added(document: Document) -> None:
    document.add_root(points()[0])


@whole
def a_root_taken_out(document: Document) -> None:
    document.remove_root(document.roots[1])


@whole
def roots_in_another_order(document: Document) -> None:
    first = document.roots[0]
    document.remove_root(first)
    document.add_root(first)
