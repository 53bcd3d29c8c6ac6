"""Scripts of 2015, run unchanged: the code of the old docs, word for word, and what else they did then."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from .test_examples import DEADLINE_S, ENVIRON, Process, changes, process

BLOCKS = Path(__file__).parent / "old_docs"
RUN = [sys.executable, "-m", "bokeh_wsgi", "run"]
FRAGMENT = """\
from bokeh.plotting import output_server, cursession
from bokeh.session import Session
url, username, password = {url!r}, "ann", "correct horse battery"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own: scripts save their keys there."""
    monkeypatch.setitem(ENVIRON, "HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def shared_root() -> Iterator[str]:
    """Address of a server with users."""
    with process("-m", "bokeh_wsgi", "-m", "--port", "0", "--store", "memory:") as server:
        yield server.link()


def script(home: Path, text: str) -> Path:
    path = home / "script.py"
    path.write_text(text)
    return path


def block(name: str, url: str = "") -> str:
    text = (BLOCKS / f"{name}.txt").read_text()
    return FRAGMENT.format(url=url) + text if url else text


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=ENVIRON, timeout=DEADLINE_S
    )


def run_text(home: Path, text: str, root: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("--url", root, script(home, text), *arguments)


def running(home: Path, text: str, root: str) -> Process:
    return Process("-m", "bokeh_wsgi", "run", "--url", root, script(home, text))


def status(link: str) -> int:
    """What a stranger gets."""
    request = urllib.request.Request(link, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code


def test_the_line_of_the_old_docs(home: Path, root: str) -> None:
    found = running(home, block("line"), root)
    assert changes(found.link(), 1) == 1
    assert found.end() == 0


def test_the_animated_line_of_the_old_docs(home: Path, root: str) -> None:
    found = running(home, block("animated"), root)
    try:
        assert changes(found.link(), 3) >= 3
    finally:
        found.kill()


def test_register_login_and_publish_of_the_old_docs(home: Path, shared_root: str) -> None:
    registered = run(script(home, block("register", shared_root)))
    assert (registered.returncode, registered.stderr) == (0, "")
    first = saved_key(home)
    logged_in = run(script(home, block("login", shared_root)))
    assert (logged_in.returncode, logged_in.stderr) == (0, "")
    assert saved_key(home) != first
    private = run_text(home, block("line"), shared_root)
    assert private.returncode == 0, private.stderr
    assert status(private.stderr.split()[-1]) == 404
    tail = "\nprint(cursession().document_link(public=True))"
    published = run_text(home, block("publish", shared_root) + tail, shared_root)
    assert published.returncode == 0, published.stderr
    assert status(published.stdout.strip()) == 200


def saved_key(home: Path) -> str:
    entries = json.loads((home / ".bokeh" / "config.json").read_text())
    (entry,) = entries.values()
    assert entry["username"] == "ann"
    return str(entry["userapikey"])


def test_without_a_key_a_server_with_users_says_what_to_do(home: Path, shared_root: str) -> None:
    refused = run_text(home, block("line"), shared_root)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"script.py, line 3: {shared_root} has users: session.register(")
    assert refused.stderr.count("\n") == 1


MODELS = """
from __future__ import print_function

from numpy import pi, arange, sin

from bokeh.browserlib import view
from bokeh.document import Document
from bokeh.embed import autoload_server, components
from bokeh.models.glyphs import Line
from bokeh.models import Plot, DataRange1d, LinearAxis, Grid, ColumnDataSource, PanTool
from bokeh.models.widgets import VBox
from bokeh.session import Session

document = Document()
session = Session()
session.use_doc('models')
session.load_document(document)

x = arange(-2*pi, 2*pi, 0.1)
source = ColumnDataSource(data=dict(x=x, y=sin(x)))
plot = Plot(x_range=DataRange1d(), y_range=DataRange1d(), min_border=80)
plot.add_glyph(source, Line(x="x", y="y", line_color="red"))
xaxis = LinearAxis()
plot.add_layout(xaxis, 'below')
plot.add_layout(Grid(dimension=0, ticker=xaxis.ticker))
plot.add_tools(PanTool())

document.add(VBox(children=[plot]))
session.store_document(document)
link = session.object_link(document.context)
print(link)
view(link)
print(autoload_server(plot, session))
"""


def test_documents_and_sessions_of_then(home: Path, root: str) -> None:
    done = run_text(home, MODELS, root)
    assert done.returncode == 0, done.stderr
    link, tag = done.stdout.splitlines()
    assert changes(link, 1) == 1
    assert tag.startswith(f'<script src="{root}autoload.js" async data-bokeh-doc="{link.split("/")[-1]}"')


LOOKS = """
import sys
from bokeh.plotting import *
from bokeh.io import output_server, push, curdoc, vplot, cursession, gridplot
import bokeh.plotting as bp
from bokeh.models.widgets import HBox, Panel, Tabs

output_server("looks")
p = figure(plot_width=400, plot_height=300, tools="pan,wheel_zoom,resize,previewsave", title="An old one",
           title_text_font_size="12pt", background_fill="#eeeeee", h_symmetry=True, responsive=True)
p.line([1, 2], [3, 4], legend="a line")
p.circle([1, 2], [3, 4], size=5, legend="points")
p.square([1], [2], fill_alpha=0.5)
p.line([1, 2], [3, 4], fill_color=None, line_dash=[4, 4])
source = ColumnDataSource(data=dict(x=[1, 2], y=[3, 4]))
p.circle([5, 6], "y", radius=[0.1, 0.2], source=source, color="red")
p.plot_width = 450
p.title_text_color = "navy"
curdoc().add(vplot(p, figure()))
push()
assert bp.figure is figure and isinstance(p, bp.Figure)
print([type(tool).__name__ for tool in p.tools], p.width, p.title.text_font_size, p.title.text_color)
print([item.label.value for item in p.legend[0].items], p.background_fill_color, p.sizing_mode)
print(sorted(source.data), source.data["x"])
print(len(curdoc().context.children), curdoc().context.children[0].children[0] is p)
"""


def test_looks_and_layouts_of_then(home: Path, root: str) -> None:
    done = run_text(home, LOOKS, root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "['PanTool', 'WheelZoomTool', 'SaveTool'] 450 12pt navy",
        "['a line', 'points'] #eeeeee scale_width",
        "['radius', 'x', 'y'] [5, 6]",
        "1 True",
    ]


ITSELF = """
import atexit, pickle, sys
class Thing: pass
print(__name__, sys.argv, sys.path[0], __file__, sys.modules["__main__"].Thing is Thing)
pickle.loads(pickle.dumps(Thing()))
atexit.register(lambda: print("the end", Thing.__name__))
sys.exit(3)
"""


def test_a_script_finds_itself_as_python_would_have_it(home: Path) -> None:
    path = script(home, ITSELF)
    done = run("script.py", "-m", "--url", "x", cwd=home)
    same = subprocess.run(
        [sys.executable, "script.py", "-m", "--url", "x"], capture_output=True, text=True, cwd=home
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, same.stdout, "")
    assert f"{path.name}', '-m', '--url', 'x'] {home} {path} True" in done.stdout


def test_a_module_runs_too(home: Path) -> None:
    script(home, "import sys; print(__name__, sys.argv[1:]); from bokeh.session import Session")
    done = run("-m", "script", "--url", "x", cwd=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "__main__ ['--url', 'x']\n", "")


def test_a_traceback_is_the_script_s_alone(home: Path) -> None:
    path = script(home, "def f():\n    return 1 / 0\n\nf()\n")
    done = run(path)
    same = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, same.stderr)


def test_what_cannot_be_run_is_said_in_one_line(home: Path) -> None:
    missing = run("none.py", cwd=home)
    assert missing.returncode == 2
    assert missing.stderr == "python -m bokeh_wsgi run: can't open 'none.py': No such file or directory\n"
    module = run("-m", "no_such_module")
    assert module.returncode == 2
    assert module.stderr == "python -m bokeh_wsgi run: no module named 'no_such_module'\n"
    assert run().returncode == 2


def test_no_server_is_said_in_one_line(home: Path) -> None:
    done = run_text(home, block("line"), "http://localhost:1/")
    assert done.returncode == 1
    assert done.stderr == (
        "script.py, line 3: no bokeh-server answers at http://localhost:1/: start one with `bokeh-server`\n"
    )


def test_poll_document_says_what_to_call_instead(home: Path) -> None:
    done = run(script(home, "from bokeh.session import Session\nSession().poll_document(None)"))
    assert "NotImplementedError: poll_document(): import from bokeh_wsgi instead" in done.stderr


def test_other_processes_have_todays_bokeh() -> None:
    program = "import bokeh.plotting, bokeh.document; print(hasattr(bokeh.plotting, 'output_server'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ)
    assert done.stdout == "False\n"
