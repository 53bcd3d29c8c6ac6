"""`Undrawn`: warns a script of what open pages report that they cannot draw."""

import json
import warnings
from collections.abc import Iterable
from typing import Final

from bokeh_wsgi.dataplane import Op
from bokeh_wsgi.exc import NotDrawn

UNDRAWN: Final = "bokeh_wsgi.undrawn"
"""Name of the event by which a page reports that it cannot draw something."""
MAX_TEXT_LENGTH: Final = 400


class Undrawn:
    """Warns of each report once, if it came after the change ``after``. The session's lock is held."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._known: set[str] = set()
        self._waiting: list[str] = []

    def add(self, text: str, seq: int) -> None:
        """Queue a page's report, which came with change ``seq``, for `warn`; as one printable line."""
        text = "".join(filter(str.isprintable, text))[:MAX_TEXT_LENGTH]
        if seq > self._after and text not in self._known:
            self._known.add(text)
            self._waiting.append(text)

    def take(self, events: Iterable[Op], seq: int) -> None:
        """Warn of the reports in EVENT ops of a followed document."""
        for text in filter(None, map(_report, events)):
            self.add(text, seq)
        self.warn()

    def warn(self) -> None:
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            warnings.warn(f"open pages do not show all of this document: {text}", NotDrawn, stacklevel=2)


def _report(op: Op) -> str | None:
    """The text of a report in an EVENT; None for other events."""
    if UNDRAWN not in op.json:
        return None
    try:
        content = json.loads(op.json)
        return str(content["values"]["text"]) if content["name"] == UNDRAWN else None
    except (ValueError, LookupError, TypeError):
        return None
