"""Tables: formatters, editors, selections, groups."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from datetime import date

from bokeh.layouts import row
from bokeh.models import (
    AvgAggregator,
    BooleanFormatter,
    CheckboxEditor,
    ColumnDataSource,
    DataCube,
    DataTable,
    DateEditor,
    DateFormatter,
    GroupingInfo,
    HTMLTemplateFormatter,
    IntEditor,
    NumberEditor,
    NumberFormatter,
    ScientificFormatter,
    SelectEditor,
    StringEditor,
    StringFormatter,
    SumAggregator,
    TableColumn,
)

from .registry import Built, document


def source() -> ColumnDataSource:
    return ColumnDataSource(
        {
            "day": [date(2024, 1, day) for day in range(1, 16)],
            "name": [f"item {number}" for number in range(15)],
            "price": [number * 1234.567 for number in range(15)],
            "sold": [number % 3 == 0 for number in range(15)],
            "kind": ["a", "b", "c"] * 5,
            "count": list(range(15)),
        }
    )


@document
def table_with_formatters() -> Built:
    columns = [
        TableColumn(field="day", title="Day", formatter=DateFormatter(format="%d.%m.%Y"), width=90),
        TableColumn(
            field="name", title="Name", formatter=StringFormatter(font_style="bold", text_color="#0c7")
        ),
        TableColumn(
            field="price", title="Price", formatter=NumberFormatter(format="$0,0.00", text_align="right")
        ),
        TableColumn(field="price", title="Science", formatter=ScientificFormatter(precision=3)),
        TableColumn(field="sold", title="Sold", formatter=BooleanFormatter(icon="check")),
        TableColumn(
            field="kind", title="HTML", formatter=HTMLTemplateFormatter(template="<i><%= value %></i>!")
        ),
    ]
    return DataTable(source=source(), columns=columns, width=700, height=300, index_position=None)


@document
def table_with_editors_and_a_selection() -> Built:
    data = source()
    data.selected.indices = [1, 4]
    columns = [
        TableColumn(field="day", editor=DateEditor(), formatter=DateFormatter()),
        TableColumn(field="name", editor=StringEditor(completions=["item 1", "item 2"])),
        TableColumn(field="price", editor=NumberEditor(step=0.5)),
        TableColumn(field="sold", editor=CheckboxEditor()),
        TableColumn(field="kind", editor=SelectEditor(options=["a", "b", "c"])),
        TableColumn(field="count", editor=IntEditor(), visible=True, sortable=False),
    ]
    return DataTable(
        source=data, columns=columns, editable=True, width=650, height=250, selectable="checkbox"
    )


@document
def table_with_a_frozen_column_and_one_without_header() -> Built:
    columns = [TableColumn(field=name, title=name.upper()) for name in ("name", "price", "kind", "count")]
    options = {"source": source(), "columns": columns, "height": 220}
    frozen = DataTable(frozen_columns=1, width=300, row_height=32, **options)
    sized = DataTable(autosize_mode="force_fit", header_row=False, width=320, **options)
    return row(frozen, sized)


@document
def table_of_groups() -> Built:
    data = source()
    columns = [TableColumn(field="kind", title="Kind"), TableColumn(field="count", title="Count")]
    grouping = [
        GroupingInfo(
            getter="kind", aggregators=[SumAggregator(field_="count"), AvgAggregator(field_="price")]
        )
    ]
    target = ColumnDataSource({"row_indices": [], "labels": []})
    return DataCube(source=data, columns=columns, grouping=grouping, target=target, width=400, height=300)
