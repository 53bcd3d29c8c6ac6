"""Imports point down: each room of the house knows only rooms below it, and its own libraries."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bokeh_wsgi"

# room: the rooms of this package that it may import
ROOMS: dict[str, set[str]] = {
    "exc": set(),
    "process": set(),
    "protocol": set(),
    "bokeh_types": set(),
    "networks": set(),
    "hosts": set(),
    "dataplane": {"exc"},
    "page_files": {"exc"},
    "request": {"exc"},
    "input_stream": {"exc"},
    "concurrency": {"exc"},
    "reader_memory": {"exc", "concurrency"},
    "listeners": {"process"},
    "servers": {"protocol", "listeners"},
    "stream_slots": {"exc", "process", "protocol", "servers"},
    "store": {"exc", "process"},
    "testing": {"exc", "store"},
    "hub": {"exc", "process", "store"},
    "presence": {"exc", "process", "store"},
    "auth": {"exc", "protocol", "store", "networks"},
    "links": {"auth"},
    "models": {"exc", "process", "protocol", "store", "dataplane", "bokeh_types"},
    "context": {
        *("store", "models", "auth", "hub", "networks", "stream_slots", "presence", "concurrency"),
        "reader_memory",
    },
    "pages": {"protocol", "page_files", "store", "auth"},
    "responses": {"exc", "pages"},
    "api": {
        *("exc", "protocol", "dataplane", "models", "auth", "networks", "stream_slots", "presence"),
        *("context", "links", "store", "reader_memory"),
    },
    "site": {
        *("exc", "protocol", "page_files", "models", "auth", "links", "context", "pages", "responses"),
        "api",
    },
    "routes": {"responses", "api", "site"},
    "outer_login": {"context", "api", "site", "routes"},
    "cors": {"protocol", "api"},
    "errors": {"exc", "auth", "links", "context", "pages", "responses", "cors"},
    "app": {
        *("store", "models", "auth", "hosts", "hub", "stream_slots", "presence", "context", "request"),
        *(
            "concurrency",
            "reader_memory",
            "input_stream",
            "responses",
            "routes",
            "outer_login",
            "cors",
            "errors",
        ),
    },
    "client": {"exc", "protocol", "dataplane", "models", "bokeh_types"},
    "serving": {"networks"},
    "cli": {"", "exc", "auth", "app", "serving"},
    "flask": set(),
    "django": set(),
    "__main__": {"cli", "old_scripts"},
    "io": {"client"},
    "plotting": {"client", "io"},
    "embed": {"client", "io"},
    "old_scripts": {"exc", "client", "io", "plotting", "embed"},
    "": {"app", "client"},
}

# room: the libraries that it may import beside the standard one; other rooms need none
LIBRARIES: dict[str, set[str]] = {
    "dataplane": {"numpy", "pyarrow", "blosc2"},
    "bokeh_types": {"bokeh"},
    "testing": {"pytest", "hypothesis"},
    "auth": {"itsdangerous", "werkzeug"},
    "input_stream": {"werkzeug"},
    "request": {"werkzeug"},
    "links": {"werkzeug"},
    "context": {"werkzeug"},
    "models": {"numpy", "pyarrow"},
    "pages": {"jinja2", "markupsafe"},
    "responses": {"werkzeug"},
    "api": {"numpy", "pyarrow", "werkzeug"},
    "site": {"werkzeug"},
    "routes": {"werkzeug"},
    "outer_login": {"werkzeug"},
    "cors": {"werkzeug"},
    "errors": {"werkzeug"},
    "app": {"platformdirs", "werkzeug"},
    "client": {"bokeh", "numpy", "urllib3"},
    "serving": {"h11"},
    "cli": {"werkzeug"},
    "flask": {"flask", "flask_login", "werkzeug"},
    "django": {"django"},
    "io": {"bokeh"},
    "plotting": {"bokeh"},
    "embed": {"bokeh"},
    "old_scripts": {"bokeh", "numpy"},
}

# The data plane is pure: it can be used, and tested, without a system around it.
IMPURE = {
    "asyncio",
    "http",
    "io",
    "multiprocessing",
    "pathlib",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
}
IMPURE |= {"threading", "urllib", "wsgiref"}

MODULES = sorted(PACKAGE.rglob("*.py")) + sorted(PACKAGE.rglob("*.pyi"))


def room_of(dotted: str) -> str:
    """``"bokeh_wsgi.store.sqlite"`` is in ``"store"``, ``"bokeh_wsgi"`` in ``""``."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 else ""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names of every module that a module imports, anywhere in it."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = [PACKAGE.name, *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = package[: len(package) - node.level + 1] if node.level else []
            dotted = ".".join([*origin, *filter(None, [node.module])])
            if dotted.split(".")[0] != PACKAGE.name:
                yield dotted
                continue
            for alias in node.names:
                yield f"{dotted}.{alias.name}" if is_module(f"{dotted}.{alias.name}") else dotted


def is_module(dotted: str) -> bool:
    path = PACKAGE.parent.joinpath(*dotted.split("."))
    return path.is_dir() or path.with_suffix(".py").exists() or path.with_suffix(".pyx").exists()


def own_room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_rooms_below_its_own(path: Path) -> None:
    room = own_room(path)
    assert room in ROOMS, f"{room!r} has no place in the table of rooms"
    rooms = {room_of(name) for name in imports(path) if name.split(".")[0] == PACKAGE.name}
    assert rooms - {room} <= ROOMS[room]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_the_libraries_of_its_room(path: Path) -> None:
    told = {name.split(".")[0] for name in imports(path)} - {PACKAGE.name, "_typeshed"}
    assert told - sys.stdlib_module_names <= LIBRARIES.get(own_room(path), set())


def test_the_data_plane_knows_no_sockets_threads_or_files() -> None:
    found = {
        f"{path.name}: {name}"
        for path in MODULES
        if own_room(path) == "dataplane"
        for name in imports(path)
        if name.split(".")[0] in IMPURE
    }
    assert not found


def test_of_the_models_the_client_knows_only_what_a_document_holds() -> None:
    used = {name for path in MODULES if own_room(path) == "client" for name in imports(path)}
    models = {name for name in used if name.startswith("bokeh_wsgi.models")}
    assert models <= {f"bokeh_wsgi.models.{name}" for name in ("graph", "graph_diff", "resources", "state")}


def test_the_server_never_imports_bokeh_and_starts_without_blosc2() -> None:
    imports = "import bokeh_wsgi.app, bokeh_wsgi.cli, bokeh_wsgi.serving.server, sys"
    program = f"{imports}; print({{'bokeh', 'blosc2'}} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_client_never_imports_the_server() -> None:
    program = (
        "import bokeh_wsgi.plotting, sys; print(*(m for m in sys.modules if m.startswith('bokeh_wsgi')))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"app", "api", "site", "pages", "hub"} & {room_of(name) for name in run.stdout.split()}


# The client's wings, from the bottom: each knows only modules and wings that are below it. ``client`` itself
# holds, at the bottom, what all wings need, and at the top what puts them together.
WINGS: dict[str, set[str]] = {
    "ids": set(),
    "data_models": set(),
    "raw_models": set(),
    "printable": set(),
    "transport": {"printable"},
    "columns": set(),
    "show": set(),
    "account": {"printable", "transport"},
    "publish": {"ids", "data_models", "transport", "columns"},
    "follow": {"ids", "data_models", "printable", "transport", "columns", "account", "publish"},
    "document_in_use": {"printable", "transport", "columns", "account", "publish", "follow"},
    "session": {"raw_models", "transport", "account", "show", "publish", "follow", "document_in_use"},
    "": {"transport", "account", "publish", "session"},
}

CLIENT = [path for path in MODULES if own_room(path) == "client"]


def own_wing(path: Path) -> str:
    parts = path.relative_to(PACKAGE / "client").with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


@pytest.mark.parametrize("path", CLIENT, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_of_the_client_imports_only_wings_below_its_own(path: Path) -> None:
    wing = own_wing(path)
    assert wing in WINGS, f"{wing!r} has no place in the table of wings"
    found = {name.split(".")[2] for name in imports(path) if name.startswith("bokeh_wsgi.client.")}
    assert found - {wing} <= WINGS[wing]


def test_the_rooms_stand_on_each_other_without_a_circle() -> None:
    assert set(TopologicalSorter(ROOMS).static_order()) == set(ROOMS)


def test_the_wings_stand_on_each_other_without_a_circle() -> None:
    assert set(TopologicalSorter(WINGS).static_order()) == set(WINGS)


def test_modules_import_each_other_without_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        name = ".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts))
        name = name.removesuffix(".__init__")
        found = {found for found in imports(path) if found.split(".")[0] == PACKAGE.name}
        graph[name] = graph.get(name, set()) | found
    TopologicalSorter(graph).prepare()


@cache
def own_names(path: Path) -> set[str]:
    """Names with an underscore that a module gives to anything: functions, classes, attributes, fields."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return {name for name in found if name.startswith("_")}


@pytest.mark.parametrize("path", CLIENT, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_of_the_client_reads_another_s_underscore(path: Path) -> None:
    tree = tree_of(path)
    others = set().union(*(own_names(other) for other in CLIENT if other != path))
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
    }
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(("bokeh_wsgi", ""))
        and node.level
        for alias in node.names
        if alias.name.startswith("_")
    }
    assert not imported
    # A name of Bokeh's own, such as ``model._callbacks``, is nobody's here.
    assert not (read & others) - own_names(path)
