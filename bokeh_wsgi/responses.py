"""Builds responses: JSON for programs, HTML for browsers."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from bokeh_wsgi.exc import BokehWSGIError, TooMany
from bokeh_wsgi.pages.headers import SERVER_PAGE_HEADERS

Answer = Response | Mapping[str, Any] | tuple[Mapping[str, Any], int]
"""The result of a route's handler: a response, a JSON object, or a JSON object with a status."""


def as_response(answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    return as_json(*answer) if isinstance(answer, tuple) else as_json(answer)


def as_json(content: Mapping[str, Any], status: int = 200) -> Response:
    body = json.dumps(content, separators=(",", ":"))
    return Response(body, status, mimetype="application/json", headers={"Cache-Control": "no-store"})


def as_page(html: str, error: BokehWSGIError | None = None) -> Response:
    """A page of the server; ``error`` is one that it shows, and sets the status."""
    response = Response(html, error.status if error else 200, headers=SERVER_PAGE_HEADERS)
    return response if error is None else retry_later(response, error)


def check_refusal(error: BokehWSGIError) -> None:
    """Raises an error that is the server's fault: a form shows only why what was filled in is refused."""
    if error.status >= 500:
        raise error


def retry_later(response: Response, error: BokehWSGIError) -> Response:
    """Add Retry-After if the error has one."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.data["retry_after"])
    return response
