"""Documents: graph, state, history."""

from .document import Document as Document
from .document import Limits as Limits
from .document import Update as Update
from .folding import Folder as Folder
from .graph import Graph as Graph
from .library import Library as Library
from .state import State as State
