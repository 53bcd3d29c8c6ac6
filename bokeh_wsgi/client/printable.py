"""Makes untrusted text safe for messages and logs: one line without terminal sequences."""

from typing import Final

MAX_LENGTH: Final = 2000


def printable(text: object) -> str:
    """The text, or an error's message, shortened, with spaces for unprintable characters."""
    plain = str(text)
    plain = plain if len(plain) <= MAX_LENGTH else f"{plain[:MAX_LENGTH]}…"
    return plain if plain.isprintable() else "".join(c if c.isprintable() else " " for c in plain)
