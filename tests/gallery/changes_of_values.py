"""Values that are changed, and the document as a whole."""

from collections.abc import Iterator

from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.model import Model
from bokeh.themes import Theme

from .change_registry import HEIGHT, PALETTE, kind, m, points, whole


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
