"""The groups of the tests are what their code says, and each module has its place in them."""

import subprocess
import sys
from pathlib import Path

import pytest

from . import groups
from .groups import TESTS
from .imports import imports
from .test_layers import LIBRARIES

# Folders of tests/, and modules in it, that may import Bokeh: these run with both lines of Bokeh.
MAY_IMPORT_BOKEH = {
    "browser",
    "browser_unit",
    "campaign",
    "client",
    "dataplane",
    "gallery",
    "models",
    "test_embed.py",
    "test_examples.py",
    "test_names.py",
}


def place_of(path: Path) -> str:
    return path.relative_to(TESTS).parts[0]


@pytest.mark.parametrize("place", sorted({place_of(path) for path in TESTS.rglob("*.py")}))
def test_only_some_tests_import_bokeh(place: str) -> None:
    found = {
        path.name
        for path in TESTS.rglob("*.py")
        if place_of(path) == place and groups.of_bokeh(imports(path))
    }
    assert bool(found) == (place in MAY_IMPORT_BOKEH), found


def test_the_parts_that_import_bokeh_are_those_of_the_layers() -> None:
    assert {room for room, libraries in LIBRARIES.items() if "bokeh" in libraries} == set(groups.BY_BOKEH)


def test_what_is_said_of_other_pythons_is_of_tests_that_are_there() -> None:
    assert [name for name in groups.OF_PYTHON if not (TESTS / name).exists()] == []


def test_a_function_is_followed_to_what_starts_a_program() -> None:
    assert groups.starts(through_another)
    assert groups.starts(Starter)
    assert groups.starts(Starter.by_self, Starter)
    assert not groups.starts(place_of)


def through_another() -> None:
    Starter().start()


class Starter:
    def start(self) -> None:
        subprocess.run([sys.executable, "-c", ""], check=True)

    def by_self(self) -> None:
        self.start()


PROGRAM = """
import sys
def test_hidden(): sys.modules["subprocess"].run([sys.executable, "-c", ""], check=True)
"""
TYPES = """
import bokeh_wsgi.models.type_checker
def test_hidden(): bokeh_wsgi.models.type_checker._bokeh_types("Slider")
"""


@pytest.mark.parametrize(
    ("program", "says"),
    [(PROGRAM, "in a test without a process"), (TYPES, "in a test without Bokeh")],
    ids=["a program", "types"],
)
def test_a_test_that_does_more_than_its_group_fails(program: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "test_hidden.py").write_text(program.replace("import subprocess, sys", "import sys"))
    command = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "--rootdir",
        tmp_path,
        tmp_path / "test_hidden.py",
    ]
    options = ["-p", "no:cacheprovider", "-c", "/dev/null"]
    run = subprocess.run(
        [sys.executable, *map(str, command), *options],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout
    assert says in run.stdout
