"""API keys: ``bwk-<id>-<secret>``, shown once. The store has only the hash of the secret."""

import hmac
import re
import secrets
import time
from hashlib import sha256

from bokeh_wsgi.store import Credential

PREFIX = "bwk-"
_ID_BYTES = 8
_SECRET_BYTES = 32
_IS_ID = re.compile(f"[0-9a-f]{{{2 * _ID_BYTES}}}")


def new_key(user: str, name: str) -> tuple[Credential, str]:
    """The credential of a new key, and the key."""
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    credential = Credential(key_id, user, "key", name, _hash(secret), time.time())
    return credential, f"{PREFIX}{key_id}-{secret}"


def new_login(user: str, name: str) -> Credential:
    """The credential of a browser's login. Its id is in a signed cookie."""
    return Credential(secrets.token_hex(_ID_BYTES), user, "login", name, "", time.time())


def is_key(text: str) -> bool:
    return text.startswith(PREFIX)


def id_of(key: str) -> str:
    """The id in a key; "" for other text, which may be a password."""
    found = key.removeprefix(PREFIX).partition("-")[0]
    return found if _IS_ID.fullmatch(found) else ""


def opens(key: str, credential: Credential | None) -> bool:
    """Whether the key matches the credential. A random secret of 256 bits needs no slow hash."""
    secret = key.removeprefix(PREFIX).partition("-")[2]
    expected = credential.secret_hash if credential is not None and credential.kind == "key" else ""
    return hmac.compare_digest(_hash(secret), expected) and bool(expected)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
