"""Removes secrets from request lines before they are logged."""

import re
from urllib.parse import unquote

# Query parameters with secret values; they also occur inside other values, as in ``next=``.
SECRETS = frozenset({"token", "code", "invite", "csrf", "password", "new", "again", "key", "userapikey"})
# A parameter and its value; the ``=`` may be percent-encoded. Linear in the length of the text: names start
# only after a separator, and the possessive quantifier prevents backtracking.
_PAIR = re.compile(r"(?<![^?&=\s])((?:[^?&=\s%]|%(?!(?:25)*3D))*+)(=|%(?:25)*3D)([^&\s]*)", re.IGNORECASE)


def redacted(text: str) -> str:
    """The text on one line, with ``***`` for the values of `SECRETS`."""
    return _PAIR.sub(_redacted_pair, text).translate(_CONTROL)


def _redacted_pair(pair: re.Match[str]) -> str:
    name, value = re.split("[?&]", _plain(pair[1]))[-1], _plain(pair[3])
    is_secret = name in SECRETS or any(f"{secret}=" in value for secret in SECRETS)
    return f"{pair[1]}{pair[2]}***" if is_secret else pair[0]


def _plain(text: str) -> str:
    """Unquoted, also if it was quoted several times."""
    for _ in range(4):
        text = unquote(text)
    return text.lower()


_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
