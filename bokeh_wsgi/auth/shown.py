"""Headers in which a request shows who sends it, and servers that do not pass one of them on."""

from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

TOKEN_HEADER = "Document-Token"
"""Where pages have their tokens: Apache drops ``Authorization``, unless it is told to pass it on."""
KEY_HEADER = "BOKEHUSER-API-KEY"
"""Where scripts of Bokeh 0.9 have their key."""
CHALLENGE = "Bearer"
"""``WWW-Authenticate`` of a refusal: nothing was shown (RFC 6750, 3.1)."""

NOT_PASSED_ON = (
    "If you sent an API key, Apache has not passed it on: write `WSGIPassAuthorization On` into its "
    f"configuration, or send the key as {KEY_HEADER}."
)


def shows_anything(request: Request) -> bool:
    """Whether a key or a token has come with the request."""
    return any(name in request.headers for name in ("Authorization", TOKEN_HEADER, KEY_HEADER))


def may_be_kept_back(environ: "WSGIEnvironment") -> bool:
    """Whether the server is mod_wsgi, and there is no ``Authorization``: by default it drops that."""
    return "HTTP_AUTHORIZATION" not in environ and any(name.startswith("mod_wsgi.") for name in environ)
