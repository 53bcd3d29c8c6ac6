"""Imports of the browser client point down: each folder of ``browser/src`` knows only folders below it."""

import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "browser" / "src"

# folder, or file beside the folders: the folders that it may import; drawn as a table in docs/browser.md
FOLDERS: dict[str, set[str]] = {
    "dom": set(),
    "graph": set(),
    "arrow": set(),
    "chunks": set(),
    "columns": {"arrow", "chunks"},
    "ahead": {"arrow", "chunks", "columns"},
    "connection": {"arrow", "ahead"},
    "long": {"arrow", "columns"},
    "bokehjs": {"graph", "columns", "long"},
    "scripts": {"graph"},
    "sources": {"arrow", "columns", "long", "bokehjs"},
    "lazy": {"dom", "graph", "chunks", "bokehjs"},
    "edits": {"dom", "graph", "columns", "connection", "bokehjs"},
    "document": {
        *("dom", "graph", "arrow", "columns", "connection"),
        *("bokehjs", "scripts", "sources", "lazy", "edits"),
    },
    "viewer": {"chunks", "ahead", "bokehjs", "scripts", "lazy", "edits", "document"},
    "page": {"connection", "scripts"},
    "main": {"dom", "connection", "bokehjs", "scripts", "edits", "document", "viewer", "page"},
    "embed": {"dom", "arrow", "connection", "bokehjs", "scripts", "lazy", "document", "viewer"},
    "autoload": {"embed"},
}

FILES = sorted(SOURCES.rglob("*.ts"))
IMPORT = re.compile(r'^(import type|export type|import|export)\b[^;"]*? from "(\.[^"]+)";$', re.MULTILINE)
LATER = re.compile(r'(?<!typeof )import\("(\.[^"]+)"\)')
INTERNALS = re.compile(r"\._[a-z]|\.require\(|\.require as")


@cache
def imports(path: Path) -> dict[str, bool]:
    """The files that a file imports, by name, each with whether only types of it are."""
    found: dict[str, bool] = {}
    text = path.read_text()
    told = [(verb.endswith("type"), other) for verb, other in IMPORT.findall(text)]
    for only_types, other in [*told, *((False, other) for other in LATER.findall(text))]:
        target = (path.parent / other).resolve()
        if target.is_relative_to(SOURCES):
            name = target.relative_to(SOURCES).as_posix()
            found[name] = found.get(name, True) and only_types
    return found


def name_of(path: Path) -> str:
    return path.relative_to(SOURCES).with_suffix("").as_posix()


def folder_of(name: str) -> str:
    return name.split("/")[0]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_imports_only_folders_below_its_own(path: Path) -> None:
    folder = folder_of(name_of(path))
    if folder == "modules.d":
        return
    assert folder in FOLDERS, f"{folder!r} has no place in the table of folders"
    assert {folder_of(name) for name in imports(path)} - {folder} <= FOLDERS[folder]


def test_the_folders_stand_on_each_other_without_a_circle() -> None:
    assert list(TopologicalSorter(FOLDERS).static_order())


def test_no_folder_may_import_what_it_does_not() -> None:
    used: dict[str, set[str]] = {folder: set() for folder in FOLDERS}
    for path in FILES:
        for name in imports(path):
            used[folder_of(name_of(path))].add(folder_of(name))
    assert {folder: names - {folder} for folder, names in used.items()} == FOLDERS


def test_the_files_import_each_other_without_a_circle() -> None:
    graph = {name_of(path): set(imports(path)) for path in FILES}
    assert set().union(*graph.values()) <= set(graph)
    TopologicalSorter(graph).prepare()


def test_what_is_loaded_when_it_is_needed_is_not_in_the_page_s_script() -> None:
    whole = [
        f"{name_of(path)}: {name}"
        for path in FILES
        for name, only_types in imports(path).items()
        if folder_of(name) == "lazy" != folder_of(name_of(path)) and not only_types
    ]
    assert not whole


def test_only_bokehjs_reaches_into_bokehjs() -> None:
    reaching = {name_of(path) for path in FILES if INTERNALS.search(path.read_text())}
    assert {folder_of(name) for name in reaching} == {"bokehjs"}


def test_the_table_of_folders_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "browser.md").read_text()
    rows = re.findall(r"^\| `([\w/.]+)` \|.*\| ([^|]*) \|$", text, re.MULTILINE)
    drawn = {
        name.rstrip("/").removesuffix(".ts"): set(re.findall(r"`(\w+)`", below))
        for name, below in rows
        if name.endswith(("/", ".ts"))
    }
    assert drawn == FOLDERS
