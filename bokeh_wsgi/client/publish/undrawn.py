"""What pages say that they cannot draw, as warnings for the script."""

import json
import warnings
from collections.abc import Iterable
from typing import Final

from bokeh_wsgi.dataplane import Op
from bokeh_wsgi.exc import NotDrawn

UNDRAWN: Final = "bokeh_wsgi.undrawn"
"""Name of the event by which a page says that it cannot draw something."""
MAX_TEXT_LENGTH: Final = 400


class Undrawn:
    """Warns of each thing once, if it was said after the change ``after``. The session's lock is held."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._known: set[str] = set()
        self._waiting: list[str] = []

    def heard(self, text: str, seq: int) -> None:
        """A page said it with change ``seq``: so `warn` of it, in one line that can be printed."""
        text = "".join(filter(str.isprintable, text))[:MAX_TEXT_LENGTH]
        if seq > self._after and text not in self._known:
            self._known.add(text)
            self._waiting.append(text)

    def take(self, events: Iterable[Op], seq: int) -> None:
        """Warn of what pages say in EVENTs of a document that is followed."""
        for text in filter(None, map(_said, events)):
            self.heard(text, seq)
        self.warn()

    def warn(self) -> None:
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            warnings.warn(f"open pages do not show all of this document: {text}", NotDrawn, stacklevel=2)


def _said(op: Op) -> str | None:
    """What a page says that it cannot draw, if an EVENT says that."""
    if UNDRAWN not in op.json:
        return None
    try:
        content = json.loads(op.json)
        return str(content["values"]["text"]) if content["name"] == UNDRAWN else None
    except (ValueError, LookupError, TypeError):
        return None
