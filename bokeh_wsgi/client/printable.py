"""Text of servers and documents for messages and logs: one line, which a terminal takes for no command."""

from typing import Final

MAX_LENGTH: Final = 2000


def printable(text: object) -> str:
    """A text, or an error's message, with spaces for what cannot be printed, and cut if it is long."""
    plain = str(text)
    plain = plain if len(plain) <= MAX_LENGTH else f"{plain[:MAX_LENGTH]}…"
    return plain if plain.isprintable() else "".join(c if c.isprintable() else " " for c in plain)
