"""What a log may say of a request: its line, without the secrets in its query."""

import re
from urllib.parse import unquote

# What a query may have that nobody who reads the log should: also inside another value, as in ``next=``.
SECRETS = frozenset({"token", "code", "invite", "csrf", "password", "new", "again", "key", "userapikey"})
# A name and its value in text, the ``=`` maybe quoted. In one pass over it, however long a request line is:
# names begin after a separator only, and are not tried again shorter.
_PAIR = re.compile(r"(?<![^?&=\s])((?:[^?&=\s%]|%(?!(?:25)*3D))*+)(=|%(?:25)*3D)([^&\s]*)", re.IGNORECASE)


def redacted(text: str) -> str:
    """The text of a request, without the values of `SECRETS` in its query, on one line."""
    return _PAIR.sub(_redacted_pair, text).translate(_CONTROL)


def _redacted_pair(pair: re.Match[str]) -> str:
    name, value = re.split("[?&]", _plain(pair[1]))[-1], _plain(pair[3])
    is_secret = name in SECRETS or any(f"{secret}=" in value for secret in SECRETS)
    return f"{pair[1]}{pair[2]}***" if is_secret else pair[0]


def _plain(text: str) -> str:
    """Unquoted, even where it was quoted within a quoted value."""
    for _ in range(4):
        text = unquote(text)
    return text.lower()


_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
