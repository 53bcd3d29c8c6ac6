"""Answers of all routes: JSON for programs, and errors in the form that was asked for."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from bokeh_wsgi import pages
from bokeh_wsgi.auth.challenge import CHALLENGE, NOT_PASSED_ON, has_credentials, may_drop_authorization
from bokeh_wsgi.context import Context, mount_of
from bokeh_wsgi.exc import BokehWSGIError, TooMany
from bokeh_wsgi.pages.people import sign_in_link


def as_json(content: Mapping[str, Any], status: int = 200) -> Response:
    body = json.dumps(content, separators=(",", ":"))
    return Response(body, status, mimetype="application/json", headers={"Cache-Control": "no-store"})


def refusal(context: Context, request: Request, error: BokehWSGIError) -> Response:
    """The response that says an error of ours."""
    is_bare = error.status in (401, 403, 404) and not has_credentials(request)
    message = error.message
    if is_bare and may_drop_authorization(request.environ):
        message = NOT_PASSED_ON if error.status == 401 else f"{message} {NOT_PASSED_ON}"
    response = failure(context, request, error.status, message, code=error.code, data=error.data)
    if is_bare:
        response.headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.data["retry_after"])
    return response


def failure(
    context: Context,
    request: Request,
    status: int,
    message: str,
    *,
    allow: Iterable[str] | None = None,
    code: str = "http",
    data: Mapping[str, Any] | None = None,
) -> Response:
    """A readable page if HTML was asked for, else ``{"error": code, "message": message, **data}``."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        link = sign_in_link(context, request) if status in (401, 403, 404) else ""
        html = pages.error_page(mount_of(request), status, message=message, sign_in=link)
        response = Response(html, status, headers=pages.SERVER_PAGE_HEADERS)
    else:
        response = as_json({"error": code, "message": message, **(data or {})}, status)
    if allow:
        response.headers["Allow"] = ", ".join(sorted(allow))
    return response
