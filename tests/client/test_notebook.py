"""Live plots below the cells of a notebook, as IPython hands them on."""

from collections.abc import Iterator
from typing import Any

import pytest
from bokeh.io.state import curstate
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

from bokeh_wsgi import io, plotting
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session

from .test_output import fresh_output

__all__ = ["fresh_output"]


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def shown(outputs: list[RichOutput]) -> list[dict[str, Any]]:
    return [output.data for output in outputs]


def test_a_plot_is_shown_live_below_its_cell(
    shell: InteractiveShell, app: BokehWSGI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(io, "Session", lambda **kwargs: Session(app=app, **kwargs))
    with capture_output():
        plotting.output_notebook(url="http://localhost:5006/", docname="cell")
    plot = plotting.figure(width=300, height=200)
    with capture_output() as captured:
        plotting.show(plot)
    session = plotting.cursession()
    assert session is not None
    (data,) = shown(captured.outputs)
    assert data["text/plain"] == f"Live plot: {session.object_link(plot)}"
    source = f'src="{session.object_link(plot)}?embed=1&amp;token={session.embed_token()}&amp;code='
    assert source in data["text/html"]
    assert 'width="320" height="220"' in data["text/html"]
    assert "<script" not in data["text/html"]
    assert (captured.stdout, captured.stderr) == ("", "")
    assert session.is_stored(plot)
    assert curstate().notebook


def test_a_document_per_notebook_run_has_a_title_that_says_so(
    shell: InteractiveShell, app: BokehWSGI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(io, "Session", lambda **kwargs: Session(app=app, **kwargs))
    with capture_output():
        plotting.output_notebook(url="http://localhost:5006/")
    session = plotting.cursession()
    assert session is not None
    assert session.userinfo["docs"][0]["title"].startswith("Notebook of ")
