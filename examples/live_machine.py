"""This machine's CPU and memory, live: ten times a second, the last hour kept.

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
from bokeh.palettes import Category10_10 as COLORS

from bokeh_wsgi.plotting import ColumnDataSource, cursession, figure, output_server, show

HERTZ = 10
KEPT_ROWS = 3600 * HERTZ
GIB = 1 << 30
CORES = [f"core {n}" for n in range(psutil.cpu_count() or 1)]
SPANS_MS = {"1 minute": 60_000, "10 minutes": 600_000, "1 hour": 3_600_000}


def samples() -> Iterator[dict[str, float]]:
    """A row of numbers at every tick; the time is this machine's, in milliseconds."""
    past = deque([psutil.cpu_times(percpu=True)], maxlen=HERTZ + 1)
    tick = time.time()
    while True:
        tick = max(tick + 1 / HERTZ, time.time())
        time.sleep(max(0, tick - time.time()))
        past.append(psutil.cpu_times(percpu=True))
        busy = [100 * share(old, new) for old, new in zip(past[0], past[-1], strict=True)]
        memory = psutil.virtual_memory()
        yield {
            "time": 1000 * (tick + time.localtime().tm_gmtoff),
            "cpu": sum(busy) / len(busy),
            "used": (memory.total - memory.available) / GIB,
            "total": memory.total / GIB,
            **dict(zip(CORES, busy, strict=True)),
        }


def share(old: Any, new: Any) -> float:
    """How busy a core was between two readings of its clocks, 0 to 1."""
    spent = {name: getattr(new, name) - getattr(old, name) for name in new._fields}
    idle = spent["idle"] + spent.get("iowait", 0)
    # Guests' time is counted in user and nice already.
    total = sum(spent.values()) - spent.get("guest", 0) - spent.get("guest_nice", 0)
    return min(1, max(0, 1 - idle / total)) if total > 0 else 0


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

cpu = chart("CPU: how busy over the last second", "%", 100, newest)
cpu.varea("time", y1=0, y2="cpu", source=source, color=COLORS[0], alpha=0.15)
for core, color in zip(CORES[:8], COLORS[1:], strict=False):
    cpu.line("time", core, source=source, color=color, alpha=0.7, legend_label=core)
line = cpu.line("time", "cpu", source=source, color=COLORS[0], width=3, legend_label="all cores")
add_tip(cpu, line, "@cpu{0} % busy")
cpu.legend.location = "top_left"
cpu.legend.orientation = "horizontal"
cpu.legend.click_policy = "hide"
cpu.legend.background_fill_alpha = 0.7
cpu.legend.border_line_color = None

memory = chart("Memory in use", "GiB", source.data["total"][0], newest)
memory.varea("time", y1=0, y2="used", source=source, color=COLORS[4], alpha=0.2)
line = memory.line("time", "used", source=source, color=COLORS[4], width=3)
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
