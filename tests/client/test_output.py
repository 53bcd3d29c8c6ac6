"""Scripts with the names of ``bokeh.plotting`` and ``bokeh.io``, as in Bokeh 0.9."""

import importlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bokeh.io
import bokeh.plotting
import pytest
from bokeh.layouts import row
from bokeh.models.widgets import Div

from bokeh_wsgi import io, plotting
from bokeh_wsgi.client import Session

from .conftest import Viewer

LINE = """
from bokeh_wsgi.plotting import figure, output_server, show

output_server("line") # THIS LINE HAS CHANGED!

p = figure(plot_width=400, plot_height=400)

# add a line renderer
p.line([1, 2, 3, 4, 5], [6, 7, 2, 4, 5], line_width=2)

show(p)
"""

ANIMATED_LINE = """
import time
from random import shuffle
from bokeh_wsgi.plotting import figure, output_server, cursession, show

# prepare output to server
output_server("animated_line")

p = figure(plot_width=400, plot_height=400)
p.line([1, 2, 3, 4, 5], [6, 7, 2, 4, 5], name='ex_line')
show(p)

# create some simple animation..
# first get our figure example data source
renderer = p.select(dict(name="ex_line"))
ds = renderer[0].data_source

while True:
    # Update y data of the source object
    shuffle(ds.data["y"])

    # store the updated source on the server
    cursession().store_objects(ds)
    time.sleep(0.5)
"""


class EnoughError(Exception):
    """Ends a script that would run for ever."""


@pytest.fixture(autouse=True)
def fresh_output(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BOKEH_BROWSER", "none")
    plotting.reset_output()
    yield
    plotting.reset_output()


@pytest.fixture
def default_server(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sessions that a script makes find the server of this test."""
    monkeypatch.setattr(io, "Session", lambda **kwargs: Session(app=app, **kwargs))
    return app


def current() -> Session:
    session = plotting.cursession()
    assert session is not None
    return session


def roots(session: Session) -> list[str]:
    viewer = Viewer(session)
    viewer.changes()
    return viewer.state.graph.roots


def test_all_names_of_bokeh_are_here() -> None:
    for ours, theirs in ((plotting, bokeh.plotting), (io, bokeh.io)):
        module = importlib.import_module(ours.__name__)
        for name in theirs.__all__:
            assert getattr(module, name) is not None
        assert set(theirs.__all__) < set(module.__all__)
        for name in module.__all__:
            assert hasattr(module, name)


def test_the_first_example_of_the_old_docs_runs(
    default_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    script: dict[str, Any] = {}
    exec(LINE, script)
    session, plot = current(), script["p"]
    assert (plot.width, plot.height) == (400, 400)
    assert roots(session) == [plot.id]
    assert capsys.readouterr().err == f"bokeh_wsgi: {session.object_link(plot)}\n"


def test_the_streaming_example_of_the_old_docs_runs(
    default_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    script: dict[str, Any] = {}
    seen: list[Any] = []

    def look(_: float) -> None:
        column = Viewer(current()).column(script["ds"], "y")
        assert column == script["ds"].data["y"]
        seen.append(column)
        if len(seen) == 20:
            raise EnoughError

    monkeypatch.setattr(time, "sleep", look)
    with pytest.raises(EnoughError):
        exec(ANIMATED_LINE, script)
    assert len({tuple(column) for column in seen}) > 5


def test_a_rerun_has_the_same_document_and_link_and_open_pages_follow(default_server: Any) -> None:
    script: dict[str, Any] = {}
    exec(LINE, script)
    first = current()
    viewer = Viewer(first)
    viewer.changes()
    plotting.reset_output()
    exec(LINE, script)
    assert current().docid == first.docid
    assert len(viewer.changes()) == 1
    assert viewer.state.graph.roots == [script["p"].id]


def test_figures_are_published_without_being_added(default_server: Any) -> None:
    plotting.output_server("dashboard")
    first, second = plotting.figure(), plotting.figure()
    plotting.push()
    assert roots(current()) == [first.id, second.id]


def test_a_figure_inside_a_layout_is_no_root(default_server: Any) -> None:
    plotting.output_server("dashboard")
    first, second = plotting.figure(), plotting.figure()
    plotting.push()
    layout = row(first, second)
    plotting.show(layout)
    assert roots(current()) == [layout.id]
    third = plotting.figure()
    other = plotting.hplot(third)
    plotting.push()
    assert roots(current()) == [layout.id, other.id]


def test_show_takes_several_plots_and_shows_the_document(
    default_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plotting.output_server("dashboard")
    plots = [plotting.figure(), plotting.figure()]
    plotting.show(plots)
    assert roots(current()) == [plot.id for plot in plots]
    assert capsys.readouterr().err == f"bokeh_wsgi: {current().document_link()}\n"


def test_what_show_cannot_publish_is_named(default_server: Any) -> None:
    plotting.output_server("dashboard")
    with pytest.raises(ValueError, match="not int"):
        plotting.show(3)


def test_clear_false_adds_to_what_is_there(default_server: Any) -> None:
    plotting.output_server("notes")
    plotting.curdoc().add_root(Div(text="1"))
    plotting.push()
    plotting.output_server("notes", clear=False)
    assert len(plotting.curdoc().roots) == 1
    plotting.curdoc().add_root(Div(text="2"))
    plotting.push()
    assert len(roots(current())) == 2


def test_clear_true_replaces_what_is_there_at_the_next_push(default_server: Any) -> None:
    plotting.output_server("notes")
    plotting.curdoc().add_root(Div(text="1"))
    plotting.push()
    plotting.output_server("notes")
    assert plotting.curdoc().roots == []
    assert len(roots(current())) == 1
    plotting.push()
    assert roots(current()) == []


def test_push_takes_a_session_and_a_document(make_session: Any) -> None:
    session, document = make_session(), plotting.Document()
    note = Div(text="x")
    document.add_root(note)
    plotting.push(session, document)
    assert roots(session) == [note.id]


def test_push_without_a_session_warns() -> None:
    with pytest.warns(UserWarning, match="nothing pushed"):
        plotting.push()


def test_without_output_server_show_is_bokeh_s(tmp_path: Path) -> None:
    plot = plotting.figure(width=100)
    plot.line([1, 2], [3, 4])
    plotting.output_file(tmp_path / "plot.html", autosave=False, mode="cdn")
    plotting.show(plot)
    assert '"name":"Figure"' in (tmp_path / "plot.html").read_text()
    assert plotting.cursession() is None


def test_reset_output_forgets_the_server(default_server: Any) -> None:
    plotting.output_server("dashboard")
    document = plotting.curdoc()
    plotting.reset_output()
    assert plotting.cursession() is None
    assert plotting.curdoc() is not document


def test_a_figure_of_ours_is_a_figure_of_bokeh_s() -> None:
    plot = plotting.figure(plot_width=10)
    assert isinstance(plot, bokeh.plotting.figure)
    assert isinstance(plot, plotting.figure)
    assert repr(plot).startswith("figure(")
    assert type(plot).__qualified_model__ == "Figure"
    with pytest.raises(AttributeError, match="plot_widht"):
        plotting.figure(plot_widht=10)
