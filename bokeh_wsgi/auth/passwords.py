"""Checks and hashes passwords, with werkzeug's scrypt: 64 MiB and some tenths of a second per check."""

import threading
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from bokeh_wsgi.exc import BadRequest

METHOD = "scrypt:65536:8:2"
# Limits concurrent hashing, so that many attempts do not exhaust the memory.
_places = threading.BoundedSemaphore(4)
MIN_LENGTH = 8
MAX_LENGTH = 1024


def checked_password(password: object, user: str) -> str:
    """A valid new password; raises BadRequest. Requires length, not kinds of characters (NIST SP 800-63B)."""
    if not isinstance(password, str) or len(password) < MIN_LENGTH:
        raise BadRequest(f"A password has {MIN_LENGTH} characters or more.")
    if len(password) > MAX_LENGTH:
        raise BadRequest(f"A password has {MAX_LENGTH} characters at most.")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise BadRequest("A password is text: this one has half a surrogate pair.") from None
    if password.casefold() == user.casefold() or len(set(password)) < 3:
        raise BadRequest("This password is too easy to guess: choose another one.")
    return password


def hash_password(password: str) -> str:
    with _places:
        return generate_password_hash(password, METHOD)


def is_password(password: str, password_hash: str) -> bool:
    """Whether the password matches. An empty hash (no user or password) gives False, in the same time."""
    compared = password_hash or _nobodys()
    with _places:
        is_right = check_password_hash(compared, password[:MAX_LENGTH])
    return is_right and bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash has outdated parameters."""
    return not password_hash.startswith(f"{METHOD}$")


@cache
def _nobodys() -> str:
    return hash_password("nobody's password")
