"""Documents: graph, state, history."""

from .compaction import HistoryCompactor as HistoryCompactor
from .document import Document as Document
from .document import Limits as Limits
from .document import Update as Update
from .graph import Graph as Graph
from .library import Library as Library
from .state import State as State
