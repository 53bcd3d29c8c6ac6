"""Ids of models: those they have in this process, those they have in the document, and which is which."""

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
"""The id of a model in this process, ``model.id``. Bokeh counts them out: p1001, p1002, …"""

WireId = NewType("WireId", str)
"""The id of a model in the document on the server."""


class ModelIds:
    """A bijection between local ids and wire ids; every model that the session knows is in it.

    A model of this process gets its wire id when it is asked for the first time: its own id, or one that
    nobody else hands out, if ``tags_new`` is set or the document has, or once had, that id. It keeps it.
    Not thread-safe.
    """

    def __init__(self) -> None:
        self.tags_new = False
        """Whether new models get ids that no other session hands out, as others have begun the document."""
        self._wires: dict[LocalId, WireId] = {}
        self._locals: dict[WireId, LocalId] = {}
        self._seen: set[str] = set()
        self._tag = secrets.token_hex(4)
        self._renamed = 0

    def wire_of(self, model: Model) -> WireId:
        """The id that a model of this process has in the document, or will have."""
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
        """The id that a model of the document has in this process; None if it has none."""
        return self._locals.get(WireId(wire))

    def is_pair(self, model: Model, wire: str) -> bool:
        """Whether this id means the model."""
        return self._wires.get(LocalId(model.id)) == wire

    def pair(self, local: LocalId, wire: WireId) -> None:
        """Have these two mean the same model; raises ValueError if one of them means another one."""
        if self._wires.get(local, wire) != wire or self._locals.get(wire, local) != local:
            raise ValueError(
                f"{local} and {wire} cannot be one model: there {local} is {self._wires.get(local)}, "
                f"and {wire} is {self._locals.get(wire)} here"
            )
        self._wires[local], self._locals[wire] = wire, local

    def unpair(self, wire: str) -> None:
        """Forget which model this id means: it means another one from now on."""
        local = self._locals.pop(WireId(wire), None)
        if local is not None:
            del self._wires[local]

    def rename(self, wire: str) -> None:
        """Give a model of ours another wire id, where somebody else has taken this one."""
        local = self._locals[WireId(wire)]
        self.unpair(wire)
        self.pair(local, self._unused(local))

    def see(self, wires: Iterable[str]) -> None:
        """The document holds these, by others: new models do not get them, even when they are gone there.

        A model of ours that was to be sent under one of them gets another id.
        """
        for wire in wires:
            if wire not in self._seen:
                self._seen.add(wire)
                if wire in self._locals:
                    self.rename(wire)

    def sent(self, wires: Iterable[str]) -> None:
        """The document holds these models of ours."""
        self._seen.update(wires)

    def adopt(self, wires: Collection[str], document: Document) -> None:
        """Have local ids for models of the document that will be made here: their own, where these are free.

        A model here that has such an id, and is in ``document`` or may come to be, is a new one from now on.
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
    """The number in an id that Bokeh counted out; 0 for other ids."""
    found = re.fullmatch(r"p([0-9]{1,15})", model_id)
    return 0 if found is None else int(found[1])


def _move_counter_past(ids: Iterable[str]) -> None:
    """Have the models that Bokeh names from now on not get any of these ids."""
    numbers = [_number_of(key) for key in ids]
    with bokeh.util.serialization._simple_id_lock:
        highest = max([bokeh.util.serialization._simple_id, *numbers])
        bokeh.util.serialization._simple_id = highest


def _ids_in_use(candidates: Iterable[str], document: Document) -> set[str]:
    """Those ids that a model of this process has which is in ``document``, or could still be added to it."""
    counter = bokeh.util.serialization._simple_id
    # Ids that do not count up are never made twice, and those over the counter not yet.
    wanted = {key for key in candidates if 0 < _number_of(key) <= counter}
    if not wanted:
        return set()
    found = _ids_of_models(document) & wanted
    if found:
        # Models that are garbage by now do not count.
        gc.collect()
        found = _ids_of_models(document) & wanted
    return found


def _ids_of_models(document: Document) -> set[str]:
    """Of all models that are, or may come to be, in the document: Bokeh keeps no list. Takes about 50 ms."""
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
