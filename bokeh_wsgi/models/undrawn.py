"""What pages could not draw, as they tell the document's scripts."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import BadRequest

from .reps import checked_object, checked_text, loads

UNDRAWN: Final = "bokeh_wsgi.undrawn"
"""Type of the messages, and name of the events, by which a page says that BokehJS cannot draw something."""
MAX_TEXT_LENGTH: Final = 400
MAX_REPORTS: Final = 8
"""Of one document; older ones are forgotten."""


class Report(NamedTuple):
    """``text`` says what cannot be drawn, and why; ``model`` is the id of what fails, "" if that is gone."""

    seq: int
    model: str
    text: str


class Reports:
    """What pages said of a document since it was started; each thing once. Not thread-safe."""

    def __init__(self) -> None:
        self._seqs: dict[tuple[str, str], int] = {}

    def __iter__(self) -> Iterator[Report]:
        return iter([Report(seq, *what) for what, seq in list(self._seqs.items())])

    def clear(self) -> None:
        self._seqs.clear()

    def take(self, op: Op, seq: int) -> None:
        """Note what an EVENT op of change ``seq`` says, if it is a report."""
        text = _said(op.json)
        if text:
            self._seqs[op.model, text] = seq
            for oldest in list(self._seqs)[:-MAX_REPORTS]:
                del self._seqs[oldest]

    def op_of(self, message: Any, models: Any) -> Op | None:
        """The EVENT that tells what a page says, in short plain text; None if that is known."""
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
    """What an event says, of whomever it is; "" if it is none of ours."""
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
    """One line of what can be printed: it is shown in people's terminals."""
    line = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return line if len(line) <= MAX_TEXT_LENGTH else f"{line[: MAX_TEXT_LENGTH - 1]}…"
