"""Whatever a script does to its columns, viewers have the same bits after each store."""

import random
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from bokeh_wsgi.client import Session
from bokeh_wsgi.dataplane import column_from
from tests.effort import seeds

from .conftest import Viewer

DTYPES = ("f8", "f4", "i4", "u4", "i2", "u2", "i1", "u1", "?", ">f8", ">i2")


class Script:
    """Changes a source in ways that scripts do; every column keeps one length."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.rows = 200
        self.source: Any = ColumnDataSource({dtype: self.array(dtype, self.rows) for dtype in DTYPES})
        self.source.data["text"] = self.texts(self.rows)
        self.source.data["gaps"] = [None if row % 5 == 0 else row / 3 for row in range(self.rows)]
        self.source.data["ragged"] = [[1.0] * (row % 4) for row in range(self.rows)]

    def array(self, dtype: str, rows: int) -> Any:
        size = np.dtype(dtype).itemsize * rows
        if dtype == "?":
            return self.numbers.integers(0, 2, rows).astype(bool)
        # Any bits: NaN payloads, infinities, denormal numbers.
        return np.frombuffer(self.numbers.bytes(size), dtype=dtype).copy()

    def texts(self, rows: int) -> list[str]:
        return [self.random.choice(["", "a", "ß", "日本", "plot " * 9]) for _ in range(rows)]

    def values(self, name: str, rows: int) -> Any:
        if name == "text":
            return self.texts(rows)
        if name == "gaps":
            return [self.random.choice([None, 1.5, -0.0]) for _ in range(rows)]
        if name == "ragged":
            return [[self.random.random()] * self.random.randrange(4) for _ in range(rows)]
        return self.array(name, rows)

    def step(self) -> None:
        moves = (self.replace, self.write, self.write, self.append, self.roll, self.patch)
        self.random.choice(moves)()

    def replace(self) -> None:
        self.rows = self.random.choice([0, 1, 200, 1000])
        self.source.data = {name: self.values(name, self.rows) for name in self.source.data}

    def write(self) -> None:
        if not self.rows:
            return
        for name in self.random.sample(list(self.source.data), 3):
            start = self.random.randrange(self.rows)
            stop = min(self.rows, start + self.random.choice([1, 7, 500]))
            self.source.data[name][start:stop] = self.values(name, stop - start)

    def append(self) -> None:
        self.stream(None)

    def roll(self) -> None:
        self.stream(max(self.rows, 3))

    def stream(self, rollover: int | None) -> None:
        added = self.random.choice([1, 10, 300])
        self.source.stream({name: self.values(name, added) for name in self.source.data}, rollover)
        self.rows = len(self.source.data["text"])

    def patch(self) -> None:
        if self.rows:
            row = self.random.randrange(self.rows)
            self.source.patch({"f8": [(row, -0.0)], "text": [(row, "patched")]})


@pytest.mark.parametrize("seed", seeds(6))
def test_viewers_have_the_same_bits_after_each_store(seed: int, session: Session, viewer: Viewer) -> None:
    script = Script(seed)
    plot = figure()
    plot.scatter("f8", "f4", source=script.source)
    document = Document()
    document.add_root(plot)
    session.store_document(document)
    for _ in range(40):
        script.step()
        session.store_objects(script.source)
        viewer.changes()
        held = {name: column.values.column() for (_, name), column in viewer.state.columns.items()}
        assert held.keys() == script.source.data.keys()
        for name, values in script.source.data.items():
            assert held[name].equals(column_from(values)), name
    late = Viewer(session)
    late.changes()
    for key, column in viewer.state.columns.items():
        assert late.state.columns[key].values.column().equals(column.values.column())
