"""What is drawn on top of data: spans, boxes, arrows, labels, legends, titles."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

import numpy as np
from bokeh.layouts import row
from bokeh.models import (
    Arrow,
    Band,
    BoxAnnotation,
    ColumnDataSource,
    Label,
    LabelSet,
    Legend,
    LegendItem,
    NormalHead,
    OpenHead,
    PolyAnnotation,
    ScaleBar,
    Slope,
    Span,
    TeeHead,
    Title,
    VeeHead,
    Whisker,
)
from bokeh.plotting import figure

from .registry import Built, document

X = np.linspace(0, 10, 50)


def waves(**options: object) -> figure:
    made = figure(width=450, height=300, **options)
    for level, colour in enumerate(("#1f77b4", "#ff7f0e", "#2ca02c")):
        made.line(X, np.sin(X) + level, color=colour, line_width=2, legend_label=f"level {level}")
        made.scatter(X[::5], np.sin(X[::5]) + level, color=colour, size=7, legend_label=f"level {level}")
    return made


def spans_boxes_and_slopes() -> Built:
    made = figure(width=450, height=300, x_range=(0, 10), y_range=(0, 10))
    made.add_layout(
        Span(location=3, dimension="height", line_color="green", line_dash="dashed", line_width=3)
    )
    made.add_layout(Span(location=7, dimension="width", line_color="red"))
    made.add_layout(BoxAnnotation(left=4, right=6, fill_alpha=0.3, fill_color="gold", border_radius=6))
    made.add_layout(BoxAnnotation(bottom=8, fill_alpha=0.2, hatch_pattern="right_diagonal_line"))
    made.add_layout(
        Slope(gradient=1, y_intercept=-2, line_width=4, above_fill_color="skyblue", above_fill_alpha=0.2)
    )
    made.add_layout(PolyAnnotation(xs=[1, 2, 3, 2], ys=[1, 4, 2, 0.5], fill_color="plum", fill_alpha=0.6))
    return made


@document
def arrows_of_every_head() -> Built:
    made = figure(width=400, height=300, x_range=(0, 5), y_range=(0, 5))
    for at, head in enumerate(
        (NormalHead(fill_color="orange"), OpenHead(line_width=4), TeeHead(), VeeHead(size=35)), 1
    ):
        made.add_layout(
            Arrow(start=TeeHead(size=10), end=head, x_start=at, y_start=1, x_end=at + 0.5, y_end=4)
        )
    source = ColumnDataSource({"x": [0.2, 0.4], "y": [4, 3]})
    made.add_layout(Arrow(x_start="x", y_start="y", x_end=4.5, y_end=4.8, source=source, line_color="navy"))
    return made


def whiskers_and_bands() -> Built:
    source = ColumnDataSource({"x": X, "y": np.sin(X), "low": np.sin(X) - 0.3, "high": np.sin(X) + 0.4})
    made = figure(width=450, height=300)
    made.line("x", "y", source=source)
    made.add_layout(Band(base="x", lower="low", upper="high", source=source, fill_alpha=0.3, line_width=1))
    few = ColumnDataSource({"x": X[::7], "low": np.sin(X[::7]) - 0.6, "high": np.sin(X[::7]) + 0.6})
    made.add_layout(Whisker(base="x", lower="low", upper="high", source=few, level="annotation"))
    return made


def whiskers_on_categories() -> Built:
    source = ColumnDataSource(
        {"kind": ["a", "b", "c"], "low": [1, 2, 3], "high": [4, 3, 6], "middle": [2, 2.5, 4]}
    )
    made = figure(x_range=["a", "b", "c"], width=350, height=300)
    made.vbar(x="kind", top="middle", width=0.6, source=source, fill_alpha=0.4)
    made.add_layout(
        Whisker(base="kind", lower="low", upper="high", source=source, upper_head=TeeHead(size=20))
    )
    return made


@document
def whiskers_and_bands_on_numbers_and_categories() -> Built:
    return row(whiskers_and_bands(), whiskers_on_categories())


@document
def labels() -> Built:
    made = figure(width=450, height=300, x_range=(0, 10), y_range=(0, 10))
    data = {"x": [2, 4, 8], "y": [2, 7, 4], "name": ["Mark", "Amir", "Zoë & <b>"], "angle": [0, 0.3, -0.4]}
    made.scatter("x", "y", size=8, source=ColumnDataSource(data))
    made.add_layout(
        LabelSet(x="x", y="y", text="name", angle="angle", x_offset=5, source=ColumnDataSource(data))
    )
    made.add_layout(
        Label(x=70, y=40, x_units="screen", y_units="screen", text="on the screen", border_line_color="red")
    )
    made.add_layout(
        Label(
            x=5,
            y=9,
            text="boxed",
            text_font_size="20px",
            padding=4,
            background_fill_color="khaki",
            border_radius=5,
        )
    )
    return made


@document
def legends_inside_that_hide_and_mute() -> Built:
    hiding, muting = waves(), waves()
    hiding.legend.click_policy, hiding.legend.title, hiding.legend.orientation = "hide", "Click", "horizontal"
    hiding.renderers[0].visible = hiding.renderers[1].visible = False
    muting.legend.click_policy, muting.legend.location = "mute", "bottom_left"
    muting.renderers[2].muted = True
    return row(hiding, muting)


@document
def legends_outside_and_in_columns() -> Built:
    made = waves()
    made.add_layout(made.legend[0], "right")
    below = figure(width=400, height=300)
    drawn = [below.line(X, X * slope, line_width=slope) for slope in (1, 2, 3, 4, 5)]
    items = [LegendItem(label=f"×{slope}", renderers=[line]) for slope, line in enumerate(drawn, 1)]
    below.add_layout(Legend(items=items, ncols=3, title="slopes", background_fill_color="#eeeeee"), "below")
    return row(made, below)


def several_titles() -> Built:
    made = waves(title="the first\nof two lines", title_location="left")
    made.add_layout(Title(text="above, to the right", align="right", text_font_size="22px"), "above")
    made.add_layout(Title(text="below, in italics", text_font_style="italic", text_color="teal"), "below")
    made.legend.visible = False
    return made


def bar_that_tells_the_scale() -> Built:
    made = figure(width=400, height=300, x_range=(0, 3000), y_range=(0, 2000), match_aspect=True)
    made.scatter([500, 1500, 2500], [500, 1500, 1000], size=20)
    made.add_layout(ScaleBar(range=made.x_range, unit="m", location="top_left", bar_line_width=2))
    return made


@document
def several_titles_and_a_bar_that_tells_the_scale() -> Built:
    return row(several_titles(), bar_that_tells_the_scale())


def box_of_a_tool_that_stays() -> Built:
    made = figure(
        width=400, height=300, x_range=(0, 10), y_range=(0, 10), tools="box_select,lasso_select,reset"
    )
    made.scatter(X, X, size=6)
    handles = BoxAnnotation(left=2, right=5, bottom=3, top=8, editable=True, fill_alpha=0.2, use_handles=True)
    made.add_layout(handles)
    return made


@document
def spans_boxes_and_a_box_to_edit() -> Built:
    return row(spans_boxes_and_slopes(), box_of_a_tool_that_stays())
