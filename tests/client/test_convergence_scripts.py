"""Two scripts that follow a document and edit it at the same time, with a page, are equal in the end."""

import random
import time
from functools import partial
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets import Div, Slider, TextInput
from bokeh.plotting import figure

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from tests.effort import seeds, tries
from tests.waiting import DEADLINE_S, pause, wait_until

from .comparison import differences, publisher_of, shadow_differences
from .editing_page import EditingPage


class Script:
    """Edits what it finds in its document, at random; its callbacks change something, too."""

    def __init__(self, app: BokehWSGI, seed: int, document: Document | None = None) -> None:
        self.random = random.Random(seed)
        self.name = f"script {seed}"
        self.session = Session(app=app)
        self.session.use_doc("shared", clear=document is not None)
        self.document: Any = Document() if document is None else document
        if document is not None:
            self.session.store_document(document)
        self.live = self.session.live(self.document)
        self.slider: Any = self.document.select_one({"type": Slider})
        self.text: Any = self.document.select_one({"type": TextInput})
        self.source: Any = self.document.select_one({"name": "points"})
        self.note: Any = self.document.select_one({"name": "note"})
        slider: Any = self.slider
        slider.on_change("value", lambda attr, old, new: setattr(self.note, "text", f"{new}"))

    def has_followed(self, seq: int) -> bool:
        return (publisher_of(self.session).followed or 0) >= seq

    def edit(self) -> None:
        rows = [self.stream, self.stream, self.roll, self.patch, self.write, self.replace]
        self.random.choice([self.set, self.set, self.roots, *rows])()

    def store(self) -> None:
        if self.random.random() < 0.5:
            self.session.store_document(self.document)
        elif self.session.is_stored(self.source):
            self.session.store_objects(self.source, self.slider)

    def set(self) -> None:
        self.slider.value = self.random.randrange(10)
        self.text.value = self.random.choice("abc")

    def rows(self, count: int) -> Any:
        return {
            name: np.array([self.random.randrange(100) for _ in range(count)], dtype=float) for name in "xy"
        }

    def stream(self) -> None:
        self.source.stream(self.rows(self.random.randrange(1, 4)))

    def roll(self) -> None:
        self.source.stream(self.rows(2), 12)

    def patch(self) -> None:
        count = len(self.source.data["x"])
        if count:
            self.source.patch({"x": [(self.random.randrange(count), -1.0)]})

    def write(self) -> None:
        if len(self.source.data["y"]):
            self.source.data["y"][self.random.randrange(len(self.source.data["y"]))] = -2.0

    def replace(self) -> None:
        self.source.data = self.rows(self.random.randrange(5, 15))

    def roots(self) -> None:
        extra = [root for root in self.document.roots if root.tags == ["extra"]]
        if extra and self.random.random() < 0.5:
            self.document.remove_root(self.random.choice(extra))
        else:
            self.document.add_root(Div(text=self.name, tags=["extra"]))


def shared() -> Document:
    document = Document(title="shared")
    source = ColumnDataSource({"x": np.arange(5.0), "y": np.arange(5.0) ** 2}, name="points")
    plot = figure()
    plot.line("x", "y", source=source)
    for root in (Slider(start=0, end=10, value=0), TextInput(value="a"), Div(name="note"), plot):
        document.add_root(root)
    return document


@pytest.mark.parametrize("seed", seeds(4))
def test_scripts_and_a_page_that_edit_at_the_same_time_are_equal_in_the_end(
    app: BokehWSGI, seed: int
) -> None:
    first = Script(app, 10 * seed, shared())
    second = Script(app, 10 * seed + 1)
    page = EditingPage(first.session)
    numbers = random.Random(seed)
    for _ in range(tries(150)):
        script = numbers.choice([first, second])
        script.edit()
        if numbers.random() < 0.5:
            script.store()
        if numbers.random() < 0.2:
            page.set(first.slider, value=numbers.randrange(10))
        if numbers.random() < 0.3:
            pause(numbers.random() * 0.01, "edits at times of their own")
    settle(first, second)
    for script in (first, second):
        assert differences(script.session, script.document) == []
        assert shadow_differences(script.session) == []
    assert first.live.is_on
    assert second.live.is_on
    first.session.close()
    second.session.close()


def settle(*scripts: Script) -> None:
    """Until nobody has anything to send or to take in."""
    end = time.monotonic() + DEADLINE_S
    while True:
        for script in scripts:
            script.session.store_document(script.document)
        head = scripts[0].session.pull_state().seq
        for script in scripts:
            wait_until(partial(script.has_followed, head))
            wait_until(partial(getattr, script.live, "is_at_rest"))
        if scripts[0].session.pull_state().seq == head:
            return
        assert time.monotonic() < end, "it does not come to rest"
