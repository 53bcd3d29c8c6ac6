"""Identifies the sender of a request and checks rights to documents."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from werkzeug.wrappers import Request

from bokeh_wsgi.exc import AccessDenied, BadRequest, NotFound
from bokeh_wsgi.protocol import CSRF_HEADER, DEFAULT_USER, KEY_HEADER, NO_KEY, TOKEN_HEADER, USER_HEADER
from bokeh_wsgi.store import AccountStore, DocumentRecord, Store

from . import audit, keys
from .identity import (
    NOBODY,
    Access,
    Identity,
    Right,
    address_of,
    cookie_name,
    is_followed_link,
    is_from_here,
)
from .names import checked_site_user
from .throttle import Throttle
from .tokens import DocumentToken, Tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Identify = Callable[["WSGIEnvironment"], str | None]
Mode = Literal["single", "accounts", "site"]

LOGIN_COOKIE = "bokeh_wsgi_login"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# The reason why an identity may no longer read a document; "" if it may.
Revocation = Literal[
    "", "not-found", "expired", "withdrawn", "signed-out", "disabled", "unshared", "unpublished"
]
_REVOKED: dict[Revocation, str] = {
    "expired": "This page was open for so long that it has to be loaded again.",
    "withdrawn": "This link or embed code was withdrawn: ask for a new one.",
    "signed-out": "The login or key behind this has ended: sign in again.",
    "disabled": "This account is disabled: ask the operator of this server.",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Determines the identity of requests, and their rights.

    Mode "single": every program and every page of this server is `DEFAULT_USER`. "accounts": API keys and
    login cookies. "site": API keys, and ``site_user`` for browsers. All modes: document tokens.

    Requests of other sites' pages get no identity from a browser's login: the origin is checked, and changes
    also need a form token, which only this server's pages have.
    """

    store: Store
    accounts: AccountStore
    tokens: Tokens
    throttle: Throttle
    mode: Mode = "single"
    site_user: Identify | None = None

    # Identities

    def identify(self, request: Request) -> Identity:
        """The identity of a request; raises `AccessDenied` for invalid credentials."""
        bearer = _bearer(request)
        if bearer is not None and not keys.is_key(bearer):
            return self.bearer_of(bearer)
        if self.mode == "single":
            return self._single(request)
        key = bearer or _old_key(request)
        if key:
            return self._of_key(key, request)
        return self._of_browser(request)

    def anew(self, request: Request, identity: Identity) -> Identity:
        """Look up the identity again, since credentials may end while a slow body arrives.

        `access_of` checks tokens each time.
        """
        return identity if identity.token is not None else self.identify(request)

    def has_credential(self, request: Request, *, takes_tokens: bool) -> bool:
        """Whether the request has a credential that `identify` uses, and refuses if invalid.

        That is a document token, if the route ``takes_tokens``, or an API key, if there are users.
        """
        bearer = _bearer(request)
        if bearer is not None and not keys.is_key(bearer):
            return takes_tokens
        return self.mode != "single" and bool(bearer or _old_key(request))

    def readers(self, request: Request, docids: list[str]) -> dict[str, Identity]:
        """The identity to use for each document; if the request has tokens, the document's token."""
        bearer = _bearer(request)
        if bearer is None or keys.is_key(bearer):
            return dict.fromkeys(docids, self.identify(request))
        found = {}
        for text in bearer.split(","):
            identity = self.bearer_of(text.strip())
            assert identity.token is not None
            found[identity.token.docid] = identity
        if not found.keys() >= set(docids):
            raise AccessDenied("These tokens open other documents.", forbidden=True)
        return {docid: found[docid] for docid in docids}

    def require_user(self, request: Request) -> Identity:
        """The identity of a user; raises `AccessDenied` for the public and for tokens."""
        identity = self.identify(request)
        if identity.token is not None:
            raise AccessDenied("This token opens one document, and nothing else.", forbidden=True)
        if not identity.user:
            raise AccessDenied("This is for users: sign in, or send an API key.")
        return identity

    def _single(self, request: Request) -> Identity:
        if not is_from_here(request) and not is_followed_link(request):
            raise AccessDenied("Another site's page asked for this without a document token.", forbidden=True)
        return Identity(DEFAULT_USER, "single")

    def bearer_of(self, text: str) -> Identity:
        """The identity of a document token; raises `AccessDenied` if it is invalid or expired."""
        token = self.tokens.read(text)
        return Identity(token.user, "token", token.credential, token)

    def _of_key(self, key: str, request: Request) -> Identity:
        credential = self.accounts.get_credential(keys.id_of(key))
        named = request.headers.get(USER_HEADER)
        is_right = keys.opens(key, credential)
        if credential is None or not is_right or named not in (None, credential.user):
            address = address_of(request)
            audit.refused("key-refused", key=keys.id_of(key), address=address)
            self.throttle.wrong_secret(address)
            raise AccessDenied("This API key is not valid, or was revoked: login again.")
        self._check_enabled(credential.user)
        return Identity(credential.user, "key", credential.id)

    def _of_browser(self, request: Request) -> Identity:
        changes = request.method not in SAFE_METHODS
        foreign = not is_from_here(request) and (changes or not is_followed_link(request))
        identity = self._person(request)
        if changes and identity is not NOBODY and request.mimetype in FORM_TYPES:
            _ = request.form  # read first: the login may end while the body arrives
            identity = self._person(request)
        if foreign and changes and identity is not NOBODY:
            raise AccessDenied("Another site's page asked for this.", forbidden=True)
        if foreign:
            return NOBODY
        if changes and identity is not NOBODY and not self.is_form(request, identity):
            raise AccessDenied("This page is too old to be used: reload it, and try again.", forbidden=True)
        return identity

    def _person(self, request: Request) -> Identity:
        return self._of_site(request) if self.mode == "site" else self.login_of(request)

    def login_of(self, request: Request) -> Identity:
        """The identity of the browser's login, without a check of the origin."""
        login_id = self.tokens.read_login(request.cookies.get(cookie_name(LOGIN_COOKIE, request), ""))
        credential = self.accounts.get_credential(login_id) if login_id else None
        if credential is None or credential.kind != "login" or self._is_disabled(credential.user):
            return NOBODY
        return Identity(credential.user, "login", credential.id)

    def _of_site(self, request: Request) -> Identity:
        assert self.site_user is not None
        name = self.site_user(request.environ)
        if not name:
            return NOBODY
        try:
            user = checked_site_user(name)
        except BadRequest as error:
            raise AccessDenied(error.message, forbidden=True) from None
        if self.accounts.get_user(user) is None and self.accounts.create_user(user, ""):
            audit.done("first-seen", user=user, address=address_of(request))
        self._check_enabled(user)
        return Identity(user, "site")

    def _is_disabled(self, user: str) -> bool:
        record = self.accounts.get_user(user)
        return record is None or record.disabled

    def _check_enabled(self, user: str) -> None:
        if self._is_disabled(user):
            raise AccessDenied(_REVOKED["disabled"])

    # Forms

    def form_token(self, identity: Identity, visit: str = "") -> str:
        """The token that this server's pages send with changes, against cross-site request forgery."""
        return self.tokens.sign_form(_subject(identity, visit))

    def is_form(self, request: Request, identity: Identity, visit: str = "") -> bool:
        """Whether the request has a valid form token of this identity (or visit)."""
        text = request.headers.get(CSRF_HEADER) or ""
        if not text and request.mimetype in FORM_TYPES:
            text = request.form.get("csrf", "")
        return self.tokens.is_form(text, _subject(identity, visit))

    # Rights

    def access(self, request: Request, docid: str, right: Right) -> Access:
        """`access_of` for the identity of the request."""
        return self.access_of(self.identify(request), docid, right)

    def access_of(self, identity: Identity, docid: str, right: Right) -> Access:
        """The access of an identity to a document, which needs ``right``.

        Raises `NotFound` without the right to read, and `AccessDenied` if a higher right is missing.
        """
        token = identity.token
        if token is not None and token.docid != docid:
            raise AccessDenied("This token opens another document.", forbidden=True)
        record = self.store.get_document(docid)
        # Keys and logins were just looked up. A token may have been revoked since it was issued.
        revoked = self.revocation(identity, record) if token is not None else ""
        if revoked in _REVOKED:
            raise AccessDenied(_REVOKED[revoked])
        held = Right.NONE if record is None else self.right(identity, record)
        if record is None or held is Right.NONE:
            raise NotFound(f"No document {docid!r}: it was deleted, or its link is wrong.")
        if held < right:
            if token is not None:
                raise AccessDenied("This token may read the document, not change it.", forbidden=True)
            owners = right is Right.OWN
            raise AccessDenied(
                f"Only {'its owner' if owners else 'who may write to this document'} may do that.",
                forbidden=True,
            )
        return Access(identity, record, held)

    def revocation(self, identity: Identity, record: DocumentRecord | None) -> Revocation:
        """The reason why this identity may not read the document (any more); "" if it may."""
        if record is None:
            return "not-found"
        if identity.credential and self.accounts.get_credential(identity.credential) is None:
            return "signed-out"
        if identity.user and self.mode != "single" and self._is_disabled(identity.user):
            return "disabled"
        if self.right(identity, record) is Right.NONE:
            return "unshared" if identity.user else "unpublished"
        # Checked last: for an expired token alone, a page can get a new one.
        token = identity.token
        if token is not None and token.number != record.tokens:
            return "withdrawn"
        return "expired" if token is not None and time.time() > token.ends else ""

    def right(self, identity: Identity, record: DocumentRecord) -> Right:
        right = self._right_of(identity.user, record)
        return min(right, Right.READ) if identity.token is not None else right

    def may_edit(self, access: Access) -> bool:
        """Whether a page may send edits to the document.

        A page's token permits edits, but no other changes, since the document's scripts can read it.
        """
        token = access.identity.token
        if token is not None and not token.is_page:
            return False
        return self._right_of(access.identity.user, access.record) >= Right.WRITE

    def access_for_edit(self, identity: Identity, docid: str) -> Access:
        """The access of an identity that may edit the document; else raises like `access_of`."""
        access = self.access_of(identity, docid, Right.READ)
        if not self.may_edit(access):
            raise AccessDenied(
                "Only who may write to this document can change it from a page.", forbidden=True
            )
        return access

    def _right_of(self, user: str, record: DocumentRecord) -> Right:
        if user and user == record.owner:
            return Right.OWN
        shared = self.store.share_of(record.docid, user) if user else ""
        if shared:
            return Right.WRITE if shared == "write" else Right.READ
        return Right.READ if record.published else Right.NONE

    # Tokens

    def page_token(self, access: Access) -> str:
        """The token of a page, which is valid no longer than the credential of the request."""
        identity, record = access.identity, access.record
        if identity.token is not None:
            return self.tokens.issue(replace(identity.token, left_s=None))
        return self.tokens.issue(
            DocumentToken(record.docid, identity.user, record.tokens, True, identity.credential)
        )

    def embed_token(self, access: Access, *, public: bool) -> str:
        """A token for other sites' pages, valid until withdrawn, while its user (or the public) may read."""
        user = "" if public else access.identity.user
        return self.tokens.issue(DocumentToken(access.record.docid, user, access.record.tokens))

    def frame_code(self, access: Access) -> str:
        """A code that lets its creator edit the document in an embedded frame, for some hours."""
        identity, record = access.identity, access.record
        return self.tokens.sign_frame(
            DocumentToken(record.docid, identity.user, record.tokens, True, identity.credential)
        )

    def bearer_of_frame(self, text: str, code: str) -> Identity:
        """The identity of an embed's token, or of a frame code, if that is valid."""
        identity = self.bearer_of(text)
        token = self.tokens.read_frame(code)
        if token is None or identity.token is None or token.docid != identity.token.docid:
            return identity
        record = self.store.get_document(token.docid)
        framed = Identity(token.user, "token", token.credential, token)
        return identity if self.revocation(framed, record) else framed

    def renewed(self, token: DocumentToken) -> str:
        """The renewed token of a page; "" if the current one cannot be extended."""
        if token.ends - time.time() < RENEW_BELOW * self.tokens.page_token_s:
            return ""
        return self.tokens.issue(replace(token, left_s=None))

    def renews_in_s(self, token: DocumentToken | None) -> float:
        """Seconds until a token should be renewed, with time left for one more poll."""
        if token is None or token.left_s is None:
            return math.inf
        return token.left_s - RENEW_BELOW * self.tokens.page_token_s


FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
RENEW_BELOW = 0.5


def _bearer(request: Request) -> str | None:
    """The credential after "Bearer" (possibly empty), or in the header for tokens; None if neither exists."""
    token = request.headers.get(TOKEN_HEADER)
    if token is not None:
        return token.strip()
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else None


def _old_key(request: Request) -> str:
    """The key as Bokeh 0.9 sent it."""
    key = request.headers.get(KEY_HEADER, "")
    return "" if key == NO_KEY else key


def _subject(identity: Identity, visit: str) -> str:
    """The subject of a form token; a prefix separates user-chosen values, such as visit ids."""
    if identity.via == "login":
        return f"login {identity.credential}"
    if identity.user:
        return f"{identity.via} {identity.user}"
    return f"visit {visit}" if visit else ""
