"""This machine's processors and memory, live: ten times a second, the last hour kept.

Run `bokeh-server`, then this, then open the link that it prints. Open it twice, or on a phone: every page
follows. Stop this script and start it again: the open pages go on with the new plot.
"""

import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
from bokeh.layouts import column
from bokeh.models import CustomJS, DataRange1d, HoverTool, RadioButtonGroup

from bokeh_wsgi.plotting import ColumnDataSource, cursession, figure, output_server, show

HERTZ = 10
KEPT_ROWS = 3600 * HERTZ
GIB = 1 << 30
SPANS_MS = {"1 minute": 60_000, "10 minutes": 600_000, "1 hour": 3_600_000}


def samples() -> Iterator[dict[str, float]]:
    """A row of numbers at every tick; the time is this machine's, in milliseconds."""
    past = deque([psutil.cpu_times()], maxlen=HERTZ + 1)
    tick = time.time()
    while True:
        tick = max(tick + 1 / HERTZ, time.time())
        time.sleep(max(0, tick - time.time()))
        past.append(psutil.cpu_times())
        memory = psutil.virtual_memory()
        yield {
            "time": 1000 * (tick + time.localtime().tm_gmtoff),
            **shares(past[0], past[-1]),
            "used": (memory.total - memory.available) / GIB,
            "total": memory.total / GIB,
        }


def shares(old: Any, new: Any) -> dict[str, float]:
    """What the processors did between two readings of their clocks, in percent of what they could."""
    spent = {name: getattr(new, name) - getattr(old, name) for name in new._fields}
    for guest, host in (("guest", "user"), ("guest_nice", "nice")):
        spent[host] -= spent.pop(guest, 0)  # which is counted there too
    total = sum(spent.values()) or 1
    percent = {name: 100 * spent.pop(name, 0) / total for name in ("idle", "iowait", "user", "nice")}
    return {
        "programs": percent["user"] + percent["nice"],
        "kernel": 100 * sum(spent.values()) / total,
        "waiting": percent["iowait"],
        "busy": 100 - percent["idle"],
    }


def chart(title: str, unit: str, top: float, newest: DataRange1d) -> figure:
    p = figure(
        title=title,
        x_axis_type="datetime",
        x_range=newest,
        y_range=(0, top),
        height=290,
        sizing_mode="stretch_width",
        tools="xpan,xwheel_zoom,reset,save",
        active_scroll="xwheel_zoom",
    )
    p.yaxis.axis_label = unit
    p.title.text_font_size = "15px"
    p.toolbar.autohide = True
    p.outline_line_color = None
    p.xgrid.grid_line_color = None
    for axis in p.axis:
        axis.axis_line_color = axis.major_tick_line_color = "#b0b7c3"
        axis.minor_tick_line_color = None
    return p


def add_tip(p: figure, line: object, tip: str) -> None:
    p.add_tools(
        HoverTool(
            renderers=[line],
            mode="vline",
            tooltips=[("", "@time{%T}"), ("", tip)],
            formatters={"@time": "datetime"},
        )
    )


output_server("This machine, live", url=sys.argv[1] if sys.argv[1:] else "default")

readings = samples()
source = ColumnDataSource({name: np.array([value]) for name, value in next(readings).items()})

# Both charts show the newest stretch of time, and go on following it until somebody moves it.
newest = DataRange1d(follow="end", follow_interval=SPANS_MS["1 minute"], range_padding=0)

cpu = chart("Processors: what they did in the last second", "%", 100, newest)
parts = {"programs": "#2f7fb8", "kernel": "#8fc4e6", "waiting": "#f2a65a"}
labels = ["programs", "kernel", "waiting for disks"]
cpu.varea_stack(
    list(parts), x="time", source=source, color=list(parts.values()), alpha=0.7, legend_label=labels
)
line = cpu.line("time", "busy", source=source, color="#1d4e74", width=2)
add_tip(cpu, line, "@programs{0} % programs, @kernel{0} % kernel")
cpu.legend.location = "top_left"
cpu.legend.orientation = "horizontal"
cpu.legend.background_fill_alpha = 0.8
cpu.legend.border_line_color = None

memory = chart("Memory in use", "GiB", source.data["total"][0], newest)
memory.varea("time", y1=0, y2="used", source=source, color="#0f766e", alpha=0.2)
line = memory.line("time", "used", source=source, color="#0f766e", width=3)
add_tip(memory, line, "@used{0.00} of @total{0.00} GiB")

# How much to show is each viewer's own choice: this runs in the page.
span = RadioButtonGroup(labels=list(SPANS_MS), active=0)
code = "newest.follow_interval = spans[span.active]; cpu.reset.emit()"
args = {"newest": newest, "span": span, "spans": list(SPANS_MS.values()), "cpu": cpu}
span.js_on_change("active", CustomJS(args=args, code=code))

show(column(span, cpu, memory, sizing_mode="stretch_width"))

# From here on only what is new travels.
for reading in readings:
    source.stream({name: [value] for name, value in reading.items()}, rollover=KEPT_ROWS)
    cursession().store_objects(source)
