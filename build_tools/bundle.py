"""Bundles the browser client from ``browser/`` into ``bokeh_wsgi/static/``.

Builds in a copy under the build folder, so that the sources stay clean. Two stamps avoid repeated work:
``installed`` (digest of npm's lock file) and ``bundled`` (digest of all inputs).
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from .node import OLDEST, REQUIREMENT, Node, find_node

NOT_INPUTS = {"node_modules", "build", "test", "tests"}


class BundleError(Exception):
    """The browser client cannot be bundled."""


def bundle(sources: Path, work: Path, target: Path) -> None:
    """Makes ``target`` the output of ``npm run build`` in ``sources``; builds only if an input changed.

    ``work`` is a folder that is kept between builds.
    """
    digest = _digest(sources, _inputs(sources))
    static = work / "static"
    if _stamp(work / "bundled") != digest:
        node = find_node()
        if node is None:
            raise BundleError(
                f"The browser client is bundled with Node.js {OLDEST} or later, which is missing: "
                f"install it, or the PyPI package {REQUIREMENT}."
            )
        _refresh(sources, work / "sources")
        _install(node, work)
        _build(node, work / "sources", static)
        (work / "bundled").write_text(digest)
    _mirror(static, target)


def _files(root: Path) -> list[Path]:
    """All files below ``root``, sorted."""
    return sorted(path for path in root.rglob("*") if path.is_file())


def _inputs(sources: Path) -> list[Path]:
    """All files that the bundle depends on."""
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
    """Replaces ``copy`` by the inputs, except its node_modules."""
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
        raise BundleError("`npm run build` in browser/ wrote nothing to $BOKEH_WSGI_STATIC")


def _npm(node: Node, folder: Path, *arguments: str, static: Path | None = None) -> None:
    environ = node.environ | ({"BOKEH_WSGI_STATIC": str(static.resolve())} if static else {})
    try:
        subprocess.run([node.npm, *arguments], cwd=folder, env=environ, check=True)
    except subprocess.CalledProcessError as error:
        raise BundleError(
            f"`npm {arguments[0]}` failed in browser/ (exit code {error.returncode})"
        ) from error


def _mirror(static: Path, target: Path) -> None:
    """Replaces ``target`` if it differs: a server may be reading it."""
    if target.exists():
        if _digest(static, _files(static)) == _digest(target, _files(target)):
            return
        shutil.rmtree(target)
    shutil.copytree(static, target)
