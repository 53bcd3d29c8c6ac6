"""Converts errors to responses: an HTML page if the client accepts HTML, else JSON."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Request, Response

from bokeh_wsgi import cors
from bokeh_wsgi.auth.challenge import CHALLENGE, NOT_PASSED_ON, has_credentials, may_drop_authorization
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BokehWSGIError
from bokeh_wsgi.links import mount_of, sign_in_link
from bokeh_wsgi.pages.error import error_page
from bokeh_wsgi.pages.headers import SERVER_PAGE_HEADERS

from .responses import Answer, as_json, as_response, retry_later

log = logging.getLogger("bokeh_wsgi")


def answer(
    context: Context, request: Request, route: Callable[..., Answer], arguments: Mapping[str, Any]
) -> Response:
    """The response of a route, or of the error that it raised."""
    try:
        return as_response(route(context, request, **arguments))
    except BokehWSGIError as error:
        if error.status >= 500:
            log.error("%s %a: %s", request.method, request.path, error)
        return _refusal(context, request, error)
    except HTTPException as error:
        return failure(context, request, error.code or 500, error.description or error.name)
    except RecursionError:
        return failure(context, request, 400, "This is nested too deep to be read.")
    except Exception:
        log.exception("%s %a failed", request.method, request.path)
        return failure(context, request, 500, "Something broke on the server; its log says what.")


def no_route(context: Context, request: Request, error: HTTPException) -> Response:
    """The response to a request without a route: a redirect or an error."""
    if isinstance(error, RequestRedirect):
        return Response(status=error.code, headers={"Location": error.new_url})
    if not isinstance(error, MethodNotAllowed):
        return failure(context, request, error.code or 500, f"No page or route {request.path!r} here.")
    if request.method == "OPTIONS":
        return cors.preflight()
    message = f"{request.method} is not possible here."
    return failure(context, request, 405, message, allow=error.valid_methods)


def _refusal(context: Context, request: Request, error: BokehWSGIError) -> Response:
    is_bare = error.status in (401, 403, 404) and not has_credentials(request)
    message = error.public_message
    if is_bare and may_drop_authorization(request.environ):
        message = NOT_PASSED_ON if error.status == 401 else f"{message} {NOT_PASSED_ON}"
    response = failure(context, request, error.status, message, code=error.code, data=error.data)
    if is_bare:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return retry_later(response, error)


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
    """An HTML page if the client accepts HTML, else ``{"error": code, "message": message, **data}``."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        link = sign_in_link(context.policy, request) if status in (401, 403, 404) else ""
        html = error_page(mount_of(request), status, message=message, sign_in=link)
        response = Response(html, status, headers=SERVER_PAGE_HEADERS)
    else:
        response = as_json({"error": code, "message": message, **(data or {})}, status)
    if allow:
        response.headers["Allow"] = ", ".join(sorted(allow))
    return response
