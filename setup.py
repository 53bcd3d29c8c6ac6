"""Builds the compiled kernels and the browser client; everything else is said in pyproject.toml.

``BOKEH_WSGI_CHECKED=1`` builds kernels that check every index (slow; use ``--force`` when switching).
"""

import os
import shutil
import sys
from pathlib import Path
from typing import ClassVar

from setuptools import Command, Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.errors import ExecError

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # PEP 517 front ends do not put it there

from build_tools.bundle import BundleError, bundle  # noqa: E402

CHECKED = os.environ.get("BOKEH_WSGI_CHECKED", "") not in ("", "0")
OPTIMISE = {"msvc": ["/O2"]}
# CFLAGS may say how much to optimise: compilers take the last flag, which would be ours.
CHOSEN = any(flag.startswith("-O") for flag in os.environ.get("CFLAGS", "").split())


def extensions() -> list[Extension]:
    """The Cython kernels, translated to C below build/; optional: without a compiler numpy does the work."""
    sources = sorted(Path("bokeh_wsgi").rglob("*.pyx"))
    if not sources:
        return []
    from Cython.Build import cythonize

    built = cythonize(
        [Extension(".".join(path.with_suffix("").parts), [path.as_posix()]) for path in sources],
        build_dir="build/cython-checked" if CHECKED else "build/cython",
        compiler_directives={
            "language_level": 3,
            "boundscheck": CHECKED,
            "wraparound": CHECKED,
            "initializedcheck": CHECKED,
            "overflowcheck": CHECKED,
            "cdivision": True,
        },
    )
    for extension in built:
        extension.optional = True  # cythonize forgets it
    return built


class BuildExtensions(build_ext):
    """Optimises, and says once when the extension could not be compiled."""

    def build_extensions(self) -> None:
        for extension in self.extensions if not CHOSEN else ():
            extension.extra_compile_args += OPTIMISE.get(self.compiler.compiler_type, ["-O3", "-g0"])
        super().build_extensions()
        missing = [e.name for e in self.extensions if not Path(self.get_ext_fullpath(e.name)).exists()]
        if missing:
            self.warn(f"{', '.join(missing)} not compiled: bokeh_wsgi works without, on slower numpy code")


class BuildBrowser(Command):
    """Bundles browser/ into the package's static/ folder (of the sources for an editable install)."""

    description = "bundle the browser client with npm"
    user_options: ClassVar = [("inplace", "i", "put static/ into the source tree")]
    boolean_options: ClassVar = ["inplace"]
    editable_mode = False

    def initialize_options(self) -> None:
        self.inplace = False
        self.build_lib: str | None = None
        self.build_base: str | None = None

    def finalize_options(self) -> None:
        self.set_undefined_options("build", ("build_lib", "build_lib"), ("build_base", "build_base"))

    @property
    def target(self) -> Path:
        assert self.build_lib is not None
        package = ROOT if self.inplace or self.editable_mode else Path(self.build_lib)
        return package / "bokeh_wsgi" / "static"

    def run(self) -> None:
        assert self.build_base is not None
        try:
            bundle(ROOT / "browser", Path(self.build_base) / "browser", self.target)
        except BundleError as error:
            raise ExecError(str(error)) from error

    def get_source_files(self) -> list[str]:
        return []  # MANIFEST.in names them

    def get_outputs(self) -> list[str]:
        return sorted(str(path) for path in self.target.rglob("*") if path.is_file())

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class Build(build):
    """Starts from an empty folder, so that no module that was deleted since gets into a wheel."""

    sub_commands: ClassVar = [
        *build.sub_commands,
        ("build_browser", lambda _: Path(ROOT, "browser", "package.json").exists()),
    ]

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(
    ext_modules=extensions(),
    cmdclass={"build": Build, "build_ext": BuildExtensions, "build_browser": BuildBrowser},
)
