"""Columns of every kind a data source may hold, and what is computed from them in the page."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from array import array
from datetime import date, datetime

import numpy as np
import pandas as pd
from bokeh.layouts import column, row
from bokeh.models import (
    BooleanFilter,
    CDSView,
    ColumnDataSource,
    CustomJSFilter,
    CustomJSTransform,
    DataTable,
    GroupFilter,
    IndexFilter,
    LinearInterpolator,
    StepInterpolator,
    TableColumn,
)
from bokeh.plotting import figure
from bokeh.transform import linear_cmap, log_cmap, transform

from .registry import Built, document


@document
def gaps_of_none_and_nan() -> Built:
    made = figure(width=450, height=300)
    made.line([1, 2, 3, 4, 5], [1, None, 3, 4, 5], line_width=3)
    made.line([1, 2, None, 4, 5], [2, 3, 4, 5, 6], color="red")
    made.line(np.arange(5.0), np.array([3, 4, np.nan, 6, 7]), color="green")
    made.scatter([1, 2, 3], [0.0, float("inf"), -1.0], size=10)
    return made


@document
def numbers_of_every_type() -> Built:
    made = figure(width=450, height=400)
    types = [
        "int8",
        "uint8",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "uint64",
        "float16",
        "float32",
        "float64",
    ]
    for level, name in enumerate(types):
        made.line(np.arange(10, dtype=name), (np.arange(10) % 3 + 4 * level).astype(name), line_width=2)
    made.scatter(np.arange(10, dtype=">f8"), np.arange(20, dtype=">i4")[::2], size=8)
    made.scatter(array("d", [1, 2, 3]), array("i", [30, 31, 32]), size=8, color="red")
    return made


@document
def integers_larger_than_javascript_counts() -> Built:
    big = np.array([2**31 + 5, 2**40, 2**53, 2**53 + 4], dtype="int64")
    source = ColumnDataSource(
        {"n": np.arange(4), "big": big, "unsigned": big.astype("uint64") * np.uint64(2)}
    )
    made = figure(width=350, height=250, y_axis_type="log")
    made.scatter("n", "big", source=source, size=12)
    return row(
        made,
        DataTable(
            source=source, width=350, height=200, columns=[TableColumn(field=name) for name in source.data]
        ),
    )


@document
def booleans() -> Built:
    flags = np.arange(12) % 3 == 0
    source = ColumnDataSource({"x": np.arange(12), "flag": flags, "list": flags.tolist()})
    made = figure(width=400, height=250)
    made.scatter("x", "flag", size=12, source=source)
    made.scatter("x", "list", size=6, color="white", source=source)
    columns = [TableColumn(field=name) for name in source.data]
    return row(made, DataTable(source=source, columns=columns, width=250, height=250))


@document
def times_of_every_type() -> Built:
    made = figure(x_axis_type="datetime", width=500, height=300)
    stamps = np.array(["2024-01-01", "2024-03-01", "NaT", "2024-06-01", "2024-07-01"], dtype="datetime64[us]")
    made.line(stamps, [1, 2, 3, 4, 5], line_width=3)
    made.scatter([date(2024, 2, 1), date(2024, 4, 1)], [2, 3], size=12)
    made.scatter([datetime(2024, 5, 1, 12), datetime(2024, 2, 9)], [4, 4], size=12, color="red")  # noqa: DTZ001
    made.line(pd.date_range("2024-01-01", periods=7, freq="ME"), pd.Series(range(7)), color="green")
    return made


@document
def data_frame() -> Built:
    frame = pd.DataFrame(
        {
            "height": [1.5, 2.25, None, 4.0],
            "count": pd.array([1, 2, None, 4], dtype="Int64").to_numpy(dtype="float64", na_value=np.nan),
            "kind": pd.Categorical(["a", "b", "a", "c"]),
            "name": ["w", "x", "y", "z"],
        },
        index=pd.date_range("2024-01-01", periods=4, name="day"),
    )
    source = ColumnDataSource(frame)
    made = figure(x_axis_type="datetime", width=350, height=250)
    made.line("day", "height", source=source, line_width=2)
    made.scatter("day", "count", source=source, size=9)
    columns = [TableColumn(field=name, title=name) for name in source.column_names]
    return row(made, DataTable(source=source, columns=columns, width=450, height=250))


@document
def groups_of_a_data_frame() -> Built:
    frame = pd.DataFrame(
        {"kind": ["a", "b", "a", "b", "c"], "year": ["1", "1", "2", "2", "2"], "value": [1, 2, 5, 3, 4.0]}
    )
    group = frame.groupby(["kind", "year"])
    made = figure(width=400, height=300, x_range=group)
    made.vbar(x="kind_year", top="value_mean", width=0.8, source=ColumnDataSource(group))
    return made


@document
def columns_of_mixed_objects() -> Built:
    source = ColumnDataSource(
        {
            "text": ["plain", '<b>tags</b> & "quotes"', "ünïcode 漢字 🎈", "", "line\nbreak"],
            "mixed": [1, "two", None, 3.5, True],
            "object": np.array(["a", None, 2, float("nan"), "e"], dtype=object),
            "nested": [{"a": 1}, [1, 2], "x", None, {}],
        }
    )
    return DataTable(
        source=source, columns=[TableColumn(field=name) for name in source.data], width=600, height=220
    )


@document
def empty_columns() -> Built:
    made = figure(width=400, height=250, x_range=(0, 1), y_range=(0, 1), title="waiting for data")
    source = ColumnDataSource({"x": [], "y": np.array([], dtype="float32"), "label": []})
    made.line("x", "y", source=source)
    made.text("x", "y", text="label", source=source)
    made.image(image=[], x=[], y=[], dw=[], dh=[])
    return row(made, DataTable(source=source, columns=[TableColumn(field="x")], width=150, height=200))


@document
def a_long_column() -> Built:
    made = figure(width=600, height=300)
    x = np.arange(200_000)
    made.line(x, np.sin(x / 9000.0) * (1 + x / 1e5))
    return made


@document
def views_and_filters() -> Built:
    kinds = ["a", "b", "c"] * 10
    source = ColumnDataSource({"x": list(range(30)), "y": [(7 * i) % 13 for i in range(30)], "kind": kinds})
    evens = BooleanFilter([i % 2 == 0 for i in range(30)])
    filters = {
        "indices": IndexFilter(list(range(5, 20))),
        "even, not a": evens & ~GroupFilter(column_name="kind", group="a"),
        "b or large": GroupFilter(column_name="kind", group="b")
        | CustomJSFilter(code="return Array.from(source.get('y'), (y) => y > 9)"),
    }
    plots = []
    for title, chosen in filters.items():
        made = figure(width=280, height=220, title=title, x_range=(-1, 30), y_range=(-1, 13))
        made.scatter("x", "y", size=9, source=source, view=CDSView(filter=chosen))
        plots.append(made)
    table = DataTable(
        source=source, view=CDSView(filter=evens), columns=[TableColumn(field="kind")], height=200
    )
    return column(row(*plots), table)


@document
def transforms_and_mappers() -> Built:
    data = {"x": np.arange(1, 40), "y": np.arange(1, 40) ** 1.5, "state": ["low", "mid", "high"] * 13}
    double = CustomJSTransform(func="return x * 2", v_func="return Array.from(xs, (x) => x * 2)")
    sizes = LinearInterpolator(x=[1, 100, 250], y=[3, 8, 30])
    steps = StepInterpolator(x=[1, 50, 150], y=[0.2, 0.5, 1], mode="after", clip=False)
    made = figure(width=500, height=350)
    made.scatter(
        "x",
        transform("y", double),
        size=transform("y", sizes),
        alpha=transform("y", steps),
        color=log_cmap("y", "Viridis256", 1, 250),
        source=ColumnDataSource(data),
    )
    made.vbar(
        x="x", top="y", width=0.5, color=linear_cmap("y", "Plasma11", 0, 250), source=ColumnDataSource(data)
    )
    return made


@document
def one_source_for_many_plots() -> Built:
    x = np.linspace(0, 6, 80)
    source = ColumnDataSource({"x": x, "sin": np.sin(x), "cos": np.cos(x), "colour": ["red", "green"] * 40})
    source.selected.indices = [3, 10, 20, 21, 22, 60]
    plots = []
    for name in ("sin", "cos"):
        made = figure(width=350, height=250, title=name, tools="box_select,lasso_select,tap,reset")
        made.scatter("x", name, color="colour", size=10, source=source, nonselection_alpha=0.15)
        plots.append(made)
    return row(*plots)
