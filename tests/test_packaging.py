"""The source distribution and the wheel, built as pip builds them, and the wheel at work."""

import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.imports import ROOT

BUILT = shutil.ignore_patterns(
    ".*", "*.so", "*.egg-info", "__pycache__", "build", "dist", "node_modules", "static", "shots"
)


def python(*arguments: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, *map(str, arguments)]
    run = subprocess.run(command, cwd=cwd, env=clean | environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sdist of these sources, and the wheel that was built from nothing but that."""
    folder = tmp_path_factory.mktemp("packaging")
    shutil.copytree(ROOT, folder / "sources", ignore=BUILT)
    # To optimise the kernels would take longer than all other tests of packaging.
    python("-m", "build", "--outdir", folder, folder / "sources", cwd=folder, CFLAGS="-O0 -g0")
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (path,) = distributions.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The wheel's content, unpacked as an installer does."""
    target = wheel.parent / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_the_wheel_holds_the_page_s_client_the_kernels_and_the_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "bokeh_wsgi/static/page.js" in names
    assert "bokeh_wsgi/py.typed" in names
    assert "bokeh_wsgi/dataplane/_diff.pyi" in names
    assert any(name.startswith("bokeh_wsgi/dataplane/_diff.") and name.endswith(".so") for name in names)


def test_the_wheel_holds_every_file_of_the_package_and_no_sources_of_what_was_built(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = ROOT / "bokeh_wsgi"
    files = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file()
        and path.suffix not in (".pyx", ".so", ".pyc")
        and package / "static" not in path.parents
    }
    assert files <= names
    assert {name for name in names if name.startswith("bokeh_wsgi/")} == names
    assert not {name for name in names if name.endswith((".pyx", ".ts", ".c", ".map"))}


def test_the_source_distribution_holds_what_is_needed_to_work_on_it(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "Makefile",
        "browser/package-lock.json",
        "build_tools/bundle.py",
        "tests/test_packaging.py",
    } <= names
    assert not {name for name in names if name.startswith(("browser/node_modules", "bokeh_wsgi/static"))}


def test_the_wheel_runs_with_compiled_kernels(installed: Path) -> None:
    program = "import bokeh_wsgi.dataplane._diff as kernels; print(kernels.__file__)"
    run = python("-W", "error", "-c", program, cwd=installed)
    assert Path(run.stdout.strip()).is_relative_to(installed)


def test_the_wheel_serves_the_page_s_client(installed: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "bokeh_wsgi", "--port", "0", "--store", "memory:"],
        cwd=installed,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None
        link = server.stdout.readline().split()[-1]
        try:
            with urllib.request.urlopen(f"{link}static/page.js") as response:
                assert response.read() == (installed / "bokeh_wsgi" / "static" / "page.js").read_bytes()
        finally:
            server.terminate()


def test_without_a_compiler_it_installs_and_says_once_what_is_missing(distributions: Path) -> None:
    sources = distributions / "sources"
    (sources / "browser" / "package.json").unlink()  # that it bundles is known: here it is about the compiler
    command = ["-m", "pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", "plain", "./sources"]
    run = python(*command, cwd=distributions, CC="false")
    assert (run.stdout + run.stderr).count("not compiled: bokeh_wsgi works without") == 1
    (path,) = (distributions / "plain").glob("*.whl")
    assert not any(name.endswith(".so") for name in zipfile.ZipFile(path).namelist())
