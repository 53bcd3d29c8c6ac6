"""Real Bokeh documents go through the graph and come out the same."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import permutations
from typing import Any, cast

import numpy as np
import pytest
from bokeh import models, plotting
from bokeh.core.properties import Instance, Int, List
from bokeh.core.serialization import Serializer
from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.layouts import column, gridplot, row
from bokeh.model import DataModel, Model
from bokeh.themes import built_in_themes
from bokeh.transform import dodge, factor_cmap, linear_cmap

from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.graph_diff import diff
from tests.models.bokeh_json import flattened, nested

# Bokeh's own types do not allow half of what its documentation shows.
bm: Any = models
figure: Any = plotting.figure


def _empty(doc: Document) -> None:
    pass


def _line(doc: Document) -> None:
    plot = figure(title="Größe – 大きさ")
    plot.line([1, 2, 3], [4.5, float("nan"), -0.0], legend_label="a")
    doc.add_root(plot)


def _linked_plots_that_share_a_source(doc: Document) -> None:
    source = bm.ColumnDataSource({"x": np.arange(5.0), "y": np.arange(5), "z": ["a", "b", "c", "d", "e"]})
    left = figure(tools="pan,box_select,hover,reset")
    left.scatter("x", "y", source=source, view=bm.CDSView(filter=bm.IndexFilter([1, 2])))
    right = figure(x_range=left.x_range, y_range=left.y_range)
    right.line("x", "y", source=source)
    doc.add_root(gridplot([[left, right]]))


def _categories(doc: Document) -> None:
    factors = [("q1", "jan"), ("q1", "feb"), ("q2", "apr")]
    source = bm.ColumnDataSource({"x": factors, "n": [1, 2, 3]})
    plot = figure(x_range=bm.FactorRange(*factors))
    colours = factor_cmap("x", palette=["red", "blue"], factors=["q1", "q2"], end=1)
    plot.vbar(x=dodge("x", 0.1, range=plot.x_range), top="n", source=source, fill_color=colours)
    doc.add_root(plot)


def _axes(doc: Document) -> None:
    plot = figure(x_axis_type="datetime", y_axis_type="log")
    plot.extra_y_ranges = {"second": bm.Range1d(0, 9)}
    plot.add_layout(bm.LinearAxis(y_range_name="second"), "right")
    plot.xaxis.ticker = bm.FixedTicker(ticks=[1, 2])
    plot.xaxis.major_label_overrides = {1: "one", 2: bm.TeX(r"\alpha")}
    mapper = linear_cmap("y", "Viridis256", 0, 1)
    renderer = plot.scatter([1, 2], [1, 2], fill_color=mapper)
    plot.add_layout(renderer.construct_color_bar(), "left")
    doc.add_root(plot)


def _widgets_with_callbacks(doc: Document) -> None:
    slider = bm.Slider(start=0, end=10, value=3, title="n")
    text = bm.Div(text="<b>3</b>")
    slider.js_on_change("value", bm.CustomJS(args={"text": text, "slider": slider}, code="text.text = 1"))
    slider.js_link("value", text, "width")
    tabs = bm.Tabs(tabs=[bm.TabPanel(child=row(slider, text), title="one")])
    table = bm.DataTable(
        source=bm.ColumnDataSource({"a": [1, 2]}), columns=[bm.TableColumn(field="a", title="A")]
    )
    doc.add_root(column(tabs, table))


def _callbacks_of_the_document(doc: Document) -> None:
    plot = figure()
    plot.scatter([1], [2])
    doc.add_root(plot)
    doc.js_on_event(DocumentReady, bm.CustomJS(args={"plot": plot, "alone": bm.Div(text="x")}, code="1"))


def _several_roots_and_a_title(doc: Document) -> None:
    shared = bm.Range1d(0, 1)
    for name in "abc":
        plot = figure(name=name, x_range=shared)
        plot.line([0, 1], [0, 1])
        doc.add_root(plot)
    doc.title = "three"


def _roots_inside_each_other(doc: Document) -> None:
    inner = bm.Div(text="x")
    doc.add_root(bm.Column(children=[inner]))
    doc.add_root(inner)


def _images_and_maps(doc: Document) -> None:
    plot = figure()
    plot.image([np.arange(6.0).reshape(2, 3)], x=0, y=0, dw=1, dh=1)
    plot.image_rgba([np.zeros((2, 2), dtype=np.uint32)], x=0, y=0, dw=1, dh=1)
    plot.multi_polygons(xs=[[[[0, 1, 1]]]], ys=[[[[0, 0, 1]]]])
    doc.add_root(plot)


def _theme(doc: Document) -> None:
    doc.theme = built_in_themes["dark_minimal"]
    plot = figure()
    plot.line([1, 2], [1, 2])
    doc.add_root(plot)


def _a_ring_of_references(doc: Document) -> None:
    source = bm.ColumnDataSource({"x": [1]})
    plot = figure()
    plot.scatter("x", "x", source=source)
    source.js_on_change("data", bm.CustomJS(args={"plot": plot, "source": source}, code="1"))
    doc.add_root(plot)


def _config(doc: Document) -> None:
    doc.config.reconnect_session = False
    doc.config.notifications = None
    doc.add_root(bm.Div())


def _graph_renderer(doc: Document) -> None:
    plot = figure(x_range=(-2, 2), y_range=(-2, 2))
    graph = bm.GraphRenderer()
    graph.node_renderer.data_source.data = {"index": [0, 1]}
    graph.edge_renderer.data_source.data = {"start": [0], "end": [1]}
    graph.layout_provider = bm.StaticLayoutProvider(graph_layout={0: (0, 0), 1: (1, 1)})
    plot.renderers.append(graph)
    doc.add_root(plot)


def _deep_layout(doc: Document) -> None:
    box: Any = bm.Div(text="bottom")
    for _ in range(90):
        box = bm.Column(children=[box])
    doc.add_root(box)


DOCUMENTS: list[Callable[[Document], None]] = [
    _empty,
    _line,
    _linked_plots_that_share_a_source,
    _categories,
    _axes,
    _widgets_with_callbacks,
    _callbacks_of_the_document,
    _several_roots_and_a_title,
    _roots_inside_each_other,
    _images_and_maps,
    _theme,
    _a_ring_of_references,
    _config,
    _graph_renderer,
    _deep_layout,
]


@cache
def _json_of(build: Callable[[Document], None]) -> dict[str, Any]:
    doc = Document()
    build(doc)
    return as_json(doc)


def as_json(doc: Document) -> dict[str, Any]:
    """As a server gets it: through text, so that no tuple is left."""
    content: dict[str, Any] = json.loads(json.dumps(doc.to_json(deferred=False)))
    return content


each_document = pytest.mark.parametrize("build", DOCUMENTS, ids=lambda build: build.__name__.strip("_"))


@each_document
def test_a_document_nests_back_to_what_bokeh_wrote(build: Callable[[Document], None]) -> None:
    content = _json_of(build)
    assert nested(flattened(content)) == content


@each_document
def test_bokeh_reads_a_nested_graph_as_the_same_models(build: Callable[[Document], None]) -> None:
    graph = flattened(_json_of(build))
    rebuilt: Any = nested(graph)
    read = Document.from_json(rebuilt)
    # Bokeh's own from_json drops callbacks of the document.
    assert {model.id for model in read.models} == graph.reachable(graph.roots)
    assert flattened(as_json(read)).roots == graph.roots


@each_document
def test_graph_json_survives_text(build: Callable[[Document], None]) -> None:
    graph = flattened(_json_of(build))
    again = Graph.from_json(json.loads(json.dumps(graph.to_json())))
    assert again.to_json() == graph.to_json()
    assert again.reachable(again.roots) == graph.reachable(graph.roots)


@pytest.mark.parametrize(("old", "new"), list(permutations(DOCUMENTS, 2)))
def test_a_diff_leads_from_any_document_to_any_other(
    old: Callable[[Document], None], new: Callable[[Document], None]
) -> None:
    before, after = flattened(_json_of(old)), flattened(_json_of(new))
    patch = diff(before, after)
    before.apply(json.loads(json.dumps(patch)))
    assert before.to_json() == after.to_json()
    assert before.models.keys() == before._references.keys()
    assert {k: v for k, v in before._references.items() if v} == {
        k: v for k, v in after._references.items() if v
    }


def _edits(doc: Any) -> Iterator[str]:
    """Changes a document as a script would; yields after each one."""
    plot = figure(name="plot", title="one")
    line = plot.line([1, 2], [3, 4])
    doc.add_root(plot)
    yield "a plot"
    plot.title.text = "two"
    line.glyph.line_width = 3
    yield "attributes of models that were there"
    plot.scatter([1], [2], legend_label="dots")
    yield "a new glyph, and a legend"
    line.glyph.line_width = 1
    yield "an attribute back at its default"
    second = figure(x_range=plot.x_range)
    second.line(x="x", y="y", source=line.data_source)
    doc.add_root(second)
    yield "a second root that shares models"
    plot.renderers.remove(line)
    yield "a renderer gone, its source still in use"
    doc.remove_root(plot)
    yield "the first root gone"
    doc.add_root(plot)
    doc.title = "moved to the end"
    yield "and back"
    doc.clear()
    yield "nothing left"


def test_every_edit_of_a_script_travels_as_a_patch() -> None:
    doc = Document()
    server = flattened(as_json(doc))
    for edit in _edits(doc):
        now = flattened(as_json(doc))
        server.apply(json.loads(json.dumps(diff(server, now))))
        assert server.to_json() == now.to_json(), edit
        assert diff(server, now) is None, edit


def _values_in(doc: Document) -> dict[str, Any]:
    """Every property of every model, defaults too."""
    serializer = Serializer(references=set(doc.models), deferred=False)
    return {
        model.id: serializer.encode(model.properties_with_values(include_defaults=True))
        for model in doc.models
    }


def test_bokeh_applies_a_diff_to_a_document_of_its_own() -> None:
    doc: Any = Document()
    mirror: Any = Document()
    before = flattened(as_json(doc))
    for edit in _edits(doc):
        now = flattened(as_json(doc))
        patch = diff(before, now, lambda model_id, attr: getattr(doc.get_model_by_id(model_id), attr))
        assert patch is not None
        mirror.apply_json_patch({"events": patch["events"]})
        assert [root.id for root in mirror.roots] == [root.id for root in doc.roots], edit
        assert mirror.title == doc.title
        assert _values_in(mirror) == _values_in(doc), edit
        before = now


def test_data_models_and_their_definitions_are_kept() -> None:
    class Inner(DataModel):
        __qualified_model__ = "graph_test.Inner"
        n = Int(default=3)

    class Outer(Inner):
        __qualified_model__ = "graph_test.Outer"
        inner: Any = Instance(Inner, default=cast(Any, lambda: Inner(n=4)))
        items = List(Instance(Model), default=[])

    try:
        doc = Document()
        doc.add_root(Outer(items=[Inner(), bm.Div(text="x")]))
        content = as_json(doc)
    finally:
        Model.clear_extensions()
    graph = flattened(content)
    # Bokeh writes every data model of the process into every document.
    names = [definition["name"] for definition in graph.defs or []]
    ours = [name for name in names if name.startswith("graph_test.")]
    assert ours == ["graph_test.Inner", "graph_test.Outer"]
    assert nested(graph) == content
    before = flattened(_json_of(_line))
    before.apply(json.loads(json.dumps(diff(before, graph))))
    assert before.to_json() == graph.to_json()
