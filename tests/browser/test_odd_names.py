"""Columns with names that every JavaScript object has something for."""

import json
from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.widgets.buttons import Button
from bokeh.plotting import figure
from playwright.sync_api import expect

from tests.browser.shared_document import SharedDocument, in_js
from tests.browser.test_own_state import heard

# "constructor" is refused: BokehJS itself takes a source with such a column for none.
NAMES = ["__proto__", "length", "toString", "hasOwnProperty", "valueOf", ""]


def until_all(shared: SharedDocument, source: Any, expected: dict[str, list[float]]) -> None:
    """Wait until all pages, and the server, have these columns and no others."""
    code = (
        f"JSON.stringify(Object.entries({in_js(source)}.data).map(([name, values]) => [name, [...values]]))"
    )
    for page in shared.pages:
        shared.until(lambda page=page: dict(json.loads(page.evaluate(code))) == expected)  # type: ignore[misc]
    names = {name for model, name in shared.state().columns if model == source.id}
    assert {name: shared.column(source, name) for name in names} == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_that_name_goes_all_ways(shared: SharedDocument, name: str) -> None:
    source = ColumnDataSource({"x": np.arange(3.0), name: np.arange(3.0)})
    plot = figure(width=300, height=200)
    plot.line("x", name, source=source)
    button = Button(label="go")
    code = f"""
      const name = {json.dumps(name)}
      source.patch(Object.fromEntries([[name, [[0, 7]]]]))
      source.stream(Object.fromEntries([["x", [9]], [name, [9]]]))
      const copy = source.data[name].slice()
      copy[1] = 8
      source.data = {{...source.data, ...Object.fromEntries([[name, copy]])}}
    """
    button.js_on_event("button_click", CustomJS(args={"source": source}, code=code))
    shared.publish(plot, button)
    first, _ = shared.open(), shared.open()
    until_all(shared, source, {"x": [0, 1, 2], name: [0, 1, 2]})
    source.stream({"x": [3.0], name: [3.0]})
    shared.session.store_objects(source)
    until_all(shared, source, {"x": [0, 1, 2, 3], name: [0, 1, 2, 3]})
    source.data[name] = np.array([5.0, 6.0, 7.0, 8.0])
    shared.session.store_objects(source)
    until_all(shared, source, {"x": [0, 1, 2, 3], name: [5, 6, 7, 8]})
    first.get_by_role("button", name="go").click()
    until_all(shared, source, {"x": [0, 1, 2, 3, 9], name: [7, 8, 7, 8, 9]})


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_that_name_comes_and_goes(shared: SharedDocument, name: str) -> None:
    source = ColumnDataSource({"x": np.arange(3.0)})
    plot = figure(width=300, height=200)
    plot.line("x", "x", source=source)
    shared.publish(plot)
    shared.open()
    source.data[name] = np.array([3.0, 4.0, 5.0])
    shared.session.store_objects(source)
    until_all(shared, source, {"x": [0, 1, 2], name: [3, 4, 5]})
    source.patch({name: [(1, 9.0)]})
    shared.session.store_objects(source)
    until_all(shared, source, {"x": [0, 1, 2], name: [3, 9, 5]})
    del source.data[name]
    shared.session.store_objects(source)
    until_all(shared, source, {"x": [0, 1, 2]})


@pytest.mark.parametrize("name", NAMES)
def test_a_glyph_turns_to_a_column_of_that_name_as_it_comes(shared: SharedDocument, name: str) -> None:
    source = ColumnDataSource({"x": np.arange(3.0)})
    plot = figure(width=300, height=200)
    line: Any = plot.line("x", "x", source=source)
    shared.publish(plot)
    page = shared.open()
    told = heard(page)
    line.glyph.y = name
    source.data[name] = np.array([3.0, 4.0, 5.0])
    shared.session.store_document(shared.document)
    until_all(shared, source, {"x": [0, 1, 2], name: [3, 4, 5]})
    drawn = f"[...Bokeh.index.find_one({in_js(line)}).glyph.y]"
    shared.until(lambda: page.evaluate(drawn) == [3, 4, 5])
    assert told == []
    expect(page.locator("#bokeh-wsgi-notice")).to_have_count(0)
