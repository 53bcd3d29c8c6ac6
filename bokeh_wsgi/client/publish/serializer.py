"""`GraphSerializer`: Bokeh models as a graph. Bokeh's serializer, without the columns of sources."""

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
    """Encodes values, and collects all models that they refer to.

    After any number of calls of `encode`, by wire id (which ``ids`` gives): ``models`` are the encoded
    models, ``objects`` the models themselves, ``sources`` the columns of those that have any.
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
        """The encoded value of an attribute, even if it is the default, which Bokeh omits.

        ``unless`` is returned if the model has no such attribute, as for documents of another Bokeh version.
        """
        model = self.objects[wire_id]
        return self.encode(getattr(model, attribute)) if attribute in model.properties() else unless

    def encode_item(self, item: Any) -> Any:
        """An item of a column, encoded; see `has_rounded`."""
        self._is_item = True
        try:
            return self.encode(item)
        finally:
            self._is_item = False

    def has_rounded(self) -> bool:
        """Whether `encode_item` has rounded an integer since the last call of this."""
        has_rounded, self._has_rounded = self._has_rounded, False
        return has_rounded

    def _encode_int(self, obj: int) -> Any:
        if self._is_item and not -EXACT < obj < EXACT:
            # Bokeh would warn of every single one.
            self._has_rounded = True
            return self._encode_float(float(obj))
        return super()._encode_int(obj)

    def _encode(self, obj: Any) -> Any:
        if not isinstance(obj, Model):
            return super()._encode(obj)
        wire_id = self.wire_of(obj)
        self.objects[wire_id] = obj
        # Inserted here for its place in the order: Bokeh lists a model before those that it refers to.
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
        # As in Bokeh, but without a new id for the buffer: encoding must not advance the counter of ids.
        return {"type": "bytes", "data": Buffer(ID(""), obj).to_base64()}


class PartSerializer(GraphSerializer):
    """Encodes ``known`` models as references only, except those given to `take`."""

    def __init__(self, ids: ModelIds, known: Container[str]) -> None:
        super().__init__(ids)
        self._known = known

    def take(self, model: Model) -> None:
        """Encode a model with its attributes, even if it is known."""
        if self.wire_of(model) not in self.models:
            super()._encode(model)

    def take_columns(self, model: Model) -> None:
        """Add the columns of a source to ``sources``."""
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
    """JSON text, equal only for equal values; also different for 1 and true, and for 0.0 and -0.0."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def plain(value: Any) -> Any:
    """The same JSON value, in the types that `json.loads` returns."""
    return json.loads(text_of(value))


def closure(objects: Iterable[Model], ids: ModelIds) -> GraphSerializer:
    """A serializer that has encoded ``objects`` and all models that they refer to."""
    serializer = GraphSerializer(ids)
    for obj in objects:
        serializer.encode(obj)
    return serializer
