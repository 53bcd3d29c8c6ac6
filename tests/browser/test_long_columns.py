"""Long sources, which pages draw from the rows of their view, look and answer as if all rows were drawn."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
from bokeh.models import (
    AllIndices,
    ColumnDataSource,
    DataRange1d,
    HoverTool,
    IndexFilter,
    LinearAxis,
    PointDrawTool,
    Range1d,
    TabPanel,
    Tabs,
)
from bokeh.models.widgets.markups import Div
from bokeh.plotting import figure

from tests.browser.shared_document import SharedDocument
from tests.browser.twins import Draw, Twin, Twins
from tests.effort import is_full_run, tries
from tests.waiting import wait_until

ROWS = 12_000
X = np.arange(float(ROWS))
Y = np.random.default_rng(1).standard_normal(ROWS).cumsum()
WALK = {"x": X, "y": Y}
# So few rows that each is drawn.
FEW = (3000.0, 3400.0)
THICK = {"line_width": 3}
TOOLTIPS = [("row", "$index"), ("x", "@x{0.0}"), ("y", "@y"), ("snap", "$snap_x $snap_y"), ("name", "$name")]


@pytest.fixture
def twins(shared: SharedDocument) -> Twins:
    return Twins(shared)


def line(plot: figure, source: ColumnDataSource, **look: Any) -> None:
    plot.line("x", "y", source=source, **look)


def scatter(plot: figure, source: ColumnDataSource, **look: Any) -> None:
    plot.scatter("x", "y", source=source, **look)


def area(plot: figure, source: ColumnDataSource) -> None:
    plot.varea("x", y1=1, y2="y", source=source)


GLYPHS: dict[str, Draw] = {
    "line": line,
    "before": lambda plot, source: plot.step("x", "y", source=source, mode="before"),
    "center": lambda plot, source: plot.step("x", "y", source=source, mode="center"),
    "varea": area,
    "varea_step": lambda plot, source: plot.varea_step("x", y1=0, y2="y", source=source),
    "scatter": scatter,
    "faint": lambda plot, source: plot.scatter("x", "y", source=source, alpha=0.05, size=6, marker="square"),
}


def test_glyphs(twins: Twins) -> None:
    lines = [twins.add(name, draw, WALK) for name, draw in GLYPHS.items()][:5]
    twins.open()
    assert all(twin.stands_in() for twin in twins.twins)
    twins.same()
    for twin in twins.twins:
        twin.zoom(FEW)
    twins.same(*lines, tolerance=1)
    twins.same()


def test_thick_and_dashed_lines(twins: Twins) -> None:
    options = {"x_range": FEW, "y_range": (-100, 100)}
    waves = {"x": X, "y": 50 * np.sin(X / 3)}
    twins.add("thick", lambda plot, source: plot.line("x", "y", source=source, line_width=30), waves, options)
    dashed = twins.add(
        "dashed", lambda plot, source: plot.line("x", "y", source=source, line_dash="dashed"), WALK, options
    )
    twins.open()
    assert not dashed.stands_in()
    twins.same(tolerance=1)


SHAPES: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "walk": lambda x, rng: rng.standard_normal(len(x)).cumsum(),
    "gaps": lambda x, rng: np.where(rng.random(len(x)) < 0.01, np.nan, np.sin(x / len(x) * 20)),
    "noise with a sine": lambda x, rng: 20 * np.sin(x / len(x) * 12) + rng.random(len(x)),
    "spikes": lambda x, rng: np.where(rng.random(len(x)) < 5 / len(x), 100.0, 0.0),
    "runs of NaN": lambda x, rng: np.where((x // 300) % 3 == 1, np.nan, rng.standard_normal(len(x)).cumsum()),
    "infinities": lambda x, rng: np.where(rng.random(len(x)) < 0.002, np.inf, rng.random(len(x))),
    "steps": lambda x, rng: x // 700 % 5,
    "constant": lambda x, rng: np.full(len(x), 3.0),
    "repeated x": lambda x, rng: rng.standard_normal(len(x)).cumsum(),
}
# By width of the line.
SIDES = {1: 0.995, 2: 0.999}


@pytest.mark.parametrize("rows", [10_000, 100_000, 1_000_000] if is_full_run() else [ROWS])
@pytest.mark.parametrize("shape", SHAPES if is_full_run() else ["walk"])
def test_zooms(twins: Twins, shape: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    x = np.arange(float(rows))
    y = SHAPES[shape](x, rng)
    if shape == "repeated x":
        x //= 50
    # Thick lines of noise take BokehJS minutes.
    is_dense = shape in ("noise with a sine", "infinities") and rows > 100_000
    for width in [1] if is_dense else SIDES:
        twins.add(
            str(width), partial(line, line_width=width), {"x": x, "y": y}, {"width": 1000, "height": 400}
        )
    twins.open()
    for _ in range(tries(3, full=11)):
        for twin in twins.twins:
            twins.same(twin, sides=SIDES[int(twin.name)])
        start, stop = sorted(rng.integers(0, rows, 2))
        part = y[start : stop + 1][np.isfinite(y[start : stop + 1])]
        for twin in twins.twins if len(part) else ():
            twin.zoom((x[start], x[stop] + 1), (part.min() - 1, part.max() + 1))


def test_ranges(twins: Twins) -> None:
    rng = np.random.default_rng(5)
    ranges = {"x_range": (0, ROWS)}
    visible = twins.add("visible", line, WALK, lambda: {**ranges, "y_range": DataRange1d(only_visible=True)})
    window = twins.add("window", area, WALK, {**ranges, "window_axis": "x"})
    twins.add("all", line, WALK)
    twins.open()

    def equal() -> None:
        for twin in twins.twins:
            wait_until(partial(have_equal_ranges, twin), page=twins.page)

    for step in range(50):
        start, stop = sorted(rng.uniform(-1000, 13_000, 2))
        for twin in (visible, window):
            twin.zoom((start, stop + 1))
        equal()
        if step % 7 == 0:
            for twin in twins.twins:
                twin.ask("view.reset()")
            equal()
        if step % 10 == 0:
            new: dict[str, Any] = {"x": [ROWS + step], "y": [step / 10]}
            for twin in twins.twins:
                twin.both(partial(stream, new))
            equal()
    twins.same()


def have_equal_ranges(twin: Twin) -> bool:
    ours, theirs = twin.ranges
    return bool(ours == theirs)


def stream(new: dict[str, Any], source: ColumnDataSource, _: figure) -> None:
    source.stream(new, rollover=ROWS)


COLUMNS: dict[str, Any] = {
    "gaps": {"x": X, "y": np.where((X % 7 == 0) | ((X > 5000) & (X < 7000)), np.nan, Y)},
    "infinite": {"x": X, "y": np.where(X % 997 == 0, np.inf, np.where(X % 800 == 3, -np.inf, Y))},
    "empty": {"x": X, "y": np.full(ROWS, np.nan)},
    "repeated x": {"x": X // 50, "y": Y},
    "float32": {"x": X.astype("f4"), "y": Y.astype("f4")},
    "integers": {"x": X.astype("i4"), "y": (10 * Y).astype("i8")},
    "lists": {"x": X.tolist(), "y": Y.tolist()},
    "ends are gaps": {"x": X, "y": np.r_[np.nan, Y[1:-1], np.nan]},
    "time": {"x": np.datetime64("2024-01-01") + X.astype("timedelta64[m]"), "y": Y},
    # These are drawn from all rows.
    "gap in x": {"x": np.where(X == 77, np.nan, X), "y": Y},
    "None": {"x": X.tolist(), "y": [None if i % 9 == 0 else float(y) for i, y in enumerate(Y)]},
    "not sorted": {"x": X[::-1], "y": Y},
}


def test_columns(twins: Twins) -> None:
    for name, data in COLUMNS.items():
        twins.add(name, line, data)
    twins.open()
    assert [twin.stands_in() for twin in twins.twins] == 9 * [True] + 3 * [False]
    twins.same()


def test_axes(twins: Twins) -> None:
    data = {"x": X - 50, "y": Y + 50, "z": 2 * Y}

    def twice(plot: figure, source: ColumnDataSource) -> None:
        plot.extra_y_ranges = {"other": DataRange1d(), "upside down": Range1d(start=300, end=-300)}
        plot.add_layout(LinearAxis(y_range_name="other"), "right")
        plot.line("x", "y", source=source, y_range_name="other")
        plot.line("x", "z", source=source, y_range_name="upside down", color="red")

    for name, draw in {"line": line, "scatter": scatter, "area": area}.items():
        twins.add(f"log {name}", draw, data, {"y_axis_type": "log"})
        twins.add(f"log-log {name}", draw, data, {"x_axis_type": "log", "y_axis_type": "log"})
        twins.add(f"reversed {name}", draw, data, {"x_range": (12_000, -90), "y_range": (99, -120)})
    twins.add("twice", twice, data)
    twins.add("window", twice, data, {"window_axis": "x", "x_range": (3000, 5000)})
    twins.add("aspect", line, data, {"match_aspect": True})
    twins.add("follow", line, data, lambda: {"x_range": DataRange1d(follow="end", follow_interval=700)})
    twins.open()
    assert all(twin.stands_in() for twin in twins.twins)
    twins.same()


def hovering(glyph: str, look: Mapping[str, Any] | None = None, **options: Any) -> Draw:
    def draw(plot: figure, source: ColumnDataSource) -> None:
        getattr(plot, glyph)("x", "y", source=source, name="glyph", hover_color="red", **(look or {}))
        plot.add_tools(HoverTool(tooltips=TOOLTIPS, **options))

    return draw


def test_hover(twins: Twins) -> None:
    for policy in ("prev", "nearest", "interp", "none"):
        twins.add(policy, hovering("line", THICK, line_policy=policy), WALK)
    twins.add("vline", hovering("line", THICK, mode="vline", attachment="above"), WALK)
    twins.add("scatter", hovering("scatter"), WALK)
    twins.add("scatter vline", hovering("scatter", mode="vline"), WALK)
    twins.open()
    for twin in twins.twins:
        twin.zoom((3000, 3040), (-20, 0))
        assert twin.hover(3010, Y[3010])[0]
        assert twin.hover(3033, Y[3033])[0]
        if twin.name == "nearest":
            assert "row: 3033" in twin.hover(3033, Y[3033])[0][0][0]


def test_many_marks(twins: Twins) -> None:
    rows = 50_000
    noise = {"x": np.arange(float(rows)), "y": np.random.default_rng(1).standard_normal(rows)}
    looks: dict[str, Any] = {"opaque": {}, "faint": {"alpha": 0.1}, "outlined": {"fill_alpha": 0.02}}
    for name, look in looks.items():
        twins.add(name, partial(scatter, **look), noise)
    twins.open()
    assert all(twin.stands_in() for twin in twins.twins)
    twins.same()
    for twin in twins.twins:
        twin.both(lambda source, _: source.selected.update(indices=[*range(9000, 16_000), 30_000]))
    twins.same()
    for twin in twins.twins:
        twin.both(lambda source, _: source.selected.update(indices=[]))
        twin.both(restyled)
    twins.same()


def restyled(_: ColumnDataSource, plot: figure) -> None:
    plot.renderers[0].glyph.update(fill_alpha=0.5, line_color="red")  # type: ignore[attr-defined]


def test_marks_of_different_sizes(twins: Twins) -> None:
    draw = hovering("scatter", {"size": "size"})
    sized = twins.add("sized", draw, {**WALK, "size": 3 + X % 17})
    odd = np.where(X == 77, np.inf, np.where(X == 99, np.nan, 3 + X % 17))
    twins.add("odd", draw, {**WALK, "size": odd})
    twins.open()
    assert all(twin.stands_in() for twin in twins.twins)
    twins.same()
    sized.zoom((3000, 3100), (-20, 0))
    for row in (3010, 3033, 3050):
        assert row in sized.hover(row, Y[row])[1][0]
    sized.click(3033, Y[3033])
    assert 3033 in sized.selected[0]


def test_selections(twins: Twins) -> None:
    def draw(plot: figure, source: ColumnDataSource) -> None:
        plot.line("x", "y", source=source, selection_color="red", nonselection_color="gray")
        plot.scatter("x", "y", source=source, size=6, nonselection_alpha=0.3, selection_color="color")

    def drawn_area(plot: figure, source: ColumnDataSource) -> None:
        plot.varea("x", y1=0, y2="y", source=source, selection_color="red", hover_color="green")

    color = np.where(X % 2 == 0, "red", "green").tolist()
    both = twins.add("both", draw, {**WALK, "color": color}, {"y_range": (-200, 100)})
    hit = twins.add("area", drawn_area, WALK)
    twins.open()
    assert both.stands_in()
    both.zoom((2900, 3500))
    both.use("BoxSelectTool")
    both.drag((3000, -60), (3100, 60))
    assert len(both.selected[0]) > 50
    source = both.sources[0]
    twins.shared.until(lambda: len(twins.shared.attribute(source.selected, "indices") or []) > 50)
    twins.same(both)
    both.use("LassoSelectTool")
    both.drag((3000, -60), (3400, -60), (3200, 60))
    assert both.selected[0]
    both.both(lambda source, _: source.selected.update(indices=[3050, 3051, 3001, 3002, 3010]))
    assert len(both.selected[0]) == 5
    twins.same(both)
    both.both(lambda source, _: source.selected.update(indices=[]))
    twins.same(both)

    hit.click(9000, Y[9000] / 2)
    assert hit.selected[2] == 1
    twins.same(hit)
    hit.both(lambda source, _: source.selected.update(indices=[4, 5]))
    twins.same(hit)


def test_legends(twins: Twins) -> None:
    data = {
        **WALK,
        "color": np.array(["red", "green", "blue"])[X.astype(int) % 3].tolist(),
        "kind": np.array(["a", "b", "c"])[X.astype(int) % 3].tolist(),
        "number": X.astype(int) % 3,
    }
    for label, name in (("legend_field", "kind"), ("legend_group", "number")):

        def draw(plot: figure, source: ColumnDataSource, label: str = label, name: str = name) -> None:
            marks: dict[str, Any] = {label: name}
            plot.scatter("x", "y", source=source, color="color", **marks)

        twins.add(label, draw, data)
    twins.open()
    assert all(twin.stands_in() for twin in twins.twins)
    twins.same()
    for attribute in ("muted = true", "visible = false"):
        for twin in twins.twins:
            twin.ask(f"renderer.{attribute}")
        twins.same()


def test_a_script_changes_it(twins: Twins) -> None:
    twin = twins.add("changed", line, {**WALK, "z": -Y})
    twins.open()

    def data(rows: int) -> dict[str, Any]:
        return {"x": X[:rows], "y": Y[:rows], "z": -Y[:rows]}

    def check(stands_in: bool) -> None:
        assert twin.stands_in() == stands_in
        twins.same()

    def in_place(source: ColumnDataSource, _: figure) -> None:
        y: Any = source.data["y"]
        y[200:300] = np.nan

    def restyled(source: ColumnDataSource, plot: figure) -> None:
        plot.renderers[0].glyph.line_width = 3  # type: ignore[attr-defined]
        source.data = data(50)

    twin.both(lambda source, _: setattr(source, "data", data(9999)))
    check(stands_in=False)
    twin.both(lambda source, _: source.stream({"x": [9999.0], "y": [5.0], "z": [0.0]}))
    check(stands_in=True)
    new: dict[str, Any] = {"x": [10_000.0, 10_001.0], "y": [100.0, -100.0], "z": [0.0, 0.0]}
    twin.both(lambda source, _: source.stream(new, rollover=10_000))
    check(stands_in=True)
    twin.both(lambda source, _: source.patch({"y": [(5000, 300.0), (slice(6000, 6100), np.arange(100.0))]}))
    check(stands_in=True)
    twin.both(in_place)
    check(stands_in=True)

    twin.both(restyled)
    check(stands_in=False)
    twin.both(lambda source, _: setattr(source, "data", data(ROWS)))
    check(stands_in=True)
    some = IndexFilter(indices=list(range(0, ROWS, 3)))
    twin.both(lambda _, plot: setattr(plot.renderers[0].view, "filter", some.clone()))  # type: ignore[attr-defined]
    check(stands_in=False)
    twin.both(lambda _, plot: setattr(plot.renderers[0].view, "filter", AllIndices()))  # type: ignore[attr-defined]
    check(stands_in=True)
    twin.both(lambda source, _: setattr(source, "data", {name: [] for name in ("x", "y", "z")}))
    check(stands_in=False)


def test_the_page_changes_it(twins: Twins) -> None:
    twin = twins.add("changed", line, WALK)
    twins.open()
    for change in (
        "source.stream({x: [12000, 12001], y: [300, -300]})",
        "source.stream({x: [12002], y: [0]}, 11000)",
        "source.patch({y: [[5000, 400], [5001, NaN], [6000, 0]]})",
        "for (let row = 100; row < 200; row++) source.data.y[row] = -700\nsource.change.emit()",
        "source.data = {...source.data, y: source.data.y.map((value) => -value)}",
    ):
        twin.ask(change)
        twins.same()
        assert twin.stands_in()
    assert twin.answer("return source.get_length()") == 11_000

    # As edits of glyphs are, but not sent.
    twin.ask("renderer.glyph.setv({line_width: 4}, {sync: false})\nsource.data = {x: [1, 2], y: [3, 5]}")
    twins.same(tolerance=1)
    assert not twin.stands_in()


def test_another_source(twins: Twins) -> None:
    twin = twins.add("other", line, WALK, {"x_range": (0, 12_000), "y_range": (-200, 200)})
    twins.open()
    twin.ask(
        """const y = Float64Array.from({length: 12100}, (_, row) => 100 * Math.sin(row / 300))
        const data = {x: Float64Array.from(y, (_, row) => row), y}
        renderer.setv({data_source: new source.constructor({data, tags: source.tags})}, {sync: false})"""
    )
    twins.same()
    assert twin.stands_in()


def test_a_tool_that_edits_rows(twins: Twins) -> None:
    def draw(plot: figure, source: ColumnDataSource) -> None:
        scattered: Any = plot.scatter("x", "y", source=source, size=9)
        plot.add_tools(PointDrawTool(renderers=[scattered]))

    twin = twins.add("drawn", draw, WALK, {"x_range": (3000, 3030), "y_range": (-100, 100)})
    twins.open()
    assert twin.stands_in()
    twin.use("PointDrawTool")
    assert not twin.stands_in()
    twin.drag((3010, Y[3010]), (3010, 50))
    assert twin.answer("return source.data.y[3010]") > 30
    twin.ask("for (const tool of plot.toolbar.tools) tool.active = false")
    twins.same()
    assert twin.stands_in()


def test_hidden_plots_and_late_pages(twins: Twins) -> None:
    tabs: list[Tabs] = []

    def draw(plot: figure, source: ColumnDataSource) -> Tabs:
        line(plot, source)
        panels = [TabPanel(child=Div(text="first"), title="a"), TabPanel(child=plot, title="b")]
        tabs.append(Tabs(tabs=panels, active=1))
        return tabs[-1]

    twin = twins.add("hidden", draw, WALK)
    twins.open()
    twins.same()

    def show(tab: int) -> None:
        for each in tabs:
            each.active = tab
        twins.store()

    show(0)
    twin.both(lambda source, _: source.stream({"x": [12_000.0], "y": [300.0]}, rollover=ROWS))
    show(1)
    twins.same()
    twins.page.reload()
    twins.settle()
    twins.same()
    twin.both(lambda _, plot: plot.update(width=250, height=300))
    twins.same()


@pytest.mark.parametrize("backend", ["svg", "webgl"])
def test_backends(twins: Twins, backend: str) -> None:
    for name, draw in {"line": line, "scatter": scatter, "step": GLYPHS["center"]}.items():
        twins.add(name, draw, WALK, {"output_backend": backend, "x_range": (0, 4000)})
    twins.open()
    twins.same()
    for twin in twins.twins:
        twin.both(lambda source, _: source.selected.update(indices=list(range(2000, 3000))))
    twins.same()
