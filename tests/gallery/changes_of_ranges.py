"""Ranges, scales and axes of plots that are changed."""

from collections.abc import Iterator

from bokeh.layouts import row
from bokeh.model import Model

from .change_registry import ROWS, WIDTH, bars, kind, m, plot, points


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
