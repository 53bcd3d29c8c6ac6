"""The visit of a browser in which nobody is signed in: a cookie that its forms are bound to."""

import secrets

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.auth import NOBODY, cookie_name, is_from_here
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import AccessDenied
from bokeh_wsgi.links import cookie_path

VISIT_COOKIE = "bokeh_wsgi_visit"
VISIT_BYTES = 16


class Visit:
    """``id`` is random, and the browser's for as long as it runs."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._cookie = cookie_name(VISIT_COOKIE, request)
        self._known = request.cookies.get(self._cookie, "")
        self.id = self._known or secrets.token_urlsafe(VISIT_BYTES)

    def keep(self, response: Response) -> Response:
        """Have the browser keep the id, if it has none yet."""
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
    """Raises `AccessDenied` for a form that was not sent by a page of this server to this browser."""
    visit = Visit(request)
    if not is_from_here(request) or not context.policy.is_form(request, NOBODY, visit.id):
        raise AccessDenied(
            "This form is too old, or did not come from this server: load its page again.", forbidden=True
        )
    return visit
