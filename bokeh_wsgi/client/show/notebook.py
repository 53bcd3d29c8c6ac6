"""Live plots below the cells of a Jupyter notebook."""

import importlib

from bokeh.model import Model

from .frame_size import size_of
from .tags import Links, frame_tag

MARGIN_PX = 20


def show_in_notebook(links: Links, obj: Model) -> None:
    """Display ``obj`` below the cell that runs; where no HTML is shown, its link."""
    # A frame, not the script tag. A script of the plot server would run in the notebook's own page, which can
    # run code on this machine, and so would the CustomJS of whoever may write the document. Besides, classic
    # notebooks load scripts of outputs by themselves and drop their data- attributes. A frame is the same in
    # all notebooks, and needs nothing from their origin: its address says what it may read, and do.
    width, height = size_of(obj)
    frame = frame_tag(links, obj, width=width + MARGIN_PX, height=height + MARGIN_PX, writes=True)
    link = links.object_link(obj)
    display = importlib.import_module("IPython.display").display
    # In a div: IPython's HTML() warns of bare frames, and notebooks style them.
    display({"text/html": f"<div>{frame}</div>", "text/plain": f"Live plot: {link}"}, raw=True)
