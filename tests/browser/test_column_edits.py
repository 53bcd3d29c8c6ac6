"""What people and scripts of a page do to columns comes to the document as rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource, CustomJS, PointDrawTool
from bokeh.models.widgets.buttons import Button
from bokeh.models.widgets.tables import DataTable, TableColumn

from bokeh_wsgi.dataplane import Op, OpCode, column_from
from tests.browser.shared_document import SharedDocument, drag, place, points, renderers_of


def test_columns_that_a_script_of_the_page_changes_travel_as_ops(shared: SharedDocument) -> None:
    plot, source = points()
    button = Button(label="go")
    code = """
      source.stream({x: [5, 6], y: [5, 6], name: ["f", "g"]}, 6)
      source.patch({y: [[0, 10]]})
      source.data.x[1] = 20
      source.setv({data: source.data}, {check_eq: false})
    """
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    shared.publish(plot, button)
    first, _ = shared.open(), shared.open()
    first.get_by_role("button", name="go").click()
    shared.until_all(source, "[...model.data.x]", [1, 20, 3, 4, 5, 6])
    shared.until_all(source, "[...model.data.y]", [10, 2, 3, 4, 5, 6])
    shared.until_all(source, "[...model.data.name]", list("bcdefg"))
    assert shared.column(source, "x") == [1, 20, 3, 4, 5, 6]
    kinds = [edit["kind"] for batch in shared.sent for edit in batch]
    assert kinds == ["ColumnsStreamed", "ColumnsPatched", "ColumnsPatched"]
    first.get_by_role("button", name="go").click()
    shared.until_all(source, "[...model.data.x]", [3, 20, 5, 6, 5, 6])


def test_a_point_that_is_dragged_or_added_sends_its_own_row(shared: SharedDocument) -> None:
    plot, source = points(tools="")
    tool = PointDrawTool(renderers=renderers_of(plot), empty_value="new")
    plot.add_tools(tool)
    plot.toolbar.active_drag = tool
    plot.toolbar.active_tap = tool
    shared.publish(plot)
    first, other = shared.open(), shared.open()
    drag(first, place(first, plot, 2, 2), place(first, plot, 3, 5))
    shared.until(lambda: shared.column(source, "y")[2] == pytest.approx(5, abs=0.2))
    rows = [edit["patches"] for batch in shared.sent for edit in batch if edit["kind"] == "ColumnsPatched"]
    assert [patch["y"][0][0]["start"] for patch in rows] == [2]
    assert [patch["y"][0][0]["stop"] for patch in rows] == [3]
    x, y = place(first, plot, 5, 1)
    first.mouse.click(x, y)
    shared.until(lambda: len(shared.column(source, "y")) == 6)
    # By what BokehJS has learned of the column, or by what the tool says.
    assert shared.column(source, "name")[-1] in ("", "new")
    now = shared.column(source, "y")
    shared.until_all(source, "[...model.data.y]", now)
    assert not any(edit["kind"] == "ColumnDataChanged" for batch in shared.sent for edit in batch)
    # The script goes on with the same columns.
    source.data = {"x": np.arange(3.0), "y": np.arange(3.0), "name": list("xyz")}
    shared.session.store_document(shared.document)
    shared.until_all(source, "[...model.data.y]", [0, 1, 2])
    drag(other, place(other, plot, 1, 1), place(other, plot, 4, 4))
    shared.until(lambda: shared.column(source, "x")[1] == pytest.approx(4, abs=0.2))
    shared.until_all(source, "[...model.data.x]", shared.column(source, "x"))


def test_a_cell_of_a_table_that_is_typed_into(shared: SharedDocument) -> None:
    source = ColumnDataSource({"name": ["a", "b"], "value": ["one", "two"]})
    columns = [TableColumn(field=str(name), title=str(name)) for name in source.data]
    shared.publish(DataTable(source=source, columns=columns, editable=True, width=300, height=150))
    first, _ = shared.open(), shared.open()
    first.locator(".slick-cell", has_text="two").click()
    first.keyboard.press("Enter")
    first.keyboard.press("Control+A")
    first.keyboard.type("zwei")
    first.keyboard.press("Enter")
    shared.until(lambda: shared.column(source, "value") == ["one", "zwei"])
    shared.until_all(source, "model.data.value", ["one", "zwei"])
    for page in shared.pages:
        page.locator(".slick-cell", has_text="zwei").wait_for()


def test_while_rows_are_streamed_to_it_the_page_s_own_rows_stay(shared: SharedDocument) -> None:
    plot, source = points()
    button = Button(label="go")
    code = "source.stream({x: [100], y: [100], name: ['page']})"
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    shared.publish(plot, button)
    first, _ = shared.open(), shared.open()
    for _ in range(10):
        first.get_by_role("button", name="go").click()
        # As another script does that has read the document: behind all that is there.
        state = shared.state()
        version, rows = state.columns[source.id, "x"].version, state.columns[source.id, "x"].values.rows
        values: dict[str, Any] = {"x": np.array([1.0]), "y": np.array([1.0]), "name": ["script"]}
        append = Op(OpCode.APPEND, model=source.id, base=version, start=rows, count=1)
        # 409 where the page was quicker.
        assert shared.upload(
            *(replace(append, column=c, values=column_from(v)) for c, v in values.items())
        ) in (200, 409)
    shared.until(lambda: shared.column(source, "name").count("page") == 10)
    shared.until_all(source, "model.data.name", shared.column(source, "name"))
    shared.until_all(source, "[...model.data.x]", shared.column(source, "x"))
