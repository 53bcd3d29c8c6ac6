"""`ModelIds`: maps the ids of models in this process to their ids in the document, and back."""

import gc
import re
import secrets
from collections.abc import Collection, Iterable
from typing import NewType

import bokeh.util.serialization
from bokeh.document import Document
from bokeh.model import Model
from bokeh.util.serialization import make_id

LocalId = NewType("LocalId", str)
"""The id of a model in this process, ``model.id``. Bokeh numbers models: p1001, p1002, …"""

WireId = NewType("WireId", str)
"""The id of a model in the document on the server."""


class ModelIds:
    """A bijection between local ids and wire ids, of all models that the session has stored or loaded.

    `wire_of` gives a model its wire id at the first call, for good: the local id; or a unique one, if
    ``tags_new`` is set or the document has, or ever had, a model of that id. Not thread-safe.
    """

    def __init__(self) -> None:
        self.tags_new = False
        """Whether new models get ids that no other session can give, as others have started the document."""
        self._wires: dict[LocalId, WireId] = {}
        self._locals: dict[WireId, LocalId] = {}
        self._seen: set[str] = set()
        self._tag = secrets.token_hex(4)
        self._renamed = 0

    def wire_of(self, model: Model) -> WireId:
        """The wire id of a model of this process, whether it is stored already or not."""
        local = LocalId(model.id)
        known = self._wires.get(local)
        if known is not None:
            return known
        wire = WireId(local)
        if self.tags_new or wire in self._locals or wire in self._seen:
            wire = self._unused(local)
        self.pair(local, wire)
        return wire

    def local_of(self, wire: str) -> LocalId | None:
        """The local id for a wire id; None if there is none."""
        return self._locals.get(WireId(wire))

    def is_pair(self, model: Model, wire: str) -> bool:
        """Whether this is the wire id of the model."""
        return self._wires.get(LocalId(model.id)) == wire

    def pair(self, local: LocalId, wire: WireId) -> None:
        """Map two ids to each other; raises ValueError if one of them is mapped to another."""
        if self._wires.get(local, wire) != wire or self._locals.get(wire, local) != local:
            raise ValueError(
                f"{local} and {wire} cannot be one model: there {local} is {self._wires.get(local)}, "
                f"and {wire} is {self._locals.get(wire)} here"
            )
        self._wires[local], self._locals[wire] = wire, local

    def unpair(self, wire: str) -> None:
        """Remove an id from the map: it will be that of another model."""
        local = self._locals.pop(WireId(wire), None)
        if local is not None:
            del self._wires[local]

    def rename(self, wire: str) -> None:
        """Give a model of this session another wire id, as somebody else uses this one."""
        local = self._locals[WireId(wire)]
        self.unpair(wire)
        self.pair(local, self._unused(local))

    def see(self, wires: Iterable[str]) -> None:
        """Reserve ids that others use in the document: new models never get them.

        A model of this session that was to be sent under one of them gets another id.
        """
        for wire in wires:
            if wire not in self._seen:
                self._seen.add(wire)
                if wire in self._locals:
                    self.rename(wire)

    def sent(self, wires: Iterable[str]) -> None:
        """The document now has these ids, for models of this session."""
        self._seen.update(wires)

    def adopt(self, wires: Collection[str], document: Document) -> None:
        """Choose local ids for models of the document that will be created here: the wire id if it is free.

        A model of this process that has such an id, and is in ``document`` or may still be added to it,
        counts as a new one from now on.
        """
        paired = {wire: local for wire in wires if (local := self.local_of(wire)) is not None}
        used = _ids_in_use([*wires, *paired.values()], document)
        _move_counter_past(wires)
        for wire in wires:
            if wire in paired:
                if paired[wire] not in used:
                    continue
                self.unpair(wire)
            is_free = wire not in used and wire not in self._wires
            self.pair(LocalId(wire if is_free else make_id()), WireId(wire))

    def _unused(self, local: LocalId) -> WireId:
        wire = WireId(f"{local}-{self._tag}")
        while wire in self._locals or wire in self._seen:
            self._renamed += 1
            wire = WireId(f"{local}-{self._tag}-{self._renamed}")
        return wire


def _number_of(model_id: str) -> int:
    """The number in an id that Bokeh generated; 0 for other ids."""
    found = re.fullmatch(r"p([0-9]{1,15})", model_id)
    return 0 if found is None else int(found[1])


def _move_counter_past(ids: Iterable[str]) -> None:
    """Advance Bokeh's counter, so that no new model gets one of these ids."""
    numbers = [_number_of(key) for key in ids]
    with bokeh.util.serialization._simple_id_lock:
        highest = max([bokeh.util.serialization._simple_id, *numbers])
        bokeh.util.serialization._simple_id = highest


def _ids_in_use(candidates: Iterable[str], document: Document) -> set[str]:
    """Those of the ids that belong to models which are in ``document``, or can still be added to it."""
    counter = bokeh.util.serialization._simple_id
    # Other ids than Bokeh's are unique, and those beyond its counter are not used yet.
    wanted = {key for key in candidates if 0 < _number_of(key) <= counter}
    if not wanted:
        return set()
    found = _ids_of_models(document) & wanted
    if found:
        # Models that are garbage do not count.
        gc.collect()
        found = _ids_of_models(document) & wanted
    return found


def _ids_of_models(document: Document) -> set[str]:
    """The ids of all models that are in the document, or in none. Takes about 50 ms: Bokeh keeps no list."""
    kinds = {Model}
    waiting = [Model]
    while waiting:
        subclasses = set(waiting.pop().__subclasses__()) - kinds
        kinds |= subclasses
        waiting += subclasses
    models = [obj for obj in gc.get_objects() if type(obj) in kinds]
    return {
        model._id
        for model in models
        if hasattr(model, "_id") and getattr(model, "_document", None) in (None, document)
    }
