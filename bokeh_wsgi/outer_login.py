"""Decides which requests a surrounding site's login rules may let pass, since this app checks them."""

from collections.abc import Mapping

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from bokeh_wsgi.api import changes, edits, server
from bokeh_wsgi.context import Context
from bokeh_wsgi.routes import match
from bokeh_wsgi.site import document, sign_in, static

# Public resources.
PUBLIC_ROUTES = frozenset({server.ping, static.autoload, static.favicon, static.static})
# Sign-in forms: they use no credentials of the request.
SIGN_IN_ROUTES = frozenset(
    {
        *(sign_in.login_form, sign_in.login, sign_in.register_form, sign_in.register),
        *(sign_in.code_form, sign_in.code),
    }
)


def is_checked_here(context: Context, request: Request) -> bool:
    """Whether the route checks only credentials in the request, or is public."""
    try:
        route, arguments = match(request)
    except HTTPException:
        # A CORS preflight reveals nothing.
        return request.method == "OPTIONS"
    if route in PUBLIC_ROUTES:
        return True
    if route in SIGN_IN_ROUTES:
        return False
    if route is document.view and document.is_public(request):
        return False
    if (route is document.view and document.brings_token(request)) or (
        route is edits.edit and edits.brings_token(request)
    ):
        return True
    return context.policy.has_credential(request, takes_tokens=_takes_tokens(route, arguments))


def _takes_tokens(route: object, arguments: Mapping[str, str]) -> bool:
    return "docid" in arguments or route is changes.changes
