"""The routes of static files: scripts, styles, BokehJS."""

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.page_files import CLIENTS, page_files

COMPRESSED_TYPES = ("text/", "application/json", "image/svg")
FOREVER = "public, max-age=31536000, immutable"


def static(context: object, request: Request, path: str) -> Response:  # noqa: ARG001 - as all routes
    """A file, for pages of any origin (CORS); raises `NotFound`, `NotBuilt`."""
    files = page_files()
    if path in CLIENTS:
        files.built(path)
    file = files.find(path)
    if file is None:
        raise NotFound(f"No file static/{path}.")
    zipped = file.mimetype.startswith(COMPRESSED_TYPES) and request.accept_encodings["gzip"] > 0
    response = Response(file.zipped if zipped else file.content, mimetype=file.mimetype)
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    is_immutable = path in files and (path.startswith("bokeh/") or "v" in request.args)
    response.headers["Cache-Control"] = FOREVER if is_immutable else "no-cache"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(file.fingerprint + ("-gzip" if zipped else ""))
    return response.make_conditional(request)


def favicon(context: object, request: Request) -> Response:
    return static(context, request, "icon.svg")


def autoload(context: object, request: Request, element: str = "") -> Response:  # noqa: ARG001
    """The script of embed tags; tags of Bokeh 0.9 add an element id to its URL."""
    return static(context, request, "autoload.js")
