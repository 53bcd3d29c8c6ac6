"""Several things together: a stream with knobs, a histogram of what is selected, and the watchers' notes.

Run `bokeh-server`, then this, then open the link that it prints. It computes only while somebody looks. Stop
it and start it again: knobs, data, selection and notes are as they were left.
"""

from itertools import cycle

import numpy as np
from bokeh.models import BoxSelectTool, Button, DataTable, Select, Slider, Span, TableColumn, Toggle

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

SECONDS = np.linspace(0, 20, 400, endpoint=False)
BINS = np.linspace(-3, 3, 31)
SIGNALS = {"sine": np.sin, "square": lambda t: np.sign(np.sin(t)), "silence": lambda t: 0 * t}


def build():
    """The models, as they are before anybody has touched them. What callbacks need has a name."""
    signal = Select(title="Signal", options=list(SIGNALS), value="sine", width=160, name="signal")
    noise = Slider(title="Noise", start=0, end=1, step=0.05, value=0.2, width=240, name="noise")
    pause = Toggle(label="Pause", width=120, align="end", name="pause")
    note = Button(label="Note the selection", width=160, align="end", name="note")

    sweep = ColumnDataSource({"s": SECONDS, "volts": np.zeros(len(SECONDS))}, name="sweep")
    scope = figure(width=640, height=300, y_range=(-3, 3), tools="xbox_select,reset", name="scope")
    scope.title.text = "Drag a box to select"
    scope.line("s", "volts", source=sweep, color="#8fa3bf")
    scope.scatter("s", "volts", source=sweep, size=4, nonselection_alpha=0.1)
    scope.add_layout(Span(location=0, dimension="height", line_color="#c44e52", name="now"))
    scope.toolbar.active_drag = scope.select_one(BoxSelectTool)

    counts = ColumnDataSource(
        {"from": BINS[:-1], "to": BINS[1:], "count": np.zeros(len(BINS) - 1)}, name="counts"
    )
    spread = figure(width=220, height=300, y_range=scope.y_range, title="How often", toolbar_location=None)
    spread.quad(left=0, right="count", bottom="from", top="to", source=counts, line_color="white")

    notes = ColumnDataSource({"from": [], "to": [], "mean": [], "note": []}, name="notes")
    table = DataTable(
        source=notes,
        columns=[TableColumn(field=name) for name in notes.data],
        editable=True,
        width=860,
        height=200,
    )
    return column(row(signal, noise, pause, note), row(scope, spread), table)


output_server("Dashboard", clear=False)
session = cursession()
if not curdoc().roots:
    curdoc().add_root(build())

names = ["signal", "noise", "pause", "note", "sweep", "scope", "now", "counts", "notes"]
signal, noise, pause, note, sweep, scope, now, counts, notes = map(curdoc().get_model_by_name, names)

random = np.random.default_rng()
places = cycle(range(0, len(SECONDS), 4))
viewers = 0


def watched(n):
    global viewers
    viewers = n
    print("measuring" if n else "nobody looks", flush=True)


def measure():
    if not viewers or pause.active:
        return
    at = next(places)
    seconds = SECONDS[at : at + 4]
    volts = SIGNALS[signal.value](seconds) + random.normal(0, noise.value, len(seconds))
    sweep.data["volts"][at : at + 4] = volts  # in place: these four rows travel
    now.location = seconds[-1]
    count()


def count():
    chosen = sweep.selected.indices or slice(None)
    counts.data["count"] = np.histogram(sweep.data["volts"][chosen], bins=BINS)[0]


def select(attr, old, new):
    scope.title.text = f"{len(new)} selected" if new else "Drag a box to select"
    count()


def take_note():
    chosen = sweep.selected.indices
    if not chosen:
        session.notice("Select something first")
        return
    seconds, mean = SECONDS[chosen], sweep.data["volts"][chosen].mean()
    new = {"from": [seconds.min()], "to": [seconds.max()], "mean": [round(mean, 3)], "note": ["?"]}
    notes.stream(new)


sweep.selected.on_change("indices", select)
note.on_click(take_note)
session.on_viewers(watched)
curdoc().add_periodic_callback(measure, 100)

show(curdoc().roots[0])
session.run()
