"""The groups of the tests (docs/testing.md): found out from their code, not kept by hand.

``browser``
    The test asks for the fixture of that name.
``process``
    It starts a program: its function, or a fixture of it, comes to `subprocess` by the functions and classes
    of the tests that they use. Starting one in any other test is an error.
``bokeh``
    Its module imports Bokeh, or a part of this package that does, by way of other modules of the tests too.
    Where the server asks for the types of Bokeh's models, a test is marked by hand: in any other test, to ask
    for them is an error.
``python``
    Its module is about something that another Python has, does or compiles differently: see `OF_PYTHON`.
"""

import multiprocessing
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from .imports import reached

TESTS = Path(__file__).parent

STARTERS: tuple[ModuleType, ...] = (subprocess, multiprocessing)
STARTS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system")
"""What Python tells audit hooks of when a program starts."""

BY_BOKEH = ("client", "io", "plotting", "embed", "old_scripts", "bokeh_types")
"""The parts of the package that import Bokeh; tests/test_groups.py compares them with the table of layers."""

OF_PYTHON = {
    "store": "sqlite3, and locks between processes",
    "dataplane/test_kernels.py": "the kernels are compiled for each Python",
    "dataplane/test_m4.py": "the kernels are compiled for each Python",
    "dataplane/test_pyramid.py": "the kernels are compiled for each Python",
    "test_app.py": "threads",
    "test_cli.py": "argparse, signals, and files that have to be there",
    "test_cli_users.py": "argparse, getpass",
    "test_log.py": "logging",
    "test_serving.py": "sockets and threads",
    "test_blueprint.py": "Flask as it is for each Python",
    "test_django_users.py": "Django as it is for each Python",
    "test_flask_users.py": "Flask as it is for each Python",
    "test_site_users.py": "Flask and Django as they are for each Python",
}
"""Modules and folders of tests/: why another Python could make a difference."""


def of_bokeh(names: Iterable[str]) -> bool:
    """Whether one of these imports is Bokeh, or a part of the package that imports it."""
    for name in names:
        top, _, rest = name.partition(".")
        if top == "bokeh" or (top == "bokeh_wsgi" and rest.split(".")[0] in (*BY_BOKEH, "Session")):
            return True
    return False


@cache
def module_of_bokeh(path: Path) -> bool:
    """Whether a module of the tests imports Bokeh, or the conftest of its folder does for it."""
    conftest = path.with_name("conftest.py")
    return of_bokeh(reached(path)) or (conftest.exists() and of_bokeh(reached(conftest)))


@cache
def module_of_python(path: Path) -> bool:
    return any(path.is_relative_to(TESTS / name) for name in OF_PYTHON)


@cache
def starts(of: Any, cls: type | None = None) -> bool:
    """Whether a function or class of the tests comes to what starts programs; ``cls`` is that of its self."""
    seen: set[int] = set()
    waiting = [of]
    while waiting:
        now = waiting.pop()
        if any(now is starter for starter in STARTERS):
            return True
        if id(now) not in seen:
            seen.add(id(now))
            waiting += _used(now, cls)
    return False


def _used(of: Any, cls: type | None) -> Iterator[Any]:
    of = getattr(of, "__func__", of)
    of = getattr(of, "__wrapped__", of)
    if isinstance(of, FunctionType) and _ours(of):
        for name in _names(of.__code__):
            found = of.__globals__.get(name)
            yield found
            yield getattr(cls, name, None)
            if isinstance(found, ModuleType) and _ours(found):
                yield from (getattr(found, other, None) for other in _names(of.__code__))
    elif isinstance(of, type) and _ours(of):
        for value in vars(of).values():
            yield value.fget if isinstance(value, property) else value
        yield from of.__bases__


def _ours(of: Any) -> bool:
    name: str = getattr(of, "__name__" if isinstance(of, ModuleType) else "__module__", None) or ""
    return name.split(".")[0] in ("tests", "conftest", "build_tools") or name.startswith("bokeh_wsgi.testing")


@cache
def _names(code: CodeType) -> tuple[str, ...]:
    nested = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return (*code.co_names, *(name for constant in nested for name in _names(constant)))


def groups_of(item: pytest.Function) -> Iterator[str]:
    fixtures = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 - pytest has no public name for them
    if any(one.func.__module__ == "conftest" for one in fixtures.get("browser", ())):
        yield "browser"
    functions = [item.function, *(one.func for each in fixtures.values() for one in each)]
    if any(starts(function, item.cls) for function in functions):
        yield "process"
    if module_of_bokeh(item.path):
        yield "bokeh"
    if module_of_python(item.path):
        yield "python"


class Guard:
    """Says of a test that it did what only tests of a group do."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        self.wrong: list[str] = []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in STARTS and self.item is not None and not is_in(self.item, "process", "browser"):
            self.wrong.append(f"{event} of {arguments[0] if arguments else ''}, in a test without a process")

    def asked_for_types(self, name: str) -> None:
        if self.item is not None and not is_in(self.item, "bokeh"):
            self.wrong.append(f"the types of {name} were asked for, in a test without Bokeh")


def is_in(item: pytest.Item, *groups: str) -> bool:
    return any(item.get_closest_marker(group) for group in groups)
