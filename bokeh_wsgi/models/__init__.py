"""Documents on the server: graph, columns, history, and checks of what clients send."""

from .compaction import HistoryCompactor as HistoryCompactor
from .document import Document as Document
from .document import Limits as Limits
from .graph import Graph as Graph
from .library import Library as Library
from .reader_cache import Update as Update
from .state import State as State
