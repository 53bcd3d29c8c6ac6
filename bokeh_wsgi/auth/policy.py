"""Which request is whose, and what it may see and do."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from bokeh_wsgi.exc import AccessDenied

from .tokens import Tokens

DEFAULT_USER = "defaultuser"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a user, or the bearer of a token (then ``docid`` is the one document it opens)."""

    user: str
    docid: str | None = None
    token_left_s: float | None = None

    def may_read(self, docid: str) -> bool:
        return self.docid is None or self.docid == docid

    @property
    def may_write(self) -> bool:
        """Document tokens are read-only."""
        return self.docid is None


class Policy:
    """Single-user mode: every program, and every page of this server itself, is `DEFAULT_USER`.

    A script of another site in the user's browser is not: browsers say where a request comes from, and
    without a token only this server's own pages and typed or followed links are answered.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def identify(self, request: Request) -> Identity:
        """The identity behind a request; raises `AccessDenied` where there is none."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            docid, user, left_s = self.tokens.read(token.strip())
            return Identity(user, docid, left_s)
        if not _from_here(request):
            raise AccessDenied("Another site's page asked for this without a document token.", forbidden=True)
        return Identity(DEFAULT_USER)

    def require_read(self, request: Request, docid: str) -> Identity:
        identity = self.identify(request)
        if not identity.may_read(docid):
            raise AccessDenied("This token opens another document.", forbidden=True)
        return identity

    def require_write(self, request: Request, docid: str) -> Identity:
        identity = self.require_read(request, docid)
        if not identity.may_write:
            raise AccessDenied("This token may read the document, not change it.", forbidden=True)
        return identity


def _from_here(request: Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site in (None, "same-origin", "none"):
        origin = request.headers.get("Origin")
        return site is not None or origin is None or origin == request.host_url.rstrip("/")
    # A link on another site may open a page; only fetches and form posts from there are refused.
    return request.method in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Mode") == "navigate"
