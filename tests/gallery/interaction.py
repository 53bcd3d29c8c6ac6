"""Links, callbacks, tools, themes, and what a document has besides plots."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

import numpy as np
from bokeh.core.properties import Int, List, String
from bokeh.document import Document
from bokeh.layouts import column, gridplot, row
from bokeh.model import DataModel
from bokeh.models import (
    Button,
    ColumnDataSource,
    CrosshairTool,
    CustomAction,
    CustomJS,
    DataTable,
    Div,
    FreehandDrawTool,
    HoverTool,
    PointDrawTool,
    Range1d,
    RangeTool,
    Slider,
    Span,
    TableColumn,
    TapTool,
    Toggle,
    WheelZoomTool,
)
from bokeh.plotting import figure
from bokeh.themes import Theme

from .registry import Built, document

X = np.linspace(0, 6, 60)


def wave(**options: object) -> figure:
    made = figure(width=380, height=260, **options)
    made.scatter(X, np.sin(X), size=8, legend_label="sine")
    made.line(X, np.cos(X), legend_label="cosine", line_width=2)
    return made


@document
def linked_ranges_and_crosshairs() -> Built:
    first = wave(title="pan one", x_range=(1, 4))
    second = wave(title="and the other follows", x_range=first.x_range, y_range=first.y_range)
    overlay = Span(dimension="height", line_dash="dotted")
    for plot in (first, second):
        plot.add_tools(CrosshairTool(overlay=[overlay, Span(dimension="width")]))
    return row(first, second)


@document
def range_tool_over_a_long_series() -> Built:
    days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    values = np.cumsum(np.cos(np.arange(len(days)) / 9))
    whole = figure(width=600, height=120, x_axis_type="datetime", tools="", toolbar_location=None)
    part = figure(width=600, height=250, x_axis_type="datetime", x_range=(days[60], days[150]))
    for plot in (part, whole):
        plot.line(days, values)
    whole.add_tools(RangeTool(x_range=part.x_range))
    return column(part, whole)


@document
def selections_with_their_own_looks() -> Built:
    source = ColumnDataSource({"x": list(range(12)), "y": [(5 * i) % 7 for i in range(12)]})
    source.selected.indices = [1, 2, 6]
    made = figure(width=400, height=300, tools=[TapTool(), "box_select", "poly_select"])
    made.scatter(
        "x",
        "y",
        size=20,
        source=source,
        selection_color="firebrick",
        nonselection_fill_color="grey",
        nonselection_fill_alpha=0.2,
        hover_fill_color="gold",
    )
    return made


@document
def properties_linked_in_the_page() -> Built:
    made = wave()
    slider = Slider(start=1, end=20, value=12, title="size")
    slider.js_link("value", made.renderers[0].glyph, "size")
    toggle = Toggle(label="legend", active=True)
    toggle.js_link("active", made.legend[0], "visible")
    return column(row(slider, toggle), made)


@document
def callbacks_in_the_page() -> Built:
    source = ColumnDataSource({"x": X, "y": np.sin(X)})
    made = figure(width=400, height=250, y_range=(-3, 3))
    made.line("x", "y", source=source)
    power = Slider(start=0.1, end=3, value=1, step=0.1, title="amplitude")
    code = "const {x} = source.data; source.data = {x, y: Array.from(x, (v) => Math.sin(v) * cb_obj.value)}"
    power.js_on_change("value", CustomJS(args={"source": source}, code=code))
    heard = Div(text="nothing heard")
    made.js_on_event("tap", CustomJS(args={"heard": heard}, code="heard.text = `${cb_obj.x}`"))
    button = Button(label="module")
    button.js_on_click(
        CustomJS(args={"heard": heard}, code="export default ({heard}) => { heard.text = 'clicked' }")
    )
    return column(power, made, button, heard)


@document
def callback_when_the_document_is_ready() -> Built:
    made = wave()
    note = Div(text="before")
    shown = Document(title="ready")
    shown.add_root(column(made, note))
    shown.js_on_event("document_ready", CustomJS(args={"note": note}, code="note.text = 'after'"))
    return shown


@document
def tools_with_their_settings() -> Built:
    made = wave(tools="pan,xwheel_zoom,ybox_zoom,zoom_in,zoom_out,undo,redo,save,examine,fullscreen,help")
    hover = HoverTool(
        tooltips=[("x", "@x{0.00}"), ("where", "($x, $y)")], mode="vline", formatters={"@x": "printf"}
    )
    made.add_tools(hover, WheelZoomTool(dimensions="height", maintain_focus=False))
    made.add_tools(CustomAction(description="own", callback=CustomJS(code="console.log('own')")))
    made.toolbar.logo, made.toolbar.autohide = None, False
    made.toolbar.active_inspect = [hover]
    return made


@document
def tools_that_edit() -> Built:
    made = figure(width=400, height=300, x_range=(0, 10), y_range=(0, 10), tools="reset")
    source = ColumnDataSource({"x": [1, 5, 9], "y": [1, 5, 9], "name": ["a", "b", "c"]})
    points = made.scatter("x", "y", source=source, size=15)
    lines = made.multi_line([[1, 2, 3]], [[9, 7, 8]], line_width=3, color="red")
    made.add_tools(
        PointDrawTool(renderers=[points], empty_value="new"),
        FreehandDrawTool(renderers=[lines], num_objects=3),
    )
    table = DataTable(
        source=source, columns=[TableColumn(field=name) for name in source.data], editable=True, height=200
    )
    return row(made, table)


def themed(theme: str | Theme) -> Document:
    shown = Document(title="theme")
    shown.theme = theme
    shown.add_root(wave(title="a title", x_axis_label="an axis"))
    return shown


@document
def theme_dark_minimal() -> Built:
    return themed("dark_minimal")


@document
def theme_of_ones_own() -> Built:
    attributes = {
        "figure": {"background_fill_color": "#fdf6e3", "outline_line_color": None},
        "Grid": {"grid_line_dash": [6, 4], "grid_line_color": "tan"},
        "Title": {"text_font": "serif", "text_font_size": "24px"},
        "Line": {"line_color": "purple"},
    }
    return themed(Theme(json={"attrs": attributes}))


class Reading(DataModel):
    """A model of a script's own, that only carries values."""

    sensor = String(default="nobody")
    values = List(Int, default=[])


@document
def model_that_carries_values() -> Built:
    reading = Reading(sensor="outdoors", values=[3, 1, 2])
    note = Div(text="empty")
    shown = Document(title="data model")
    shown.add_root(column(note, wave()))
    code = "note.text = `${reading.sensor}: ${reading.values}`"
    shown.js_on_event("document_ready", CustomJS(args={"reading": reading, "note": note}, code=code))
    return shown


@document
def names_tags_and_syncable() -> Built:
    made = wave(name="main plot", tags=["a", {"b": [1, 2]}, None])
    made.x_range = Range1d(0, 6, name="shared <range>")
    made.x_range.syncable = False
    made.subscribed_events = {"tap"}
    return made


@document
def many_small_plots() -> Built:
    def small(number: int) -> figure:
        made = figure(width=110, height=90, toolbar_location=None, tools="")
        made.line(X, np.sin(X * (number + 1) / 4))
        made.axis.visible = False
        return made

    return gridplot([small(number) for number in range(24)], ncols=6, toolbar_location=None)
