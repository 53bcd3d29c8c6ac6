"""Responses of all routes: JSON for programs, pages for people."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from bokeh_wsgi.exc import BokehWSGIError, TooMany
from bokeh_wsgi.pages.headers import SERVER_PAGE_HEADERS

Answer = Response | Mapping[str, Any] | tuple[Mapping[str, Any], int]
"""What a route returns: a response, or what becomes one: a JSON object, or one with its status."""


def as_response(answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    return as_json(*answer) if isinstance(answer, tuple) else as_json(answer)


def as_json(content: Mapping[str, Any], status: int = 200) -> Response:
    body = json.dumps(content, separators=(",", ":"))
    return Response(body, status, mimetype="application/json", headers={"Cache-Control": "no-store"})


def as_page(html: str, error: BokehWSGIError | None = None) -> Response:
    """One of the server's own pages; with an ``error`` that it shows, its status."""
    response = Response(html, error.status if error else 200, headers=SERVER_PAGE_HEADERS)
    return response if error is None else retry_later(response, error)


def check_refusal(error: BokehWSGIError) -> None:
    """Raises an error that is the server's fault: a form shows only why what was filled in is refused."""
    if error.status >= 500:
        raise error


def retry_later(response: Response, error: BokehWSGIError) -> Response:
    """Add when to try again to the response for an error, if that says so."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.data["retry_after"])
    return response
