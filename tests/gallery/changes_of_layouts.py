"""Layouts, widgets and tables that are changed."""

from collections.abc import Iterator

from bokeh.layouts import column, row
from bokeh.model import Model

from .change_registry import HEIGHT, ROWS, kind, m, plot, points


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
