"""`CallbackRunner`: calls the callbacks of a script one after the other, and logs their errors."""

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

from bokeh_wsgi.client.printable import printable
from bokeh_wsgi.dataplane import Op
from bokeh_wsgi.models.graph import Graph

from .model_index import MentionDecoder, ModelIndex
from .pending_callbacks import PropertyChange

log = logging.getLogger("bokeh_wsgi")

Notice = Callable[[str], None]


class CallbackRunner:
    """Calls the callbacks of one document. Errors are logged, and the others still called.

    ``notice``, if given, is called with the message of each error, once.
    """

    def __init__(self, document: Document, notice: Notice | None) -> None:
        self._document = document
        self._notice = notice
        self._reported: set[str] = set()

    def changed(self, changed: PropertyChange) -> None:
        """Call the ``on_change`` callbacks of one attribute."""
        model, attribute = changed.model, changed.attribute
        for callback in list(model._callbacks.get(attribute, ())):
            what = f"on_change({attribute!r}) of {named(model)}"
            self.call(what, callback, attribute, changed.old, changed.new)

    def event(self, event: Event) -> None:
        """Call the ``on_event`` and ``on_click`` callbacks of the event's model, then the document's."""
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
        """Call a function with the document as `curdoc`; if it returns a coroutine, run that to its end."""
        # No error leaves this block: Bokeh would not reset curdoc.
        with patch_curdoc(self._document):
            try:
                result = callback(*arguments)
                if inspect.iscoroutine(result):
                    _run(result)
            except Exception as error:  # noqa: BLE001  (the script's, so of any kind)
                self._report(what, error)

    def _report(self, what: str, error: Exception) -> None:
        short = f"{type(error).__name__}: {error}"
        place = traceback.extract_tb(error.__traceback__)[-1:]
        key = f"{what} {type(error).__name__} {[(frame.filename, frame.lineno) for frame in place]}"
        if key in self._reported:
            log.error("%s failed again: %s", what, short)
            return
        self._reported.add(key)
        log.error("%s failed: %s", what, short, exc_info=error)
        if self._notice is not None:
            try:
                self._notice(f"{what} failed: {short}")
            except Exception as problem:  # noqa: BLE001  (the error was logged already)
                log.warning("it could not be shown on the pages: %s", problem)


def named(model: Model) -> str:
    return f"{type(model).__name__} {model.name or model.id!r}"


def _run(coroutine: Coroutine[Any, Any, Any]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(coroutine)
        return
    # In the thread of a notebook's event loop, which waits for us.
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
    """The Bokeh event of an EVENT op; None if it has no meaning here, as for a removed model."""
    content = json.loads(op.json)
    try:
        cls = Event.cls_for(content["name"])
        values = MentionDecoder(graph, index).value(content.get("values", {}))
        return cls(**values)
    except (KeyError, ValueError, TypeError) as error:
        log.debug("an event %r means nothing here: %s", content.get("name"), printable(error))
        return None
