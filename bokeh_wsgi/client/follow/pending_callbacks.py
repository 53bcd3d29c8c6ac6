"""`PendingCallbacks`: changes of attributes for which callbacks have not been called yet."""

from dataclasses import dataclass, field
from typing import Any

from bokeh.model import Model


@dataclass(slots=True)
class PropertyChange:
    """The old and new value of an attribute that somebody else changed."""

    model: Model
    attribute: str
    old: Any
    new: Any


@dataclass(slots=True)
class PendingCallbacks:
    """Collects changes until callbacks are called; several changes of one attribute become one."""

    _changed: dict[tuple[int, str], PropertyChange] = field(default_factory=dict)

    def add(self, model: Model, attribute: str, old: Any, new: Any) -> None:
        known = self._changed.pop((id(model), attribute), None)
        old = old if known is None else known.old
        self._changed[id(model), attribute] = PropertyChange(model, attribute, old, new)

    def __bool__(self) -> bool:
        return bool(self._changed)

    def take(self) -> list[PropertyChange]:
        """Remove and return all changes whose new value differs from the old one."""
        taken, self._changed = self._changed, {}
        return [
            changed
            for changed in taken.values()
            if changed.attribute == "data"
            or not changed.model.lookup(changed.attribute).property.matches(changed.new, changed.old)
        ]

    def call(self) -> None:
        """Call the callbacks for all changes in this thread; an error in one is raised at once."""
        for changed in self.take():
            for callback in list(changed.model._callbacks.get(changed.attribute, ())):
                callback(changed.attribute, changed.old, changed.new)
