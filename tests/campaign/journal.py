"""What a script was going to store, and what of it was acknowledged: a file that outlives a kill."""

import json
import os
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


class Record:
    """The reading side: all steps in their order, as far as it was read."""

    def __init__(self, path: Path) -> None:
        self.tried: list[Step] = []
        self.acknowledged: list[Step] = []
        self._path = path
        self._offset = 0

    def read(self) -> "Record":
        """What has come since."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                text = file.read()
            self._offset += len(text)
            for line in text.splitlines():
                word, *step = json.loads(line)
                (self.tried if word == "tries" else self.acknowledged).append(Step(*step))
        return self

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
