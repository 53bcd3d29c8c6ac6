"""What callbacks have to be told of: how attributes were, and have become."""

from dataclasses import dataclass, field
from typing import Any

from bokeh.model import Model


@dataclass(slots=True)
class PropertyChange:
    """An attribute that somebody else changed."""

    model: Model
    attribute: str
    old: Any
    new: Any


@dataclass(slots=True)
class PendingCallbacks:
    """Gathers changes until callbacks are called; of several of one attribute only the newest counts."""

    _changed: dict[tuple[int, str], PropertyChange] = field(default_factory=dict)

    def add(self, model: Model, attribute: str, old: Any, new: Any) -> None:
        known = self._changed.pop((id(model), attribute), None)
        old = old if known is None else known.old
        self._changed[id(model), attribute] = PropertyChange(model, attribute, old, new)

    def __bool__(self) -> bool:
        return bool(self._changed)

    def take(self) -> list[PropertyChange]:
        """What really is another value now."""
        taken, self._changed = self._changed, {}
        return [
            changed
            for changed in taken.values()
            if changed.attribute == "data"
            or not changed.model.lookup(changed.attribute).property.matches(changed.new, changed.old)
        ]

    def call(self) -> None:
        """Call the callbacks of the script for what changed, here and now; an error in one ends it."""
        for changed in self.take():
            for callback in list(changed.model._callbacks.get(changed.attribute, ())):
                callback(changed.attribute, changed.old, changed.new)
