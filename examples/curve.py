"""A slider, a select and a text input drive a curve that Python computes.

Run `bokeh-server`, then this, then open the link that it prints. Every open page has the same slider.
"""

import numpy as np
from bokeh.models import Select, Slider, TextInput

from bokeh_wsgi.plotting import ColumnDataSource, column, cursession, figure, output_server, row, show

output_server("Curve")
session = cursession()

WAVES = {
    "sine": np.sin,
    "square": lambda t: np.sign(np.sin(t)),
    "sawtooth": lambda t: 2 * ((t / (2 * np.pi)) % 1) - 1,
}
t = np.linspace(0, 4 * np.pi, 1000)
source = ColumnDataSource({"t": t, "y": np.sin(t)})

p = figure(title="A wave", width=720, height=320, y_range=(-1.2, 1.2), tools="pan,wheel_zoom,reset")
p.line("t", "y", source=source, line_width=3)

frequency = Slider(title="Frequency", start=0.5, end=8, step=0.1, value=1, width=240)
wave = Select(title="Wave", options=list(WAVES), value="sine", width=200)
title = TextInput(title="Title", value="A wave", width=240)


def draw(attr, old, new):
    source.data["y"] = WAVES[wave.value](frequency.value * t)


def rename(attr, old, new):
    p.title.text = new


frequency.on_change("value", draw)
wave.on_change("value", draw)
title.on_change("value", rename)

show(column(row(frequency, wave, title), p))
session.run()
