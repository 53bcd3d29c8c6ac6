"""A stream of measurements, with buttons that start it, stop it and make it faster.

Run `bokeh-server`, then this, then open the link that it prints. The data moves whatever you do meanwhile.
"""

import numpy as np
from bokeh.models import Button, DataRange1d

from bokeh_wsgi.plotting import (
    ColumnDataSource,
    column,
    curdoc,
    cursession,
    figure,
    output_server,
    row,
    show,
)

output_server("A stream")
session = cursession()

source = ColumnDataSource({"step": np.array([0]), "level": np.array([0.0])})
p = figure(
    width=760,
    height=320,
    x_range=DataRange1d(follow="end", follow_interval=200, range_padding=0),
    tools="xpan,xwheel_zoom,reset",
)
p.line("step", "level", source=source, line_width=2)

start_button = Button(label="Start", button_type="success", disabled=True)
stop_button = Button(label="Stop", button_type="danger")
faster_button = Button(label="Faster")

random = np.random.default_rng()
period_ms = 200
timer = None


def measure():
    step, level = source.data["step"][-1], source.data["level"][-1]
    source.stream({"step": [step + 1], "level": [0.98 * level + random.normal()]}, rollover=2000)


def start():
    global timer
    if timer is None:
        timer = curdoc().add_periodic_callback(measure, period_ms)
    start_button.disabled, stop_button.disabled = True, False
    p.title.text = f"{1000 / period_ms:.0f} measurements a second"


def stop():
    global timer
    if timer is not None:
        curdoc().remove_periodic_callback(timer)
        timer = None
    start_button.disabled, stop_button.disabled = False, True
    p.title.text = "Stopped"


def faster():
    global period_ms
    stop()
    period_ms = max(period_ms // 2, 10)
    start()


start_button.on_click(start)
stop_button.on_click(stop)
faster_button.on_click(faster)

show(column(row(start_button, stop_button, faster_button), p))
start()
session.run()
