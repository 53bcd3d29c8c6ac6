"""Two plots of the same penguins: who is selected in one is selected in the other, and in every open page.

Run `bokeh-server`, then this, then open the link that it prints in two browsers, and drag a box or a lasso.
"""

from bokeh.transform import factor_cmap
from bokeh_sampledata.penguins import data as penguins

from bokeh_wsgi.plotting import ColumnDataSource, cursession, figure, output_server, row, show

output_server("Penguins")
session = cursession()

penguins = penguins.dropna().reset_index(drop=True)
species = sorted(penguins["species"].unique())
source = ColumnDataSource(penguins)


def chart(x, y):
    p = figure(width=450, height=420, tools="pan,box_select,lasso_select,reset", active_drag="box_select")
    colors = factor_cmap("species", ["#e07b39", "#7b5ea7", "#2a9d8f"], species)
    p.scatter(x, y, source=source, color=colors, size=8, alpha=0.7, nonselection_alpha=0.1)
    p.xaxis.axis_label, p.yaxis.axis_label = x.replace("_", " "), y.replace("_", " ")
    return p


bills = chart("bill_length_mm", "bill_depth_mm")
bodies = chart("flipper_length_mm", "body_mass_g")
bills.title.text = "Drag a box over some of them"


def select(attr, old, new):
    counts = penguins.loc[new, "species"].value_counts()
    bills.title.text = ", ".join(f"{counts.get(name, 0)} {name}" for name in species)


source.selected.on_change("indices", select)

show(row(bills, bodies))
session.run()
