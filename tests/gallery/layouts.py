"""Rows, columns, grids, tabs, and everything about size."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from typing import Any

from bokeh.layouts import column, gridplot, layout, row
from bokeh.models import Div, GridBox, GroupBox, ScrollBox, Spacer, TabPanel, Tabs
from bokeh.plotting import figure

from .registry import Built, document


def plot(title: str = "", **options: Any) -> figure:
    options = {"width": 240, "height": 200, "tools": "pan,reset", **options}
    made = figure(title=title, **options)
    made.line([0, 1, 2, 3], [2, 5, 3, 4], line_width=2)
    return made


@document
def grid_with_one_toolbar() -> Built:
    cells = [[plot("a"), plot("b")], [None, plot("d")]]
    return gridplot(cells, toolbar_location="right", toolbar_options={"logo": "grey"})


@document
def grid_box_with_spans() -> Built:
    return GridBox(
        children=[
            (plot("wide", width=500), 0, 0, 1, 2),
            (plot("one"), 1, 0),
            (plot("two"), 1, 1),
        ],
        spacing=10,
    )


@document
def nested_layout() -> Built:
    return layout([[plot("top", width=500)], [plot("a"), column(plot("b", height=96), plot("c", height=96))]])


@document
def tabs() -> Built:
    panels = [TabPanel(child=plot(name), title=name.title()) for name in ("first", "second", "third")]
    return Tabs(tabs=[*panels, TabPanel(child=Div(text="text"), title="Disabled", disabled=True)], active=1)


@document
def tabs_on_the_left() -> Built:
    panels = [TabPanel(child=plot(name, sizing_mode="stretch_width"), title=name) for name in ("one", "two")]
    return Tabs(tabs=panels, tabs_location="left", sizing_mode="stretch_width")


@document
def stretch_both() -> Built:
    return plot("fills the view", sizing_mode="stretch_both")


@document
def stretch_both_in_a_column() -> Built:
    rows = [plot("a", sizing_mode="stretch_both"), plot("b", sizing_mode="stretch_both")]
    return column(*rows, sizing_mode="stretch_both")


@document
def stretch_width_beside_fixed() -> Built:
    return row(plot("fixed"), plot("stretches", sizing_mode="stretch_width"), sizing_mode="stretch_width")


@document
def scale_width_keeps_the_aspect() -> Built:
    return plot("scales", sizing_mode="scale_width", aspect_ratio=2.5, max_width=700)


@document
def several_roots() -> Built:
    return [plot("first root"), Div(text="<b>second</b> root"), plot("third root", height=150)]


@document
def toolbars_everywhere() -> Built:
    places = ("above", "below", "left", "right")
    plots = [
        plot(place, toolbar_location=place, tools="pan,wheel_zoom,box_zoom,save,reset") for place in places
    ]
    bare = plot("none", toolbar_location=None)
    inside = plot("inside", toolbar_inner=True)
    return gridplot([plots[:2], plots[2:], [bare, inside]], merge_tools=False)


@document
def spacers_margins_and_alignment() -> Built:
    centred = plot("centred", align="center", margin=(10, 20, 30, 40))
    return column(Spacer(height=20), row(Spacer(width=50), centred, plot("end", align="end", height=120)))


@document
def boxes_that_group_and_scroll() -> Built:
    group = GroupBox(title="A group", checkable=True, child=plot("in the group"))
    scroll = ScrollBox(child=plot("larger than its box", width=600, height=400), width=300, height=220)
    return row(group, scroll)


@document
def borders_and_backgrounds() -> Built:
    made = plot(
        "framed", width=400, height=300, background_fill_color="#fafafa", border_fill_color="honeydew"
    )
    made.outline_line_color, made.outline_line_width, made.outline_line_dash = "navy", 4, "dashed"
    made.min_border_left, made.min_border_top = 80, 40
    made.title.background_fill_color, made.title.align = "gold", "center"
    return made


@document
def taller_than_the_screen() -> Built:
    return column(*(plot(f"number {number}", width=400) for number in range(6)))
