"""Files that pages load: the page's client, the pages' own css and js, and BokehJS as Bokeh ships it."""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.exc import NotBuilt, NotFound

from .render import ASSETS

BUILT = Path(__file__).parent.parent / "static"
BOKEH_VERSION = version("bokeh")

CLIENTS = frozenset({"page.js", "autoload.js"})
COMPRESSED_TYPES = ("text/", "application/json", "image/svg")
FOREVER = "public, max-age=31536000, immutable"


def _bokeh_folder() -> Path:
    # Found without importing it: bokeh takes longer to import than this server to start.
    spec = find_spec("bokeh")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "server" / "static"


@dataclass(frozen=True)
class _File:
    path: Path

    @cached_property
    def content(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.content, 6, mtime=0)

    @cached_property
    def etag(self) -> str:
        return sha256(self.content).hexdigest()[:16]

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"


@cache
def files() -> "StaticFiles":
    """The files of this installation."""
    return StaticFiles()


def static(context: object, request: Request, path: str) -> Response:  # noqa: ARG001 - as all routes
    return files().response(request, path)


def favicon(context: object, request: Request) -> Response:  # noqa: ARG001
    return files().response(request, "icon.svg")


def autoload(context: object, request: Request, element: str = "") -> Response:  # noqa: ARG001
    """The script of embeds; Bokeh 0.9 had the id of an element in its address."""
    return files().response(request, "autoload.js")


class StaticFiles:
    """Every file there is, by its path under ``static/``; found once, read when first asked for."""

    def __init__(self) -> None:
        self._files = {
            **_below(BUILT, ""),
            **_below(ASSETS, ""),
            **_below(_bokeh_folder() / "js", f"bokeh/{BOKEH_VERSION}/js/"),
        }

    def version(self, path: str) -> str:
        """The path with a query that changes with the content, so that browsers may keep it for ever."""
        return f"{path}?v={self._files[path].etag}" if path in self._files else path

    def built(self, path: str) -> str:
        """The `version` of a script that the package's build makes; raises `NotBuilt`."""
        if path not in self._files:
            raise NotBuilt(
                f"Pages cannot be shown: this server was installed without their client ({path}), "
                "which the build of the package makes. Install bokeh_wsgi with pip, or run "
                "`python -m build_tools` in its sources."
            )
        return self.version(path)

    def response(self, request: Request, path: str) -> Response:
        """The file; raises `NotFound`, `NotBuilt`. Pages in an opaque origin may read it: nothing is private.

        A BokehJS that is not here is answered with the one that is: embed tags name that of the script, or of
        the server, that made them, and stay in pages for years.
        """
        if path in CLIENTS:
            self.built(path)
        file = self._files.get(path) or self._files.get(_ours_instead(path))
        if file is None:
            raise NotFound(f"No file static/{path}.")
        mimetype = file.mimetype
        zipped = mimetype.startswith(COMPRESSED_TYPES) and request.accept_encodings["gzip"] > 0
        response = Response(file.zipped if zipped else file.content, mimetype=mimetype)
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        lasts = path in self._files and (path.startswith("bokeh/") or "v" in request.args)
        response.headers["Cache-Control"] = FOREVER if lasts else "no-cache"
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.set_etag(file.etag + ("-gzip" if zipped else ""))
        return response.make_conditional(request)


def _ours_instead(path: str) -> str:
    """The file of this server's BokehJS for one of another version."""
    parts = path.split("/")
    return "/".join(["bokeh", BOKEH_VERSION, *parts[2:]]) if parts[0] == "bokeh" else path


def _below(folder: Path, prefix: str) -> dict[str, _File]:
    found = sorted(folder.rglob("*")) if folder.is_dir() else []
    return {prefix + path.relative_to(folder).as_posix(): _File(path) for path in found if path.is_file()}
