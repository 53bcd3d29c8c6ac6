"""Axes, scales, ranges, tickers and formatters."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from datetime import datetime, timedelta

import numpy as np
from bokeh.layouts import gridplot, row
from bokeh.models import (
    BasicTickFormatter,
    CustomJSTickFormatter,
    DatetimeTickFormatter,
    FactorRange,
    FixedTicker,
    LinearAxis,
    LogAxis,
    NumeralTickFormatter,
    PrintfTickFormatter,
    Range1d,
    SingleIntervalTicker,
)
from bokeh.plotting import figure
from bokeh.transform import dodge

from .registry import Built, document

FRUITS = ["Apples", "Pears", "Nectarines", "Plums"]


def categories() -> Built:
    made = figure(x_range=FRUITS, y_range=["low", "high"], width=400, height=250)
    made.scatter(FRUITS, ["low", "high", "high", "low"], size=20)
    made.rect(x=["Pears"], y=["low"], width=0.9, height=0.5, fill_alpha=0.3)
    made.xaxis.major_label_orientation = "vertical"
    return made


@document
def categories_in_two_levels() -> Built:
    factors = [(fruit, year) for fruit in FRUITS for year in ("2022", "2023", "2024")]
    made = figure(x_range=FactorRange(*factors), width=600, height=300, title="fruit by year")
    made.vbar(x=factors, top=[(7 * i) % 11 + 1 for i in range(12)], width=0.9)
    made.line(x=["Apples", "Pears", "Nectarines", "Plums"], y=[4, 6, 3, 9], line_color="red")
    made.x_range.range_padding = 0.1
    made.xaxis.major_label_orientation = 1
    return made


@document
def categories_in_three_levels() -> Built:
    factors = [(half, quarter, month) for half, quarter, month in zip("AABB", "1234", "wxyz", strict=True)]
    made = figure(x_range=FactorRange(factors=factors), width=400, height=300)
    made.vbar(x=factors, top=[1, 3, 2, 4], width=0.8, fill_color=["red", "green", "blue", "gold"])
    return made


def dodged_and_offset_categories() -> Built:
    data = {"fruit": FRUITS, "2023": [2, 1, 4, 3], "2024": [5, 3, 4, 2]}
    made = figure(x_range=FRUITS, width=400, height=250)
    made.vbar(x=dodge("fruit", -0.2, range=made.x_range), top="2023", width=0.3, source=data)
    made.vbar(x=dodge("fruit", 0.2, range=made.x_range), top="2024", width=0.3, source=data, color="#e84d60")
    made.scatter(x=[(FRUITS[0], 0.3), (FRUITS[1], -0.3)], y=[5, 6], size=10)
    return made


@document
def categories_on_both_axes_and_dodged() -> Built:
    return row(categories(), dodged_and_offset_categories())


@document
def time_axis() -> Built:
    days = np.arange("2024-01-01", "2024-12-31", dtype="datetime64[D]")
    made = figure(x_axis_type="datetime", width=600, height=250)
    made.line(days, np.cumsum(np.sin(np.arange(len(days)))))
    made.xaxis.formatter = DatetimeTickFormatter(months="%b %Y", days="%d.%m.")
    return made


@document
def time_of_python_and_spans_of_time() -> Built:
    start = datetime(2024, 2, 28, 22, 30)  # noqa: DTZ001  as scripts write it: Bokeh takes it for UTC
    moments = [start + timedelta(minutes=17 * step) for step in range(20)]
    absolute = figure(x_axis_type="datetime", width=400, height=220)
    absolute.step(moments, [step % 5 for step in range(20)])
    spans = figure(x_axis_type="timedelta", width=400, height=220)
    spans.line([timedelta(hours=5 * step) for step in range(20)], [step % 7 for step in range(20)])
    return row(absolute, spans)


def logarithmic_axes() -> Built:
    x = np.logspace(-3, 5, 60)
    made = figure(x_axis_type="log", y_axis_type="log", width=450, height=350)
    made.line(x, x**2, line_width=2)
    made.scatter(x[::5], 1e4 / x[::5], size=8)
    made.xgrid.minor_grid_line_color, made.xgrid.minor_grid_line_alpha = "navy", 0.1
    return made


def mercator_axes() -> Built:
    made = figure(x_axis_type="mercator", y_axis_type="mercator", width=400, height=300)
    made.scatter([-1e6, 0, 9e5], [5e6, 6e6, 7e6], size=15)
    return made


@document
def logarithmic_and_mercator_axes() -> Built:
    return row(logarithmic_axes(), mercator_axes())


@document
def axes_on_both_sides() -> Built:
    made = figure(width=450, height=300, y_range=(0, 10), x_axis_location="above")
    made.extra_y_ranges = {"other": Range1d(0, 1000)}
    made.extra_x_ranges = {"percent": Range1d(0, 100)}
    made.line([1, 2, 3], [1, 9, 4], legend_label="left")
    made.line([1, 2, 3], [900, 20, 500], y_range_name="other", color="red", legend_label="right")
    made.add_layout(LinearAxis(y_range_name="other", axis_label="other"), "right")
    made.add_layout(LogAxis(x_range_name="percent", ticker=FixedTicker(ticks=[0, 50, 100])), "below")
    return made


@document
def tickers_and_formatters() -> Built:
    x = np.array([0, 1234.5, 98765.4])
    formatters = [
        NumeralTickFormatter(format="$0,0.00"),
        PrintfTickFormatter(format="%4.1e"),
        BasicTickFormatter(use_scientific=False),
        CustomJSTickFormatter(args={"unit": "kg"}, code="return `${index}: ${Math.round(tick)} ${unit}`"),
    ]
    plots = []
    for formatter in formatters:
        made = figure(width=330, height=180, title=type(formatter).__name__)
        made.line(x, x)
        made.xaxis.formatter = formatter
        made.yaxis.ticker = FixedTicker(ticks=[0, 50_000, 100_000], minor_ticks=[25_000])
        plots.append(made)
    return gridplot(plots, ncols=2, toolbar_location=None)


@document
def ticks_labels_and_grids_in_detail() -> Built:
    made = figure(width=450, height=300, x_axis_label="an axis", y_axis_label="another")
    made.line([0, 5, 10], [0, 30, 10])
    made.xaxis.ticker = SingleIntervalTicker(interval=2.5, num_minor_ticks=5)
    made.yaxis.major_label_overrides = {0: "none", 10: "some", 20: "more", 30: "most"}
    made.xaxis.update(
        major_tick_in=8, major_tick_out=2, minor_tick_out=6, axis_line_width=3, axis_line_color="maroon"
    )
    made.yaxis.update(
        major_label_text_font_size="16px", major_label_text_color="teal", major_label_orientation=0.6
    )
    made.xgrid.update(
        band_fill_color="olive", band_fill_alpha=0.1, band_hatch_pattern="/", grid_line_dash=[6, 4]
    )
    made.ygrid.update(minor_grid_line_color="navy", minor_grid_line_alpha=0.1, bounds=(5, 25))
    return made


@document
def ranges_turned_round_and_bounded() -> Built:
    made = figure(width=400, height=300, x_range=Range1d(10, 0, bounds=(-5, 15)), y_range=(4, 1))
    made.scatter(list(range(11)), [1 + (i % 4) for i in range(11)], size=12)
    fitted = figure(width=400, height=300)
    fitted.x_range.range_padding, fitted.y_range.range_padding_units = 0.5, "absolute"
    fitted.y_range.follow, fitted.y_range.follow_interval = "end", 5
    fitted.line(np.arange(20), np.arange(20))
    return row(made, fitted)


@document
def axes_inside_and_hidden() -> Built:
    made = figure(width=400, height=300, x_range=(-5, 5), y_range=(-5, 5))
    made.line([-5, 5], [-3, 3])
    made.xaxis.fixed_location = made.yaxis.fixed_location = 0
    bare = figure(width=300, height=300, x_axis_type=None, y_axis_type=None, title="no axes")
    bare.add_layout(LogAxis(), "left")
    bare.scatter([1, 2], [1, 2], size=30)
    return row(made, bare)


@document
def sub_coordinates() -> Built:
    made = figure(width=500, height=300, x_range=(0, 10), y_range=(0, 3))
    for level in range(3):
        part = made.subplot(
            x_source=made.x_range,
            y_source=Range1d(-1, 1),
            x_target=made.x_range,
            y_target=Range1d(level, level + 0.9),
        )
        x = np.linspace(0, 10, 200)
        part.line(x, np.sin(x * (level + 1)), line_width=2)
    return made
