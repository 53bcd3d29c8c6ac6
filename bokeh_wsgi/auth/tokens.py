"""Short-lived tokens that open one document to one page."""

import hashlib
import time
from collections.abc import Sequence

from itsdangerous import BadSignature, URLSafeTimedSerializer

from bokeh_wsgi.exc import AccessDenied

DOCUMENT_TOKEN_S = 600


class Tokens:
    """Sign and check document tokens.

    ``keys`` are the server's secrets, oldest first: the last one signs, every one is accepted, so that keys
    can be rotated. Tokens are signed, not encrypted: they hold a docid and a user name.
    """

    def __init__(self, keys: Sequence[str | bytes], *, lifetime_s: int = DOCUMENT_TOKEN_S) -> None:
        self.lifetime_s = lifetime_s
        self._signer = URLSafeTimedSerializer(
            [key.encode() if isinstance(key, str) else key for key in keys],
            salt="bokeh_wsgi.document",
            signer_kwargs={"digest_method": hashlib.sha256},
        )

    def issue(self, docid: str, user: str) -> str:
        """A token that lets its bearer read ``docid`` in the name of ``user`` for ``lifetime_s`` seconds."""
        return str(self._signer.dumps([docid, user]))

    def read(self, token: str) -> tuple[str, str, float]:
        """The (docid, user, seconds left) of a token; raises `AccessDenied` if it is forged or too old."""
        try:
            (docid, user), signed = self._signer.loads(token, max_age=self.lifetime_s, return_timestamp=True)
        except (BadSignature, ValueError, TypeError) as error:
            raise AccessDenied(
                "This token is not valid or has expired: reload the page to get a new one."
            ) from error
        return docid, user, signed.timestamp() + self.lifetime_s - time.time()
