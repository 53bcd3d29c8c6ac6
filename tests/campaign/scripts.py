"""The scripts of a campaign. Each writes its own models, and writes down what it stores.

A row of a writer, and each text, says whose it is, of which run, and which step: no two are the same.
"""

import os
import random
import re
import sys
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div, Slider

from bokeh_wsgi import Session
from bokeh_wsgi.exc import SessionError

from .journal import Journal, Record, Step

TITLE: Final = "campaign"
STARTER, JOINER, FOLLOWER = "starter", "joiner", "follower"
CODES: Final = {STARTER: 1, JOINER: 2}
RUN_ROWS: Final = 10**6
CODE_ROWS: Final = 10**12
BATCH: Final = 3
"""So many stores go before a flush, at most."""


def row_of(who: str, step: Step) -> float:
    return float(CODES[who] * CODE_ROWS + step.run * RUN_ROWS + step.number)


def step_of(row: float) -> tuple[int, Step]:
    """Whose row it is, and of which step."""
    code, rest = divmod(int(row), CODE_ROWS)
    return code, Step(*divmod(rest, RUN_ROWS))


def text_of(who: str, step: Step) -> str:
    return f"{who} {step.run} {step.number}"


def told(text: str) -> tuple[str, Step] | None:
    """Who has written a text, and in which step; None if that is no text of a script."""
    found = re.fullmatch(r"(\w+) (\d+) (\d+)", text)
    return None if found is None else (found[1], Step(int(found[2]), int(found[3])))


def names_of(who: str) -> list[str]:
    if who == FOLLOWER:
        return ["follower saw"]
    own = [f"{who} text", f"{who} rows"]
    return [*own, "knob", "shared"] if who == STARTER else own


@dataclass(frozen=True)
class Job:
    """What one script needs to know. ``clear``: it begins with a document of its own."""

    who: str
    url: str
    journal: Path
    seed: int
    clear: bool = False


def is_taken_over(error: SessionError) -> bool:
    return type(error).__name__ == "TakenOver"


@dataclass
class Writer:
    """Stores step after step, as it is told."""

    job: Job
    session: Any = field(init=False)
    document: Any = field(init=False)
    run: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.journal = Journal(self.job.journal)
        self.chance = random.Random(self.job.seed)
        self.session = Session(root_url=self.job.url, load_from_config=False)
        self.begin(clear=self.job.clear)

    def named(self, name: str) -> Any:
        return self.document.get_model_by_name(name)

    def begin(self, *, clear: bool) -> None:
        """Start the document, or join it, as often as another one starts it anew meanwhile."""
        while True:
            try:
                self._begin(clear=clear)
                return
            except SessionError as error:
                if clear or not is_taken_over(error):
                    raise

    def _begin(self, *, clear: bool) -> None:
        """Own models that are not in the document are made anew."""
        record = Record(self.job.journal).read()
        self.number = record.next_number
        self.session.use_doc(TITLE, clear=clear)
        self.document = Document()
        if not clear:
            self.session.load_document(self.document)
        mine = self.named(f"{self.job.who} text")
        if mine is not None:
            found = told(mine.text)
            assert found is not None, mine.text
            self.run = found[1].run
            return
        self.run = record.next_run
        step = self.next_step()
        for root in self.models(step):
            self.document.add_root(root)
        self.session.store_document(self.document)
        self.session.flush()
        self.journal.acknowledged(step)

    def next_step(self) -> Step:
        step = Step(self.run, self.number)
        self.number += 1
        self.journal.tries(step)
        return step

    def models(self, step: Step) -> list[Any]:
        who = self.job.who
        rows = ColumnDataSource({"row": [row_of(who, step)], "half": [row_of(who, step) / 2]})
        rows.name = f"{who} rows"
        made: list[Any] = [Div(text=text_of(who, step), name=f"{who} text"), rows]
        if who == STARTER:
            made.append(Slider(start=0, end=10**9, value=step.number, name="knob"))
            made.append(Div(text=text_of(who, step), name="shared"))
        return made

    def write(self, count: int) -> None:
        """So many steps, in batches; a document that was started anew by another is joined again."""
        while count > 0:
            batch = min(count, self.chance.randint(1, BATCH))
            try:
                self.store(batch)
            except SessionError as error:
                if not is_taken_over(error):
                    raise
                self.begin(clear=False)
                continue
            count -= batch

    def store(self, count: int) -> None:
        steps = []
        for _ in range(count):
            steps.append(self.next_step())
            self.change(steps[-1])
            if self.chance.random() < 0.5:
                self.session.store_document(self.document)
            else:
                self.session.store_objects(*map(self.named, self.touched()))
        self.session.flush()
        for step in steps:
            self.journal.acknowledged(step)

    def touched(self) -> list[str]:
        names = names_of(self.job.who)
        return [name for name in [*names, "shared"] if self.named(name) is not None]

    def change(self, step: Step) -> None:
        who = self.job.who
        row = row_of(who, step)
        self.named(f"{who} text").text = text_of(who, step)
        self.named(f"{who} rows").stream({"row": [row], "half": [row / 2]})
        shared = self.named("shared")
        if shared is not None:
            shared.text = text_of(who, step)
        if who == STARTER:
            self.named("knob").value = step.number


class Follower:
    """Answers what the starter's knob is set to."""

    def __init__(self, job: Job) -> None:
        self.session: Any = Session(root_url=job.url, load_from_config=False)
        self.begin()

    def begin(self) -> None:
        self.session.use_doc(TITLE)
        self.document: Any = Document()
        self.session.load_document(self.document)
        self.knob: Any = None

    def named(self, name: str) -> Any:
        return self.document.get_model_by_name(name)

    def follow(self, pipe: Connection) -> None:
        while not pipe.poll():
            try:
                self.look()
                self.session.next_change(timeout=0.2)
            except SessionError as error:
                if not is_taken_over(error):
                    raise
                self.begin()

    def look(self) -> None:
        """Have its own model in the document, and listen to the knob that is there now."""
        knob = self.named("knob")
        if knob is None or (knob is self.knob and self.named("follower saw") is not None):
            return
        if self.named("follower saw") is None:
            self.document.add_root(Div(text="", name="follower saw"))
        if knob is not self.knob:
            self.knob = knob
            knob.on_change("value", self.answer)
        self.answer("value", None, knob.value)
        self.session.store_document(self.document)

    def answer(self, attr: str, old: Any, new: Any) -> None:
        mine = self.named("follower saw")
        if mine is not None:
            mine.text = f"saw {int(new)}"


def main(job: Job, pipe: Connection) -> None:
    """In a process of its own: "ready", then "done" for each number of steps; an error is told as it is."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stderr.fileno())
    try:
        if job.who == FOLLOWER:
            follower = Follower(job)
            pipe.send("ready")
            follower.follow(pipe)
            return
        writer = Writer(job)
        pipe.send("ready")
        while count := pipe.recv():
            writer.write(count)
            pipe.send("done")
    except EOFError:
        pass
    except BaseException:
        pipe.send(traceback.format_exc())
        raise
