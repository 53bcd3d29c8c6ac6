"""Bokeh models as a graph: Bokeh's own serializer, which gets sources without their columns."""

import json
from collections.abc import Container, Iterable, Mapping
from typing import Any

from bokeh.core.serialization import Buffer, Ref, Serializer
from bokeh.core.types import ID
from bokeh.model import Model

from bokeh_wsgi.client.columns.source_data import columns_of
from bokeh_wsgi.client.ids import ModelIds, WireId

from .rounding import EXACT

Rep = dict[str, Any]


class GraphSerializer(Serializer):
    """Encodes values, and keeps aside the models they lead to.

    After any number of `encode`: ``models`` are their representations, flat, by wire id; ``objects`` the
    models themselves; ``sources`` the column data of those that have any. ``ids`` says which id a model
    has in the document.
    """

    def __init__(self, ids: ModelIds) -> None:
        super().__init__(deferred=False)
        self._ids = ids
        self.models: dict[str, Rep] = {}
        self.objects: dict[str, Model] = {}
        self.sources: dict[str, Mapping[str, Any]] = {}
        self._is_item = self._has_rounded = False

    def wire_of(self, model: Model) -> WireId:
        return self._ids.wire_of(model)

    def add_ref(self, obj: Any, ref: Any) -> None:
        super().add_ref(obj, Ref(id=ID(self.wire_of(obj))) if isinstance(obj, Model) else ref)

    def explicit(self, wire_id: str, attribute: str, *, unless: Any) -> Any:
        """The encoded value of an attribute, also where it is the default that Bokeh leaves out.

        ``unless`` the model has no such attribute: documents may come from another version of Bokeh.
        """
        model = self.objects[wire_id]
        return self.encode(getattr(model, attribute)) if attribute in model.properties() else unless

    def encode_item(self, item: Any) -> Any:
        """An item of a column, encoded; `has_rounded` says whether an integer in one was too large."""
        self._is_item = True
        try:
            return self.encode(item)
        finally:
            self._is_item = False

    def has_rounded(self) -> bool:
        """Whether that happened since this was asked last."""
        found, self._has_rounded = self._has_rounded, False
        return found

    def _encode_int(self, obj: int) -> Any:
        if self._is_item and not -EXACT < obj < EXACT:
            # Bokeh would warn of each.
            self._has_rounded = True
            return self._encode_float(float(obj))
        return super()._encode_int(obj)

    def _encode(self, obj: Any) -> Any:
        if not isinstance(obj, Model):
            return super()._encode(obj)
        wire_id = self.wire_of(obj)
        self.objects[wire_id] = obj
        # Takes this model's place among the others: Bokeh lists a model before those it mentions.
        rep = self.models[wire_id] = {}
        columns = columns_of(obj)
        if columns is not None:
            self.sources[wire_id] = columns
            self._references[id(columns)] = _TAKEN_OUT
        encoded: Any = obj.to_serializable(self)
        attributes = encoded.get("attributes", {})
        if columns is not None:
            attributes.pop("data", None)
            del self._references[id(columns)]
        rep.update({**encoded, "attributes": attributes})
        del rep["type"], rep["id"]
        return {"id": wire_id}

    def _encode_bytes(self, obj: bytes | memoryview) -> Any:
        # As Bokeh, but without an id for the buffer: encoding must not move the counter that names models.
        return {"type": "bytes", "data": Buffer(ID(""), obj).to_base64()}


class PartSerializer(GraphSerializer):
    """Leaves models that are ``known`` as references, except those that it is to `take`."""

    def __init__(self, ids: ModelIds, known: Container[str]) -> None:
        super().__init__(ids)
        self._known = known

    def take(self, model: Model) -> None:
        """Encode a model, whether it is known or not; once."""
        if self.wire_of(model) not in self.models:
            super()._encode(model)

    def take_columns(self, model: Model) -> None:
        """Have the columns of a source among the ``sources``."""
        columns = columns_of(model)
        if columns is not None:
            self.sources[self.wire_of(model)] = columns
            self.objects.setdefault(self.wire_of(model), model)

    def _encode(self, obj: Any) -> Any:
        if isinstance(obj, Model) and self.wire_of(obj) in self._known:
            return {"id": self.wire_of(obj)}
        return super()._encode(obj)


_TAKEN_OUT: Any = {"id": ""}


def text_of(value: Any) -> str:
    """JSON text that is equal only for equal values: it tells 1 from true and 0.0 from -0.0."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def plain(value: Any) -> Any:
    """The same JSON value, made of nothing but JSON's own types."""
    return json.loads(text_of(value))


def closure(objects: Iterable[Model], ids: ModelIds) -> GraphSerializer:
    """A serializer that has seen ``objects`` and everything they lead to."""
    serializer = GraphSerializer(ids)
    for obj in objects:
        serializer.encode(obj)
    return serializer
