"""A script that answers a slider, slowly: ``… dragged_script.py url title seconds``.

Each value it gets is a row of what it "heard". Started again it goes on with what it finds. It prints
"ready"; for each line on its standard input the value that it has.
"""

import sys
from typing import Any

from bokeh.document import Document
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.widgets.sliders import Slider
from bokeh.models.widgets.tables import DataTable, TableColumn

from bokeh_wsgi import Session
from tests.waiting import pause

MOST = 100_000


def build(document: Document) -> None:
    heard = ColumnDataSource({"value": []}, name="heard")
    said = ColumnDataSource({"value": []}, name="said")
    slider = Slider(start=0, end=MOST, value=0, width=800, name="slider")
    # What the page itself does once for each of its changes.
    slider.js_on_change("value", CustomJS(args={"said": said}, code="said.stream({value: [this.value]})"))
    document.add_root(slider)
    for source in (heard, said):
        document.add_root(DataTable(source=source, columns=[TableColumn(field="value")], height=100))


def tell(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, title: str, seconds: str) -> None:
    session = Session(root_url=url, load_from_config=False)
    session.use_doc(title)
    document = Document()
    session.load_document(document)
    if not document.roots:
        build(document)
        session.store_document(document)
    slider: Any = document.get_model_by_name("slider")
    heard: Any = document.get_model_by_name("heard")

    def changed(attr: str, old: Any, new: Any) -> None:
        pause(float(seconds), "a slow callback")
        heard.stream({"value": [new]})

    slider.on_change("value", changed)
    with session.live(document):
        tell("ready")
        for _ in sys.stdin:
            tell(slider.value)


if __name__ == "__main__":
    main(*sys.argv[1:])
