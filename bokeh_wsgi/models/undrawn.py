"""Reports of pages about models that BokehJS cannot draw, for the document's scripts."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import BadRequest

from .reps import checked_object, checked_text, loads

UNDRAWN: Final = "bokeh_wsgi.undrawn"
"""The message type and event name of such a report."""
MAX_TEXT_LENGTH: Final = 400
MAX_REPORTS: Final = 8
"""Number of reports that a document keeps, the latest ones."""


class Report(NamedTuple):
    """One report: ``text`` is the reason, ``model`` the id of the model, "" if it was removed."""

    seq: int
    model: str
    text: str


class Reports:
    """The reports of a document since its last GRAPH, without duplicates. Not thread-safe."""

    def __init__(self) -> None:
        self._seqs: dict[tuple[str, str], int] = {}

    def __iter__(self) -> Iterator[Report]:
        return iter([Report(seq, *what) for what, seq in list(self._seqs.items())])

    def clear(self) -> None:
        self._seqs.clear()

    def take(self, op: Op, seq: int) -> None:
        """Add the report of an EVENT op of change ``seq``, if it is one."""
        text = _said(op.json)
        if text:
            self._seqs[op.model, text] = seq
            for oldest in list(self._seqs)[:-MAX_REPORTS]:
                del self._seqs[oldest]

    def op_of(self, message: Any, models: Any) -> Op | None:
        """The EVENT op for a page's report, as short plain text; None if it is known already."""
        data = checked_object(message, "what cannot be drawn")
        text = _plain(checked_text(data.get("text"), "why it cannot be drawn"))
        if not text:
            raise BadRequest("what cannot be drawn needs a text that says why")
        model = checked_text(data.get("model", ""), "the model that cannot be drawn")
        if model not in models:
            model = ""
        if (model, text) in self._seqs:
            return None
        content = {"name": UNDRAWN, "values": {"text": text}}
        return Op(OpCode.EVENT, model=model, json=json.dumps(content, separators=(",", ":")))


def _said(event: str) -> str:
    """The text of a report; "" if the event is not a report."""
    if UNDRAWN not in event:
        return ""
    try:
        content = loads(event)
    except BadRequest:
        return ""
    values = content.get("values") if isinstance(content, dict) and content.get("name") == UNDRAWN else None
    text = values.get("text") if isinstance(values, dict) else None
    return _plain(text) if isinstance(text, str) else ""


def _plain(text: str) -> str:
    """The text as one printable line, since terminals show it."""
    line = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return line if len(line) <= MAX_TEXT_LENGTH else f"{line[: MAX_TEXT_LENGTH - 1]}…"
