"""Bundles the browser client: ``browser/`` in, the files of ``bokeh_wsgi/static/`` out.

Everything happens in a copy under the build folder, so the sources stay clean. Two stamps there spare work
that was done before: ``installed`` (npm's lock file) and ``bundled`` (every input).
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from .node import OLDEST, REQUIREMENT, Node, find_node

NOT_INPUTS = {"node_modules", "build", "test", "tests"}


class BundleError(Exception):
    """The browser client cannot be bundled; says what is missing."""


def bundle(sources: Path, work: Path, target: Path) -> None:
    """Makes ``target`` hold exactly what ``npm run build`` in ``sources`` makes, building only if it must.

    ``work`` is a folder of its own that is kept between builds.
    """
    digest = _digest(sources, _inputs(sources))
    static = work / "static"
    if _stamp(work / "bundled") != digest:
        node = find_node()
        if node is None:
            raise BundleError(
                f"The browser client is bundled with Node.js {OLDEST} or later, and none is here: "
                f"install it, or the PyPI package {REQUIREMENT}."
            )
        _refresh(sources, work / "sources")
        _install(node, work)
        _build(node, work / "sources", static)
        (work / "bundled").write_text(digest)
    _mirror(static, target)


def _files(root: Path) -> list[Path]:
    """Every file below, in an order that does not depend on the machine."""
    return sorted(path for path in root.rglob("*") if path.is_file())


def _inputs(sources: Path) -> list[Path]:
    """Every file that goes into the bundle."""
    return [path for path in _files(sources) if not NOT_INPUTS.intersection(path.relative_to(sources).parts)]


def _digest(root: Path, paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def _stamp(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _refresh(sources: Path, copy: Path) -> None:
    """Makes ``copy`` equal to the inputs, leaving its node_modules alone."""
    copy.mkdir(parents=True, exist_ok=True)
    for old in copy.iterdir():
        if old.name == "node_modules":
            continue
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    for path in _inputs(sources):
        new = copy / path.relative_to(sources)
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, new)


def _install(node: Node, work: Path) -> None:
    copy = work / "sources"
    digest = _digest(copy, [copy / "package.json", copy / "package-lock.json"])
    if _stamp(work / "installed") == digest and (copy / "node_modules").is_dir():
        return
    _npm(node, copy, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    (work / "installed").write_text(digest)


def _build(node: Node, copy: Path, static: Path) -> None:
    if static.exists():
        shutil.rmtree(static)
    static.mkdir(parents=True)
    _npm(node, copy, "run", "build", "--loglevel=error", static=static)
    if not any(static.iterdir()):
        raise BundleError("`npm run build` in browser/ left nothing in $BOKEH_WSGI_STATIC")


def _npm(node: Node, folder: Path, *arguments: str, static: Path | None = None) -> None:
    environ = node.environ | ({"BOKEH_WSGI_STATIC": str(static.resolve())} if static else {})
    try:
        subprocess.run([node.npm, *arguments], cwd=folder, env=environ, check=True)
    except subprocess.CalledProcessError as error:
        raise BundleError(
            f"`npm {arguments[0]}` failed in browser/ (exit code {error.returncode})"
        ) from error


def _mirror(static: Path, target: Path) -> None:
    """Replaces ``target`` unless it is this bundle already: a server may be reading it."""
    if target.exists():
        if _digest(static, _files(static)) == _digest(target, _files(target)):
            return
        shutil.rmtree(target)
    shutil.copytree(static, target)
