"""Points are selected with a box; Python draws histograms of them on the margins.

Run `bokeh-server`, then this, then open the link that it prints, and drag a box over some points.
"""

import numpy as np
from bokeh.models import BoxSelectTool

from bokeh_wsgi.plotting import ColumnDataSource, column, cursession, figure, output_server, row, show

output_server("Histograms on the margins")
session = cursession()

random = np.random.default_rng(1)
x = np.concatenate([random.normal(2, 1, 1500), random.normal(6, 0.8, 1000)])
y = np.concatenate([random.normal(5, 1, 1500), random.normal(2.5, 1.2, 1000)])
points = ColumnDataSource({"x": x, "y": y})

p = figure(
    frame_width=480,
    frame_height=380,
    min_border_left=40,
    tools="pan,wheel_zoom,box_select,lasso_select,reset",
    toolbar_location="below",
)
p.scatter("x", "y", source=points, size=4, alpha=0.6, nonselection_alpha=0.1)
p.toolbar.active_drag = p.select_one(BoxSelectTool)


def histogram(values):
    """All of them, and room for those that are selected."""
    counts, edges = np.histogram(values, bins=30)
    return ColumnDataSource(
        {"left": edges[:-1], "right": edges[1:], "all": counts, "selected": np.zeros_like(counts)}
    )


across, up = histogram(x), histogram(y)
top = figure(frame_width=480, frame_height=110, min_border_left=40, x_range=p.x_range, toolbar_location=None)
top.title.text = "Nothing is selected"
right = figure(frame_width=150, frame_height=380, y_range=p.y_range, toolbar_location=None)
for name, color in (("all", "#c9d6e4"), ("selected", "#1f77b4")):
    top.quad(left="left", right="right", bottom=0, top=name, source=across, color=color, line_color="white")
    right.quad(bottom="left", top="right", left=0, right=name, source=up, color=color, line_color="white")


def select(attr, old, new):
    chosen = np.array(new, dtype=int)
    for source, values in ((across, x), (up, y)):
        edges = np.append(source.data["left"], source.data["right"][-1])
        source.data["selected"] = np.histogram(values[chosen], bins=edges)[0]
    top.title.text = f"{len(chosen)} of {len(x)} points are selected"


points.selected.on_change("indices", select)

show(column(top, row(p, right)))
session.run()
