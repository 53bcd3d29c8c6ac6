"""Scripts in processes of their own that answer lines, and what a document holds by its models' names."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bokeh.document import Document
from bokeh.model import Model
from bokeh.models import ColumnDataSource

from bokeh_wsgi import Session
from bokeh_wsgi.models import State
from tests.command import ENVIRON

PRELUDE = """
import sys
from bokeh_wsgi.plotting import *
url = sys.argv[1]
def tell(word="ok"):
    print(word, flush=True)
def store(*objects):
    try:
        cursession().store_objects(*objects)
        cursession().flush()
        tell("stored")
    except Exception as error:
        tell(f"{type(error).__name__}: {error}")
"""


class Script:
    """A program that answers each line with one; `PRELUDE` comes before it."""

    def __init__(self, program: str, url: str, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + program, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**ENVIRON, "HOME": str(home)},
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1])
        return line.strip()

    def say(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.hear()

    def end(self) -> None:
        """Let it come to its own end: nothing follows on its input."""
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors


@contextmanager
def started(program: str, url: str, home: Path) -> Iterator[Script]:
    """A script that is killed at the end, if it did not end before."""
    script = Script(program, url, home)
    try:
        yield script
    finally:
        if script.process.returncode is None:
            script.process.kill()
            script.process.communicate()
            script.process.communicate()


def run(program: str, url: str, home: Path) -> None:
    with started(program, url, home) as script:
        script.end()


def remote(url: str, title: str, **options: Any) -> Any:
    """A session of this process with a document of a server; new options are accepted as they come."""
    session: Any = Session(root_url=url, load_from_config=False)
    session.use_doc(title, **options)
    return session


def state_at(url: str, title: str) -> State:
    session = remote(url, title)
    try:
        state: State = session.pull_state()
        return state
    finally:
        session.close()


def columns_by_name(state: State) -> dict[str, dict[str, list[Any]]]:
    """The columns of each source that has a name."""
    found: dict[str, dict[str, list[Any]]] = {}
    for (model, column), held in state.columns.items():
        name = state.graph.models[model]["attributes"].get("name")
        if name is not None:
            found.setdefault(name, {})[column] = list(held.values.column().values())
    return found


def attributes_by_name(state: State) -> dict[str, dict[str, Any]]:
    """The attributes of each model that has a name, with its "type"."""
    return {
        rep["attributes"]["name"]: {"type": rep["name"], **rep["attributes"]}
        for rep in state.graph.models.values()
        if rep["attributes"].get("name") is not None
    }


def roots_by_name(state: State) -> list[str]:
    return [state.graph.models[root]["attributes"].get("name", "?") for root in state.graph.roots]


def named(document: Document, name: str) -> Any:
    """The model of that name: there must be one."""
    model = document.get_model_by_name(name)
    assert model is not None, f"no {name!r} in {[root.name for root in document.roots]}"
    return model


def document_of(*roots: Model) -> Document:
    document = Document()
    for root in roots:
        document.add_root(root)
    return document


def source_of(name: str, **columns: Any) -> Any:
    return ColumnDataSource(columns, name=name)
