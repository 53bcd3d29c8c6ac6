"""A session cookie for browsers without a login: CSRF tokens of the sign-in forms are bound to it."""

import secrets

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.auth import NOBODY, cookie_name, is_from_here
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import AccessDenied
from bokeh_wsgi.links import cookie_path

VISIT_COOKIE = "bokeh_wsgi_visit"
VISIT_BYTES = 16


class Visit:
    """A browser session without a login; ``id`` is random, and lasts until the browser closes."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._cookie = cookie_name(VISIT_COOKIE, request)
        self._known = request.cookies.get(self._cookie, "")
        self.id = self._known or secrets.token_urlsafe(VISIT_BYTES)

    def keep(self, response: Response) -> Response:
        """Set the cookie, if the browser does not have it yet."""
        if not self._known:
            response.set_cookie(
                self._cookie,
                self.id,
                path=cookie_path(self._request),
                secure=self._request.is_secure,
                httponly=True,
                samesite="Lax",
            )
        return response


def checked_visit(context: Context, request: Request) -> Visit:
    """Check the CSRF token; raises `AccessDenied` if no page of this server sent the form."""
    visit = Visit(request)
    if not is_from_here(request) or not context.policy.is_form(request, NOBODY, visit.id):
        raise AccessDenied(
            "This form is too old, or not from this server: load its page again.", forbidden=True
        )
    return visit
