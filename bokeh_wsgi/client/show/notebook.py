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
"""The longest title that a server accepts."""
PATH_VARIABLES = ("__vsc_ipynb_file__", "JPY_SESSION_NAME")


def show_in_notebook(links: Links, obj: Model) -> None:
    """Display ``obj`` below the current cell; its link where HTML is not displayed."""
    # A frame and not the script tag: a script of the plot server, and the CustomJS of all who may write to
    # the document, would run in the notebook's page, which can run code on this machine. Besides, classic
    # notebooks load the scripts of outputs themselves and drop their data- attributes. A frame works in all
    # notebooks and needs no rights of their origin, as its address has its token and code.
    width, height = size_of(obj)
    frame = frame_tag(links, obj, width=width + MARGIN_PX, height=height + MARGIN_PX, writes=True)
    link = links.object_link(obj)
    display = importlib.import_module("IPython.display").display
    # In a div: IPython's HTML() warns of bare frames, and notebooks apply styles to them.
    display({"text/html": f"<div>{frame}</div>", "text/plain": f"Live plot: {link}"}, raw=True)


def notebook_title() -> str:
    """A title for the document of this notebook: the notebook's path, or its folder if that is not known."""
    path = _notebook()
    title = f"Notebook in {_below_home(Path.cwd())}" if path is None else _below_home(path.with_suffix(""))
    return "".join(letter if letter.isprintable() else " " for letter in title).strip()[-TITLE_LENGTH:]


def _notebook() -> Path | None:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    # VS Code sets a Python variable, Jupyter's servers set an environment variable of the kernel.
    variables = [{} if shell is None else shell.user_ns, os.environ]
    names = [str(where.get(name, "")) for where, name in zip(variables, PATH_VARIABLES, strict=True)]
    return next((Path(name) for name in names if name.endswith(".ipynb")), None)


def _below_home(path: Path) -> str:
    home = Path.home()
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()
