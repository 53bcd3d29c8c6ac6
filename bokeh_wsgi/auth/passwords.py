"""Passwords, hashed by werkzeug with scrypt: 64 MiB of memory, and some tenths of a second, for each try."""

import threading
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from bokeh_wsgi.exc import BadRequest

METHOD = "scrypt:65536:8:2"
# So many at once, that a flood of tries does not take the machine's memory.
_places = threading.BoundedSemaphore(4)
MIN_LENGTH = 8
MAX_LENGTH = 1024


def checked_password(password: object, user: str) -> str:
    """A password that may be set; raises BadRequest. As in NIST SP 800-63B, what counts is its length."""
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
    """Takes the same time for an empty hash (no such user, or one without a password) and is then False."""
    compared = password_hash or _nobodys()
    with _places:
        is_right = check_password_hash(compared, password[:MAX_LENGTH])
    return is_right and bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return not password_hash.startswith(f"{METHOD}$")


@cache
def _nobodys() -> str:
    return hash_password("nobody's password")
