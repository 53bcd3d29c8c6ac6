"""Lines, markers, texts, curves, networks."""

# mypy: ignore-errors
# These are written as scripts are, which is not how Bokeh's types describe it.

from math import pi

import numpy as np
from bokeh.core.enums import MarkerType
from bokeh.layouts import row
from bokeh.models import ColumnDataSource, GraphRenderer, NodesAndLinkedEdges, Scatter, StaticLayoutProvider
from bokeh.models.glyphs import HSpan, HStrip, MathMLGlyph, TeXGlyph, VSpan, VStrip
from bokeh.palettes import Category10, Viridis11, Viridis256
from bokeh.plotting import figure
from bokeh.transform import factor_cmap, factor_mark, linear_cmap

from .registry import Built, document

X = np.linspace(0, 4 * pi, 101)


@document
def lines_of_every_dash() -> Built:
    made = figure(width=500, height=300)
    for level, dash in enumerate(("solid", "dashed", "dotted", "dotdash", "dashdot", [6, 2, 1, 2])):
        made.line(
            X, np.sin(X) + level, line_dash=dash, line_width=1 + level / 2, line_color=Category10[6][level]
        )
    made.line(X, np.cos(X), line_alpha=0.4, line_width=9, line_cap="round", line_join="bevel")
    return made


@document
def steps_and_areas() -> Built:
    made = figure(width=500, height=300)
    x = np.arange(12)
    for offset, mode in enumerate(("before", "after", "center")):
        made.step(x, x % 4 + 5 * offset, mode=mode, line_width=2, line_color=Category10[3][offset])
    made.varea(x=x, y1=x % 3 + 16, y2=x % 5 + 19, fill_alpha=0.6)
    made.varea_step(
        x=x, y1=x % 3 + 26, y2=x % 5 + 29, step_mode="center", fill_color="peru", hatch_pattern="@"
    )
    made.harea(x1=x % 3 + 14, x2=x % 5 + 17, y=3 * x, fill_color="teal", fill_alpha=0.5)
    made.harea_step(x1=x % 3 + 22, x2=x % 5 + 25, y=3 * x, fill_color="plum")
    return made


def multi_line_of_ragged_lengths() -> Built:
    made = figure(width=400, height=300)
    xs = [list(range(count)) for count in (2, 5, 9, 0, 3)]
    ys = [[(row * x) % 7 for x in line] for row, line in enumerate(xs, 1)]
    made.multi_line(xs, ys, line_color=list(Category10[5]), line_width=[1, 2, 3, 4, 5])
    return made


def multi_line_of_arrays() -> Built:
    made = figure(width=400, height=300)
    xs = [np.linspace(0, 6, count) for count in (7, 30, 90)]
    ys = [np.sin(line) * scale for scale, line in enumerate(xs, 1)]
    made.multi_line(xs, ys, line_color=["firebrick", "navy", "green"], line_width=2)
    return made


@document
def multi_lines_of_lists_and_of_arrays() -> Built:
    return row(multi_line_of_ragged_lengths(), multi_line_of_arrays())


@document
def patches_with_gaps_and_hatches() -> Built:
    made = figure(width=400, height=300)
    made.patch(
        [1, 2, 3, float("nan"), 4, 5, 6], [6, 7, 5, float("nan"), 7, 6, 8], fill_alpha=0.4, line_width=2
    )
    made.patches(
        xs=[[1, 3, 2], [3, 4, 6, 6], [4.0, float("nan"), 5.0]],
        ys=[[2, 1, 4], [4, 1, 2, 4], [0.0, float("nan"), 1.0]],
        fill_color=["firebrick", "navy", "green"],
        hatch_pattern=["/", "dot", "x"],
        fill_alpha=0.5,
    )
    return made


@document
def multi_polygons_with_holes() -> Built:
    made = figure(width=400, height=400)
    square, hole, second = [[1, 2, 2, 1]], [[1.2, 1.6, 1.6]], [[3, 4, 3.5]]
    made.multi_polygons(
        xs=[[square + hole], [second, [[3.2, 4.2, 4.2, 3.2]]]],
        ys=[[[3, 3, 4, 4], [3.2, 3.6, 3.2]], [[[1, 1, 2]], [[3, 3, 3.8, 3.8]]]],
        fill_color=["royalblue", "salmon"],
        line_width=2,
    )
    return made


@document
def every_marker() -> Built:
    names = list(MarkerType)
    places = {
        "x": [i % 6 for i in range(len(names))],
        "y": [i // 6 for i in range(len(names))],
        "marker": names,
    }
    made = figure(width=600, height=480, x_range=(-0.5, 5.5), y_range=(5.5, -0.7))
    made.scatter(
        "x", "y", marker="marker", size=24, fill_alpha=0.5, line_width=2, source=ColumnDataSource(places)
    )
    made.text("x", "y", text="marker", y_offset=22, text_align="center", text_font_size="9px", source=places)
    return made


@document
def scatter_with_sizes_colours_and_angles() -> Built:
    count = 200
    turn = np.arange(count) * 2.399963
    data = {"x": np.sqrt(np.arange(count)) * np.cos(turn), "y": np.sqrt(np.arange(count)) * np.sin(turn)}
    data |= {"size": np.linspace(2, 18, count), "angle": turn, "value": np.arange(count) % 37}
    made = figure(width=400, height=400)
    colour = linear_cmap("value", Viridis256, 0, 36)
    made.scatter(
        "x", "y", size="size", angle="angle", marker="square_x", color=colour, alpha=0.7, source=data
    )
    return made


@document
def markers_and_colours_by_factor() -> Built:
    kinds = ["setosa", "versicolor", "virginica"]
    data = {"x": [1, 2, 3, 4, 5, 6], "y": [2, 4, 3, 5, 1, 6], "kind": kinds * 2}
    made = figure(width=400, height=300)
    made.scatter(
        "x",
        "y",
        source=ColumnDataSource(data),
        size=18,
        legend_group="kind",
        marker=factor_mark("kind", ["hex", "circle_x", "triangle"], kinds),
        color=factor_cmap("kind", "Category10_3", kinds),
    )
    made.legend.location = "top_left"
    return made


@document
def segments_rays_and_spans() -> Built:
    made = figure(width=400, height=300, x_range=(0, 5), y_range=(0, 5))
    made.segment(
        x0=[1, 2, 3], y0=[1, 2, 3], x1=[1.5, 2.5, 4], y1=[1.2, 2.9, 3.7], line_width=3, line_color="#f4a582"
    )
    made.ray(
        x=[1, 2, 3],
        y=[1, 2, 3],
        length=[45, 0, 60],
        angle=[30, 45, 60],
        angle_units="deg",
        length_units="screen",
    )
    source = ColumnDataSource({"at": [0.5, 4.5], "to": [0.8, 4.8]})
    made.add_glyph(source, VSpan(x="at", line_dash="dashed"))
    made.add_glyph(source, HSpan(y="at", line_color="crimson"))
    made.add_glyph(source, VStrip(x0="at", x1="to", fill_alpha=0.3))
    made.add_glyph(source, HStrip(y0="at", y1="to", fill_color="gold", fill_alpha=0.3))
    return made


@document
def curves() -> Built:
    made = figure(width=400, height=300)
    starts, controls = np.array([1.0, 2.0, 3.0]), np.array([0.4, -0.4, 0.9])
    ends = {"x0": starts, "y0": starts, "x1": starts + 1, "y1": starts + 0.2}
    made.bezier(
        cx0=starts + controls, cy0=starts + 1, cx1=starts - controls, cy1=starts - 0.5, line_width=2, **ends
    )
    made.quadratic(cx=starts + 0.4, cy=starts + 0.8, line_color="#4daf4a", line_width=3, **ends)
    return made


@document
def text_of_every_kind() -> Built:
    made = figure(width=500, height=300, x_range=(0, 5), y_range=(0, 6))
    made.text(x=[1, 2, 3], y=[1, 2, 3], text=["one", "two\nlines", "drei – ÄÖß 中"], angle=[0, 0.3, -0.3])
    made.text(
        x=[1, 3],
        y=[4.5, 5],
        text=["boxed", "outlined"],
        padding=6,
        border_radius=4,
        background_fill_color=["lightyellow", "lavender"],
        border_line_color="black",
        text_font_style="bold italic",
        text_font_size="20px",
        text_outline_color=[None, "red"],
    )
    numbers = {"number": [1.5, 2.25]}
    made.text(x=4, y="number", text={"field": "number"}, source=numbers, text_baseline="middle")
    return made


@document
def formulas() -> Built:
    made = figure(width=400, height=300, title=r"$$\sum_{n=1}^\infty \frac{1}{n^2} = \frac{\pi^2}{6}$$")
    made.line(X, np.sin(X))
    made.xaxis.axis_label = r"$$\theta$$ in radians"
    made.yaxis.axis_label = r"\[\sin \theta\]"
    source = ColumnDataSource(
        {"x": [6], "y": [0.5], "tex": [r"\frac{1}{2}"], "ml": ["<math><msqrt><mi>x</mi></msqrt></math>"]}
    )
    made.add_glyph(source, TeXGlyph(x="x", y="y", text="tex", text_font_size="24px"))
    made.add_glyph(source, MathMLGlyph(x="x", y={"value": -0.5}, text="ml", text_font_size="24px"))
    return made


@document
def network() -> Built:
    nodes = list(range(8))
    graph = GraphRenderer()
    graph.node_renderer.data_source.data = {"index": nodes, "colour": Viridis11[:8]}
    graph.node_renderer.glyph = Scatter(size=22, fill_color="colour")
    graph.edge_renderer.data_source.data = {"start": [0] * 7 + [1, 2, 3], "end": [*nodes[1:], 2, 3, 4]}
    places = {node: (np.cos(node * pi / 4), np.sin(node * pi / 4)) for node in nodes}
    graph.layout_provider = StaticLayoutProvider(graph_layout=places)
    graph.inspection_policy = NodesAndLinkedEdges()
    made = figure(width=400, height=400, x_range=(-1.2, 1.2), y_range=(-1.2, 1.2))
    made.renderers.append(graph)
    return made


@document
def lines_and_markers_by_webgl() -> Built:
    made = figure(width=500, height=300, output_backend="webgl")
    made.line(X, np.sin(X), line_width=3, line_dash="dashed")
    made.scatter(X, np.cos(X), size=8, marker="diamond", fill_color="orange")
    made.vbar(x=[2, 6, 10], top=[0.5, -0.5, 0.7], width=1, fill_alpha=0.3)
    return made


@document
def drawn_as_svg() -> Built:
    made = figure(width=400, height=300, output_backend="svg", title="vectors")
    made.scatter(X[::4], np.sin(X[::4]), size=10, fill_color="tomato")
    return made
