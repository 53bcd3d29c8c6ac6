"""What a script was going to store, and what of it was acknowledged: a file that outlives a kill."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Step(NamedTuple):
    """One store of a script. A ``run`` begins when its models are made anew in the document."""

    run: int
    number: int


class Journal:
    """The writing side: each line is one write, which a killed process has made or has not."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tries(self, step: Step) -> None:
        self._write("tries", step)

    def acknowledged(self, step: Step) -> None:
        self._write("acknowledged", step)

    def _write(self, word: str, step: Step) -> None:
        os.write(self._file, json.dumps([word, *step]).encode() + b"\n")


@dataclass
class Record:
    """The reading side: all steps in their order."""

    tried: list[Step] = field(default_factory=list)
    acknowledged: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> "Record":
        record = cls()
        for word, run, number in _lines(path):
            steps = record.tried if word == "tries" else record.acknowledged
            steps.append(Step(run, number))
        return record

    @property
    def last(self) -> Step:
        """The last step that was acknowledged."""
        return max(self.acknowledged, default=Step(0, 0))

    @property
    def next_number(self) -> int:
        return max((step.number for step in self.tried), default=0) + 1

    @property
    def next_run(self) -> int:
        return max((step.run for step in self.tried), default=0) + 1


def _lines(path: Path) -> Iterator[tuple[str, int, int]]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        word, run, number = json.loads(line)
        yield word, run, number
