"""For ``bokeh serve``: a slider in one session, the answer in all of them."""

import sys
from functools import partial
from typing import Any

from bokeh.io import curdoc

from benchmarks.roundtrip_models import add_models, answer

# Each session runs this file anew: what they share lies elsewhere.
documents: list[Any] = sys.modules["benchmarks"].__dict__.setdefault("documents", [])
documents.append(curdoc())


def changed(attr: str, old: Any, new: Any) -> None:
    for document in documents:
        document.add_next_tick_callback(partial(answer, document, new))


add_models(curdoc()).on_change("value", changed)
