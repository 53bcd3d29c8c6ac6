"""A script that edits a document at random while others do: ``… url title seed rounds first|second``.

It prints "ready", edits when a line comes, prints "done"; then for each further line what it holds, as JSON.
"""

import json
import random
import sys
import threading
from contextlib import suppress
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.models.widgets.inputs import TextInput
from bokeh.models.widgets.sliders import Slider
from bokeh.plotting import figure

from bokeh_wsgi import Session
from tests.waiting import pause


def build(document: Document) -> None:
    source = ColumnDataSource({"x": np.arange(10.0), "y": np.zeros(10)}, name="source")
    ranges: Any = (0, 100)
    plot = figure(width=300, height=200, x_range=ranges, y_range=ranges)
    plot.scatter("x", "y", source=source)
    document.add_root(Slider(start=0, end=1000, value=1, name="slider"))
    document.add_root(TextInput(value="", name="text"))
    document.add_root(plot)


def edit(document: Document, chance: random.Random) -> None:
    slider: Any = document.get_model_by_name("slider")
    text: Any = document.get_model_by_name("text")
    source: Any = document.get_model_by_name("source")
    rows = len(source.data["x"])
    what = chance.randrange(7)
    if what == 0:
        slider.value = chance.randrange(1000)
    elif what == 1:
        text.value = str(chance.random())
    elif what in (2, 3):
        new = np.array([chance.random() for _ in range(chance.randrange(1, 4))])
        source.stream({"x": new, "y": -new}, rollover=chance.choice([None, 40]))
    elif what == 4 and rows:
        with suppress(IndexError):  # others may have taken the row out meanwhile
            source.patch({"y": [(chance.randrange(rows), chance.random())]})
    elif what == 5 and rows > 30:
        source.data = {"x": np.array(source.data["x"][-10:]), "y": np.array(source.data["y"][-10:])}
    else:
        source.selected.indices = sorted(chance.sample(range(max(rows, 1)), min(rows, 3)))


def state(document: Document) -> dict[str, Any]:
    slider: Any = document.get_model_by_name("slider")
    text: Any = document.get_model_by_name("text")
    source: Any = document.get_model_by_name("source")
    return {
        "slider": slider.value,
        "text": text.value,
        "indices": list(source.selected.indices),
        "x": [float(value) for value in source.data["x"]],
        "y": [float(value) for value in source.data["y"]],
    }


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, title: str, seed: str, rounds: str, which: str) -> None:
    chance = random.Random(seed)
    session = Session(root_url=url, load_from_config=False)
    session.use_doc(title, clear=which == "first")
    document = Document()
    if which == "first":
        build(document)
        session.store_document(document)
    with session.live(document):
        tell("ready")
        sys.stdin.readline()
        if which == "first":
            # In the main thread, as a script with a loop of its own.
            for _ in range(int(rounds)):
                edit(document, chance)
                session.store_document(document)
                pause(chance.random() * 0.02, "edits at times of its own")
        else:
            # In callbacks, as one that answers.
            left = [int(rounds)]
            over = threading.Event()

            def tick() -> None:
                edit(document, chance)
                left[0] -= 1
                if not left[0]:
                    document.remove_periodic_callback(periodic)
                    over.set()

            periodic = document.add_periodic_callback(tick, 15)
            over.wait()
        tell("done")
        for _ in sys.stdin:
            tell(json.dumps(state(document)))


if __name__ == "__main__":
    main(*sys.argv[1:])
