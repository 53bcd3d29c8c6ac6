"""How a module of the gallery adds a document: a function that builds its roots, or the whole document."""

import warnings
from collections.abc import Callable, Sequence

from bokeh.document import Document
from bokeh.model import Model

Built = Model | Sequence[Model] | Document
BUILDERS: dict[str, Callable[[], Built]] = {}


def document(build: Callable[[], Built]) -> Callable[[], Built]:
    """Register ``build`` under its own name; it must build the same picture each time it is called."""
    assert build.__name__ not in BUILDERS, f"two documents are called {build.__name__}"
    BUILDERS[build.__name__] = build
    return build


def build(name: str) -> Document:
    """A fresh Document of that name, titled with it."""
    with warnings.catch_warnings():
        # Bokeh's own use of what pandas, and Bokeh, will drop one day.
        warnings.filterwarnings("ignore", "The inplace keyword|DataCube is deprecated")
        built = BUILDERS[name]()
    if isinstance(built, Document):
        return built
    made = Document(title=name)
    for root in [built] if isinstance(built, Model) else built:
        made.add_root(root)
    return made
