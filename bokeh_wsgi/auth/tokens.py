"""Signs and verifies document tokens, login cookies and form tokens."""

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

from bokeh_wsgi.exc import AccessDenied

PAGE_TOKEN_S = 600
# How long a page may renew its token before it must be reloaded. This limits the use of a stolen token.
PAGE_S = 12 * 3600
FORM_TOKEN_S = 86_400
FRAME_CODE_S = PAGE_S


@dataclass(frozen=True, slots=True)
class DocumentToken:
    """A bearer token to read one document, valid while ``user`` ("": the public) may read it.

    ``number`` must equal the document's. A page's token (``is_page``) ends with the ``credential`` that
    loaded the page. It is valid for `PAGE_TOKEN_S`, and can be renewed until `PAGE_S` after ``began``, the
    time of the page's first token. The token of an embed is valid until withdrawn.
    """

    docid: str
    user: str
    number: int
    is_page: bool = False
    credential: str = ""
    began: float = 0.0
    left_s: float | None = None

    @property
    def ends(self) -> float:
        """The Unix time when the token ends, with all renewals."""
        return self.began + PAGE_S if self.is_page else math.inf


class Tokens:
    """Signs and verifies tokens and cookies.

    ``keys`` are the server's secrets, oldest first: the last one signs, all are accepted, so that keys can be
    rotated. Signed data is not encrypted.
    """

    def __init__(
        self, keys: Sequence[str | bytes], *, page_token_s: int = PAGE_TOKEN_S, login_s: int = 14 * 86_400
    ) -> None:
        self.page_token_s = page_token_s
        self.login_s = login_s
        self._documents = _serializer(keys, "document")
        self._logins = _serializer(keys, "login")
        self._forms = _serializer(keys, "form")
        self._frames = _serializer(keys, "frame")

    def issue(self, token: DocumentToken) -> str:
        if not token.is_page:
            return str(self._documents.dumps([token.docid, token.user, token.number]))
        began = token.began or time.time()
        return str(
            self._documents.dumps([token.docid, token.user, token.number, token.credential, int(began)])
        )

    def read(self, text: str) -> DocumentToken:
        """Verify a token; raises `AccessDenied` if it is invalid or expired. Does not check rights."""
        try:
            content, signed = self._documents.loads(text, return_timestamp=True)
            docid, user, number, *page = content
            if not page:
                return DocumentToken(docid, user, number)
            token = DocumentToken(docid, user, number, True, *page)
            left_s = min(signed.timestamp() + self.page_token_s, token.ends) - time.time()
            if left_s < 0:
                raise BadSignature("too old")
            return replace(token, left_s=left_s)
        except (BadSignature, ValueError, TypeError, IndexError) as error:
            raise AccessDenied(
                "This token is not valid or has expired: reload the page to get a new one."
            ) from error

    def sign_frame(self, token: DocumentToken) -> str:
        """A code that lets a notebook's frame get ``token``."""
        return str(self._frames.dumps([token.docid, token.user, token.number, token.credential]))

    def read_frame(self, code: str) -> DocumentToken | None:
        """The token that a frame code permits; None if the code is invalid or expired."""
        try:
            content, signed = self._frames.loads(code, max_age=FRAME_CODE_S, return_timestamp=True)
            docid, user, number, credential = content
        except (BadSignature, ValueError, TypeError):
            return None
        return DocumentToken(docid, user, number, True, credential, signed.timestamp())

    def sign_login(self, login_id: str) -> str:
        return str(self._logins.dumps(login_id))

    def read_login(self, cookie: str) -> str:
        """The id of a login; "" if the cookie is invalid or expired."""
        return _loaded(self._logins, cookie, self.login_s)

    def sign_form(self, subject: str) -> str:
        """A token for the forms of ``subject``: a login, a user of the site, or a visit.

        It does not contain the subject, which is part of the signing key.
        """
        return str(self._forms.dumps("", salt=_salt(f"form {subject}")))

    def is_form(self, token: str, subject: str) -> bool:
        try:
            self._forms.loads(token, max_age=FORM_TOKEN_S, salt=_salt(f"form {subject}"))
        except (BadSignature, ValueError):
            return False
        return bool(subject)


def _loaded(serializer: URLSafeTimedSerializer, text: str, max_age: int) -> str:
    try:
        content: Any = serializer.loads(text, max_age=max_age)
    except (BadSignature, ValueError):
        return ""
    return content if isinstance(content, str) else ""


def _serializer(keys: Sequence[str | bytes], purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        [key.encode() if isinstance(key, str) else key for key in keys],
        salt=_salt(purpose),
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def _salt(purpose: str) -> bytes:
    return f"bokeh_wsgi.{purpose}".encode()
