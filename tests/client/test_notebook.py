"""Live plots below the cells of a notebook, as IPython hands them on."""

from collections.abc import Iterator
from pathlib import Path
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


@pytest.fixture
def titles(shell: InteractiveShell, app: BokehWSGI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the first cell of a notebook below the home folder ``tmp_path``; returns all titles then."""
    monkeypatch.setattr(io, "Session", lambda **kwargs: Session(app=app, **kwargs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run() -> list[str]:
        with capture_output():
            plotting.output_notebook(url="http://localhost:5006/")
        session = plotting.cursession()
        assert session is not None
        return [document["title"] for document in session.userinfo["docs"]]

    return run


def test_a_notebook_of_a_jupyter_server_is_one_document_by_its_name(
    titles: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "work" / "sales of 2024.ipynb"))
    assert titles() == ["work/sales of 2024"]
    assert titles() == ["work/sales of 2024"]


def test_a_notebook_of_vs_code_has_its_name(titles: Any, shell: InteractiveShell) -> None:
    shell.user_ns["__vsc_ipynb_file__"] = "/data/sales.ipynb"
    assert titles() == ["/data/sales"]


def test_a_console_of_a_jupyter_server_is_no_notebook(titles: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "console-1-5f0c")
    assert titles() == ["Notebook in work"]


def test_notebooks_whose_name_is_not_known_do_not_pile_up(titles: Any) -> None:
    assert titles() == ["Notebook in work"]
    assert titles() == ["Notebook in work"]


def test_a_name_that_is_no_title_becomes_one(titles: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", f"/{'long/' * 60}a\nb.ipynb")
    (title,) = titles()
    assert title.endswith("long/a b")
    assert len(title) == 200
