"""A table that is edited in the page and saved by Python, to planting.csv.

Run `bokeh-server`, then this, then open the link that it prints, double-click a cell and type.
"""

from pathlib import Path

import pandas as pd
from bokeh.models import DataTable, IntEditor, NumberEditor, StringEditor, TableColumn

from bokeh_wsgi.plotting import ColumnDataSource, cursession, figure, output_server, row, show

output_server("Planting")
session = cursession()

FILE = Path("planting.csv")
if FILE.exists():
    plants = pd.read_csv(FILE)
else:
    plants = pd.DataFrame(
        {
            "plant": ["beans", "peas", "leek", "chard", "kale", "beetroot"],
            "rows": [4, 3, 2, 2, 1, 3],
            "metres": [2.5, 2.5, 4.0, 3.0, 3.0, 1.5],
        }
    )
source = ColumnDataSource(plants)

table = DataTable(
    source=source,
    columns=[
        TableColumn(field="plant", title="plant", editor=StringEditor()),
        TableColumn(field="rows", title="rows", editor=IntEditor()),
        TableColumn(field="metres", title="metres each", editor=NumberEditor()),
    ],
    editable=True,
    index_position=None,
    width=380,
    height=300,
)
p = figure(width=420, height=300, title="Double-click a cell", toolbar_location=None)
p.scatter("rows", "metres", source=source, size=14)
p.xaxis.axis_label, p.yaxis.axis_label = "rows", "metres each"


def save(attr, old, new):
    plants = source.to_df()[["plant", "rows", "metres"]]
    plants.to_csv(FILE, index=False)
    p.title.text = f"{(plants['rows'] * plants['metres']).sum():g} metres in all, saved to {FILE}"


source.on_change("data", save)

show(row(table, p))
session.run()
