"""Points that are dragged, added and deleted in the page; Python fits a curve through them.

Run `bokeh-server`, then this, then open the link that it prints. Drag a point; click where none
is to add one; click one and press Backspace to delete it.
"""

import numpy as np
from bokeh.models import PointDrawTool, Spinner

from bokeh_wsgi.plotting import ColumnDataSource, column, cursession, figure, output_server, show

output_server("A fit")
session = cursession()

points = ColumnDataSource({"x": [1.0, 2.5, 4.0, 6.0, 8.0, 9.0], "y": [2.0, 5.5, 4.0, 7.5, 4.5, 7.0]})
curve = ColumnDataSource({"x": [], "y": []})

p = figure(width=700, height=420, x_range=(0, 10), y_range=(0, 10), tools="")
p.line("x", "y", source=curve, line_width=3, color="#8fa3bf")
dots = p.scatter("x", "y", source=points, size=16, color="#c44e52", line_color="white")
draw = PointDrawTool(renderers=[dots])
p.add_tools(draw)
p.toolbar.active_tap = draw

degree = Spinner(title="Degree of the polynomial", low=1, high=9, step=1, value=3, width=200)


def fit(attr, old, new):
    x, y = np.array(points.data["x"]), np.array(points.data["y"])
    used = min(int(degree.value), len(x) - 1)
    polynomial = np.polynomial.Polynomial.fit(x, y, used)
    xs = np.linspace(x.min(), x.max(), 200)
    curve.data = {"x": xs, "y": polynomial(xs)}
    error = np.sqrt(np.mean((y - polynomial(x)) ** 2))
    p.title.text = f"{len(x)} points, degree {used}, off by {error:.2f}"


points.on_change("data", fit)
degree.on_change("value", fit)
fit(None, None, None)

show(column(degree, p))
session.run()
