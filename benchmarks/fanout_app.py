"""For ``bokeh serve``: every session shows one shared value of 8 KB, ten times a second."""

import time

import numpy as np
from bokeh.io import curdoc
from bokeh.models import ColumnDataSource

VALUES = np.random.default_rng(1).standard_normal(1024)


def data() -> dict[str, list[object]]:
    return {"y": [VALUES], "sent": [f"sent {time.time():.6f}"]}


source = ColumnDataSource(data())
curdoc().add_root(source)


def update() -> None:
    source.data = data()


curdoc().add_periodic_callback(update, 100)
