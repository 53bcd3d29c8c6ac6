"""Calls the callbacks of a script, one at a time: an error in one keeps no other from its turn."""

import asyncio
import inspect
import json
import logging
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from bokeh.document import Document
from bokeh.events import Event, ModelEvent
from bokeh.io.doc import patch_curdoc
from bokeh.model import Model
from bokeh.util.callback_manager import _nargs

from bokeh_wsgi.dataplane import Op
from bokeh_wsgi.models.graph import Graph

from .model_index import MentionDecoder, ModelIndex
from .pending_callbacks import PropertyChange

log = logging.getLogger("bokeh_wsgi")

Notice = Callable[[str], None]


class CallbackRunner:
    """Calls back for one document; ``notice`` is told of errors, too."""

    def __init__(self, document: Document, notice: Notice | None) -> None:
        self._document = document
        self._notice = notice
        self._told: set[str] = set()

    def changed(self, changed: PropertyChange) -> None:
        """The ``on_change`` callbacks of one attribute."""
        model, attribute = changed.model, changed.attribute
        for callback in list(model._callbacks.get(attribute, ())):
            what = f"on_change({attribute!r}) of {named(model)}"
            self.call(what, callback, attribute, changed.old, changed.new)

    def event(self, event: Event) -> None:
        """The ``on_event`` and ``on_click`` callbacks of the event's model, then those of the document."""
        name = event.event_name
        model = event.model if isinstance(event, ModelEvent) else None
        if model is not None:
            for callback in list(model._event_callbacks.get(name, ())):
                self._call_event(f"{name} of {named(model)}", callback, event)
        for callback in self._document.callbacks.event_callbacks_for_event_name(name):
            self._call_event(f"{name} of the document", callback, event)

    def _call_event(self, what: str, callback: Callable[..., Any], event: Event) -> None:
        arguments = (event,) if _nargs(callback) else ()
        self.call(what, callback, *arguments)

    def call(self, what: str, callback: Callable[..., Any], *arguments: Any) -> None:
        """Call it with `curdoc` being the document; a coroutine is run to its end."""
        # Bokeh forgets to take its document back when an error passes by: so none does.
        with patch_curdoc(self._document):
            try:
                result = callback(*arguments)
                if inspect.iscoroutine(result):
                    _run(result)
            except Exception as error:  # noqa: BLE001  (of any kind: it is the script's)
                self._tell(what, error)

    def _tell(self, what: str, error: Exception) -> None:
        short = f"{type(error).__name__}: {error}"
        place = traceback.extract_tb(error.__traceback__)[-1:]
        key = f"{what} {type(error).__name__} {[(frame.filename, frame.lineno) for frame in place]}"
        if key in self._told:
            log.error("%s failed again: %s", what, short)
            return
        self._told.add(key)
        log.error("%s failed: %s", what, short, exc_info=error)
        if self._notice is not None:
            try:
                self._notice(f"{what} failed: {short}")
            except Exception as problem:  # noqa: BLE001  (it is told above all the same)
                log.warning("the pages cannot be told of it: %s", problem)


def named(model: Model) -> str:
    return f"{type(model).__name__} {model.name or model.id!r}"


def _run(coroutine: Coroutine[Any, Any, Any]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(coroutine)
        return
    # In a notebook's own thread, whose loop waits for us.
    errors: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def event_of(op: Op, graph: Graph, index: ModelIndex) -> Event | None:
    """The event that an EVENT op says; None for one that means nothing here, as of a model that is gone."""
    content = json.loads(op.json)
    try:
        cls = Event.cls_for(content["name"])
        values = MentionDecoder(graph, index).value(content.get("values", {}))
        return cls(**values)
    except (KeyError, ValueError, TypeError) as error:
        log.debug("an event %s means nothing here: %s", content.get("name"), error)
        return None
