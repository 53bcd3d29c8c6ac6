"""Live plots below the cells of a Jupyter notebook."""

import importlib
import os
import sys
from pathlib import Path

from bokeh.model import Model

from .frame_size import size_of
from .tags import Links, frame_tag

MARGIN_PX = 20
TITLE_LENGTH = 200
"""As many letters as a server takes."""
TOLD_BY = ("__vsc_ipynb_file__", "JPY_SESSION_NAME")


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


def notebook_title() -> str:
    """A title for the document of the notebook that runs: its path, if that can be known, or its folder."""
    path = _notebook()
    known = f"Notebook in {_below_home(Path.cwd())}" if path is None else _below_home(path.with_suffix(""))
    return "".join(letter if letter.isprintable() else " " for letter in known).strip()[-TITLE_LENGTH:]


def _notebook() -> Path | None:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    # VS Code tells it in a variable, servers of Jupyter in the environment of the kernel that they start.
    told = [{} if shell is None else shell.user_ns, os.environ]
    names = [str(where.get(name, "")) for where, name in zip(told, TOLD_BY, strict=True)]
    return next((Path(name) for name in names if name.endswith(".ipynb")), None)


def _below_home(path: Path) -> str:
    home = Path.home()
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()
