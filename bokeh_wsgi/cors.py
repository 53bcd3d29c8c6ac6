"""What pages of other origins may call (CORS): those of documents, and those of sites that show them."""

from typing import Any

from werkzeug.wrappers import Response

from bokeh_wsgi.api import changes, edits, exports
from bokeh_wsgi.protocol import TOKEN_HEADER

# Routes that a page in an opaque origin, or a page of another site, calls with a document token.
TOKEN_ROUTES = frozenset({changes.changes, edits.edit, exports.export})
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": f"Authorization, {TOKEN_HEADER}",
    "Access-Control-Max-Age": "86400",
}


def preflight() -> Response:
    """The response to a browser that asks what a page of another origin may send."""
    return Response("", mimetype="text/plain", headers=PREFLIGHT)


def allow(response: Response, route: Any) -> Response:
    """Let pages of all origins read the response, if its route is for them."""
    if route in TOKEN_ROUTES:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response
