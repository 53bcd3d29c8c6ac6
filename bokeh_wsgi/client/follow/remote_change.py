"""`RemoteChange`: what a script gets from `Session.next_change`."""

from dataclasses import dataclass

from bokeh.events import Event
from bokeh.model import Model


@dataclass(frozen=True, slots=True)
class RemoteChange:
    """What others changed, up to the change ``seq`` of the document. The callbacks for it have been called.

    ``changed``: (model, attribute) of each new value. ``events``: such as clicks.
    """

    seq: int
    changed: tuple[tuple[Model, str], ...]
    events: tuple[Event, ...]
