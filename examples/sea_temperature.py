"""A year of sea temperatures off Maine, measured every half hour: three linked charts of real data.

Run `bokeh-server`, then this, then open the link that it prints. Move the grey window below, or select points
in one chart: the others follow. Where you zoom to is yours alone; another viewer's page stays where it is.
"""

import sys

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, DataRange1d, HoverTool, RangeTool
from bokeh.palettes import Turbo256
from bokeh.transform import linear_cmap
from bokeh_sampledata.sea_surface_temperature import sea_surface_temperature as table

from bokeh_wsgi.plotting import figure, output_server, show

output_server("A year at sea", url=sys.argv[1] if sys.argv[1:] else "default")

table = table.sort_index()
celsius = table["temperature"]
daily = celsius.resample("D").agg(["mean", "min", "max"]).dropna()
daily["swing"] = daily["max"] - daily["min"]

readings = ColumnDataSource({"time": celsius.index.tz_localize(None), "celsius": celsius.to_numpy()})
days = ColumnDataSource({"time": daily.index.tz_localize(None), **{name: daily[name] for name in daily}})
colors = linear_cmap("mean", Turbo256, daily["mean"].min(), daily["mean"].max())

shown = (daily.index[150].tz_localize(None), daily.index[220].tz_localize(None))
year = figure(
    title="Every half hour, with each day's mean",
    x_axis_type="datetime",
    x_range=shown,
    y_range=DataRange1d(only_visible=True),
    height=300,
    sizing_mode="stretch_width",
    tools="xpan,xwheel_zoom,box_select,reset,save",
    active_scroll="xwheel_zoom",
)
year.line("time", "celsius", source=readings, color="#8fa3bf", width=1)
means = year.scatter("time", "mean", source=days, size=8, color=colors, line_color="white")
year.yaxis.axis_label = "°C"
year.add_tools(
    HoverTool(
        renderers=[means],
        tooltips=[("", "@time{%e %B}"), ("mean", "@mean{0.0} °C"), ("swing", "@swing{0.0} °C")],
        formatters={"@time": "datetime"},
    )
)

overview = figure(
    x_axis_type="datetime", height=110, sizing_mode="stretch_width", tools="", toolbar_location=None
)
overview.varea("time", "min", "max", source=days, color="#8fa3bf")
overview.yaxis.visible = False
overview.ygrid.grid_line_color = None
overview.add_tools(RangeTool(x_range=year.x_range))

swings = figure(
    title="The warmer, the larger its daily swing",
    height=320,
    sizing_mode="stretch_width",
    tools="box_select,lasso_select,wheel_zoom,reset",
    x_axis_label="mean of the day, °C",
    y_axis_label="warmest less coldest, °C",
)
swings.scatter("mean", "swing", source=days, size=8, color=colors, line_color="white")

counts, edges = np.histogram(celsius, bins=40)
spread = figure(
    title="How often which temperature",
    height=320,
    sizing_mode="stretch_width",
    tools="",
    x_axis_label="°C",
    y_axis_label="half hours",
)
spread.quad(
    left=edges[:-1],
    right=edges[1:],
    bottom=0,
    top=counts,
    line_color="white",
    color=[Turbo256[round(i * 255 / (len(counts) - 1))] for i in range(len(counts))],
)

for p in (year, overview, swings, spread):
    p.outline_line_color = None
    p.toolbar.autohide = True

show(
    column(
        year,
        overview,
        row(swings, spread, sizing_mode="stretch_width"),
        sizing_mode="stretch_width",
    )
)
