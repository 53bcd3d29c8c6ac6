"""The static files of pages: the built browser client, CSS and JavaScript of pages, and Bokeh's BokehJS."""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from bokeh_wsgi.exc import NotBuilt

BUILT = Path(__file__).parent / "static"
ASSETS = Path(__file__).parent / "pages" / "assets"
BOKEH_VERSION = version("bokeh")

CLIENTS = frozenset({"page.js", "autoload.js"})


@dataclass(frozen=True)
class PageFile:
    """A static file, read at first use."""

    path: Path

    @cached_property
    def content(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.content, 6, mtime=0)

    @cached_property
    def fingerprint(self) -> str:
        return sha256(self.content).hexdigest()[:16]

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"


class PageFiles:
    """All static files, by their path under ``static/``."""

    def __init__(self) -> None:
        self._files = {
            **_below(BUILT, ""),
            **_below(ASSETS, ""),
            **_below(_bokeh_folder() / "js", f"bokeh/{BOKEH_VERSION}/js/"),
        }

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def find(self, path: str) -> PageFile | None:
        """The file, or None. Another version of BokehJS gets the installed one.

        Embed tags name the version of the script or server that created them, and stay in pages for years.
        """
        return self._files.get(path) or self._files.get(_installed_bokehjs(path))

    def version(self, path: str) -> str:
        """The path with a query that changes with the content, so that browsers can cache it forever."""
        return f"{path}?v={self._files[path].fingerprint}" if path in self._files else path

    def built(self, path: str) -> str:
        """The `version` of a built script; raises `NotBuilt` if it is missing."""
        if path not in self._files:
            raise NotBuilt(
                f"Cannot show pages: this installation lacks their built script {path}. Install bokeh_wsgi "
                "with pip, or run `python -m build_tools` in its sources."
            )
        return self.version(path)


@cache
def page_files() -> PageFiles:
    """The files of this installation."""
    return PageFiles()


def _bokeh_folder() -> Path:
    # Without an import of bokeh, which takes longer than the start of this server.
    spec = find_spec("bokeh")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "server" / "static"


def _installed_bokehjs(path: str) -> str:
    """The path with the installed version of BokehJS, if it is a path of BokehJS."""
    parts = path.split("/")
    return "/".join(["bokeh", BOKEH_VERSION, *parts[2:]]) if parts[0] == "bokeh" else path


def _below(folder: Path, prefix: str) -> dict[str, PageFile]:
    found = sorted(folder.rglob("*")) if folder.is_dir() else []
    return {prefix + path.relative_to(folder).as_posix(): PageFile(path) for path in found if path.is_file()}
