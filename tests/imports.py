"""What modules import, read from their sources: of the tests, and of the package."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


@cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names of every module, and of every name of one, that a module imports, anywhere in it."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parent.parts if path.is_relative_to(ROOT) else ()
    for node in _statements(ast.parse(path.read_text()).body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = package[: len(package) - node.level + 1] if node.level else []
            dotted = ".".join([*origin, *filter(None, [node.module])])
            yield dotted
            yield from (f"{dotted}.{alias.name}" for alias in node.names)


def _statements(body: list[Any]) -> Iterator[Any]:
    """All statements: `ast.walk` takes ten times as long, for the expressions."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(node, part, []))


@cache
def reached(path: Path) -> frozenset[str]:
    """What a module of the tests imports, by way of others of them too; their conftest files are such."""
    found: set[str] = set()
    modules, waiting = {path}, [path]
    while waiting:
        names = imports(waiting.pop())
        found |= names
        for name in names:
            module = ROOT.joinpath(*name.split(".")).with_suffix(".py")
            if name.startswith("tests.") and module.exists() and module not in modules:
                modules.add(module)
                waiting.append(module)
    return frozenset(found)
