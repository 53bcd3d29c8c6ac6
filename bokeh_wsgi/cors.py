"""CORS: the routes that pages of other origins may call, such as document pages and pages with embeds."""

from typing import Any

from werkzeug.wrappers import Response

from bokeh_wsgi.api import changes, edits, exports
from bokeh_wsgi.protocol import TOKEN_HEADER

# Routes that pages call with a document token, from an opaque origin or from another site.
TOKEN_ROUTES = frozenset({changes.changes, edits.edit, exports.export})
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": f"Authorization, {TOKEN_HEADER}",
    "Access-Control-Max-Age": "86400",
}


def preflight() -> Response:
    """The response to a CORS preflight."""
    return Response("", mimetype="text/plain", headers=PREFLIGHT)


def allow(response: Response, route: Any) -> Response:
    """Let pages of all origins read the response, if its route is in `TOKEN_ROUTES`."""
    if route in TOKEN_ROUTES:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response
