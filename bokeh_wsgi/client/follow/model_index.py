"""`ModelIndex`: finds a script's models by their id in the document."""

from weakref import WeakValueDictionary

from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.client.ids import ModelIds
from bokeh_wsgi.models.graph import Graph

from .model_decoder import ModelDecoder
from .value_decoder import Unreadable


class ModelIndex:
    """Finds models by wire id: those in the document, and those created for it but not in it now."""

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
        """A model that belongs to the document's config, which is not below its roots."""
        return next((model for model in self._document.config.references() if model.id == local), None)

    def add(self, wire: str, model: Model) -> None:
        self._models[wire] = model

    def forget(self, wire: str) -> None:
        """Remove an id: it will be that of another model."""
        self._models.pop(wire, None)
        self._ids.unpair(wire)


class MentionDecoder(ModelDecoder):
    """Decodes values that refer to existing models only, as in events and columns."""

    def __init__(self, graph: Graph, index: ModelIndex) -> None:
        super().__init__(graph)
        self._index = index

    def model(self, wire_id: str) -> Model:
        found = self._index.find(wire_id)
        if found is None:
            raise Unreadable(f"the model {wire_id} is mentioned, and is not here")
        return found
