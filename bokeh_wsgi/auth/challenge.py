"""The challenge of a 401 response (``WWW-Authenticate``), and detection of a dropped ``Authorization``."""

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from bokeh_wsgi.protocol import KEY_HEADER, TOKEN_HEADER

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CHALLENGE = "Bearer"
"""``WWW-Authenticate`` of a request without credentials (RFC 6750, 3.1)."""

NOT_PASSED_ON = (
    "If you sent an API key, Apache has not passed it on: write `WSGIPassAuthorization On` into its "
    f"configuration, or send the key as {KEY_HEADER}."
)


def has_credentials(request: Request) -> bool:
    """Whether the request has a key or a token."""
    return any(name in request.headers for name in ("Authorization", TOKEN_HEADER, KEY_HEADER))


def may_drop_authorization(environ: "WSGIEnvironment") -> bool:
    """Whether the server is mod_wsgi, which drops ``Authorization`` by default, and there is none."""
    return "HTTP_AUTHORIZATION" not in environ and any(name.startswith("mod_wsgi.") for name in environ)
