"""Bars, stacks, pies, and other shapes with an area."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from math import pi

import numpy as np
from bokeh.layouts import column, gridplot, row
from bokeh.models import ColumnDataSource
from bokeh.palettes import Category10, Category20c, Viridis256
from bokeh.plotting import figure
from bokeh.transform import cumsum

from .registry import Built, document


@document
def bars_of_every_kind() -> Built:
    options = {"width": 260, "height": 220}
    vertical, horizontal, quads, blocks = (figure(**options) for _ in range(4))
    vertical.vbar(
        x=[1, 2, 3], top=[1.2, 2.5, 3.7], width=[0.5, 0.7, 0.9], fill_color="firebrick", border_radius=4
    )
    horizontal.hbar(y=[1, 2, 3], right=[1.2, 2.5, 3.7], left=-1, height=0.5, hatch_pattern="horizontal_wave")
    quads.quad(top=[2, 3, 4], bottom=[1, 2, 3], left=[1, 2, 3], right=[1.2, 2.5, 3.7], fill_color="#b3de69")
    blocks.block(x=[1, 2, 3], y=[1, 2, 1], width=[0.2, 0.5, 1], height=1.5, fill_alpha=0.4)
    return gridplot([[vertical, horizontal], [quads, blocks]], toolbar_location=None)


def stacked_and_dodged_bars() -> Built:
    source = ColumnDataSource({"fruit": ["Apples", "Pears", "Figs"], "2023": [2, 1, 4], "2024": [5, 3, 4]})
    stacked = figure(x_range=source.data["fruit"], width=320, height=250)
    stacked.vbar_stack(["2023", "2024"], x="fruit", width=0.8, source=source, color=["#c9d9d3", "#718dbf"])
    sideways = figure(y_range=source.data["fruit"], width=320, height=250)
    sideways.hbar_stack(["2023", "2024"], y="fruit", height=0.8, source=source, color=["#c9d9d3", "#718dbf"])
    return row(stacked, sideways)


def stacked_areas_and_lines() -> Built:
    source = ColumnDataSource({"x": [0, 1, 2, 3], "a": [1, 2, 4, 3], "b": [4, 1, 1, 3], "c": [2, 2, 5, 1]})
    areas, lines = figure(width=320, height=250), figure(width=320, height=250)
    areas.varea_stack(
        ["a", "b", "c"], x="x", source=source, color=Category10[3], legend_label=["a", "b", "c"]
    )
    lines.vline_stack(["a", "b", "c"], x="x", source=source, line_width=3)
    return row(areas, lines)


@document
def stacks() -> Built:
    return column(stacked_and_dodged_bars(), stacked_areas_and_lines())


@document
def pie_and_donut() -> Built:
    counts = {"US": 157, "UK": 93, "Japan": 89, "China": 63, "Other": 44}
    angles = [2 * pi * count / sum(counts.values()) for count in counts.values()]
    source = ColumnDataSource({"land": list(counts), "angle": angles, "color": Category20c[5]})
    made = figure(width=480, height=300, x_range=(-0.5, 1.8))
    slices = {
        "start_angle": cumsum("angle", include_zero=True),
        "end_angle": cumsum("angle"),
        "fill_color": "color",
    }
    made.wedge(x=0, y=1, radius=0.4, line_color="white", legend_field="land", source=source, **slices)
    made.annular_wedge(x=1, y=1, inner_radius=0.2, outer_radius=0.4, source=source, **slices)
    made.axis.visible = made.grid.visible = False
    return made


def arcs_and_annuli() -> Built:
    made = figure(width=400, height=300, match_aspect=True)
    made.arc(
        x=[0, 1, 2], y=[0, 1, 0], radius=[0.3, 0.5, 0.7], start_angle=0.4, end_angle=[2, 4, 6], line_width=3
    )
    made.annulus(x=[0, 2], y=[1, 1], inner_radius=0.1, outer_radius=[0.25, 0.4], fill_color="#7fc97f")
    made.ellipse(
        x=[0, 1, 2], y=[2, 2, 2], width=[0.2, 0.6, 0.9], height=0.3, angle=[0, 0.5, 1], fill_alpha=0.5
    )
    made.circle(x=[0, 1, 2], y=3, radius=[0.1, 0.2, 0.3], fill_color="gold")
    made.ngon(x=[0.5, 1.5], y=3, radius=0.2, n=[5, 6], angle=10, angle_units="deg")
    return made


def rectangles_and_rounded_corners() -> Built:
    made = figure(width=400, height=300)
    made.rect(
        x=[1, 2, 3], y=[1, 2, 1], width=0.7, height=[40, 60, 80], height_units="screen", angle=[0, 0.4, 0.8]
    )
    made.rect(
        x=[1, 2, 3],
        y=3,
        width=0.8,
        height=0.5,
        border_radius=8,
        fill_color=["red", "#00ff0080", "rgb(0,0,255)"],
    )
    return made


@document
def rounded_glyphs_and_rectangles() -> Built:
    return row(arcs_and_annuli(), rectangles_and_rounded_corners())


@document
def hexagons() -> Built:
    random = np.random.default_rng(1)
    x, y = random.standard_normal((2, 500))
    made = figure(width=400, height=400, match_aspect=True, background_fill_color="#440154")
    made.grid.visible = False
    made.hexbin(x, y, size=0.5, palette=Viridis256, hover_alpha=0.8)
    made.hex_tile(
        q=[5, 6, 6], r=[0, 0, -1], size=0.5, fill_color=["red", "green", "blue"], line_color="white"
    )
    return made
