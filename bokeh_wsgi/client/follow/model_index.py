"""The models that a script has of a document, by their id there."""

from weakref import WeakValueDictionary

from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.client.ids import ModelIds
from bokeh_wsgi.exc import FrameError
from bokeh_wsgi.models.graph import Graph

from .model_decoder import ModelDecoder


class ModelIndex:
    """Finds models by wire id: those in the document, and those made for it that are outside of it now."""

    def __init__(self, document: Document, ids: ModelIds) -> None:
        self._document = document
        self._ids = ids
        self._models: WeakValueDictionary[str, Model] = WeakValueDictionary()

    def find(self, wire: str) -> Model | None:
        local = self._ids.local_of(wire)
        if local is None:
            return None
        found = self._document.models.get_by_id(ID(local)) or self._models.get(wire)
        return found or self._of_config(local)

    def _of_config(self, local: str) -> Model | None:
        """Models that the document has, but not below its roots."""
        return next((model for model in self._document.config.references() if model.id == local), None)

    def add(self, wire: str, model: Model) -> None:
        self._models[wire] = model

    def forget(self, wire: str) -> None:
        """The id means another model from now on."""
        self._models.pop(wire, None)
        self._ids.unpair(wire)


class MentionDecoder(ModelDecoder):
    """Decodes values that mention models which are here, as of events and columns; else `FrameError`."""

    def __init__(self, graph: Graph, index: ModelIndex) -> None:
        super().__init__(graph)
        self._index = index

    def model(self, wire_id: str) -> Model:
        found = self._index.find(wire_id)
        if found is None:
            raise FrameError(f"the model {wire_id} is mentioned, and is not here")
        return found
