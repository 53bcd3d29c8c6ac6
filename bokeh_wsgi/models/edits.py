"""Converts the edits of pages (untrusted Bokeh document events in JSON) to ops.

All edits are checked before any is applied: models and attributes must exist, values must fit their types.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import BadRequest, ColumnError, Conflict
from bokeh_wsgi.protocol import NOTICE

from .column_edits import ColumnEdits
from .packed import Unpacking
from .patch import Changes
from .reps import Rep, checked_list, checked_object, checked_text, dumps, reference_of
from .state import State
from .type_checker import TypeChecker
from .undrawn import UNDRAWN

MAX_EDITS: Final = 10_000
"""Largest number of edits in a batch."""
_PATCHES: Final = frozenset({"ModelChanged", "RootAdded", "RootRemoved", "TitleChanged"})


def read_edits(content: Any) -> list[Rep]:
    """The edits of a body ``{"edits": [edit, …], …}``; raises BadRequest."""
    edits = checked_list(checked_object(content, "a batch of edits").get("edits"), "edits")
    if not 0 < len(edits) <= MAX_EDITS:
        raise BadRequest(f"a batch has 1 to {MAX_EDITS} edits, not {len(edits)}")
    return [checked_object(edit, f"edit {number}") for number, edit in enumerate(edits)]


def ops_of(edits: Sequence[Rep], state: State, *, max_unpacked: int) -> list[Op]:
    """The ops that apply ``edits`` to ``state``; raises BadRequest, Conflict or LimitExceeded.

    ``max_unpacked`` limits the bytes of all packed values.
    """
    graph = state.graph
    types = TypeChecker(graph.models, graph.types, graph.defs or ())
    patch = []
    events = _Events(state)
    unpacking = Unpacking(max_unpacked, "max_edit_bytes")
    columns = ColumnEdits(state, unpacking)
    by_kind: Mapping[str, Callable[[Rep], None]] = {
        "ColumnsStreamed": columns.stream,
        "ColumnsPatched": columns.patch,
        "ColumnDataChanged": columns.replace,
    }
    for number, edit in enumerate(edits):
        kind = edit.get("kind")
        with _saying(number):
            if kind in _PATCHES:
                unpacking.check(edit)
                patch.append(edit)
            elif kind == "MessageSent" and edit.get("msg_type") == UNDRAWN:
                report = state.undrawn.op_of(edit.get("msg_data"), state.graph.models)
                events.ops += [] if report is None else [report]
            elif kind == "MessageSent":
                unpacking.check(edit)
                events.add(edit)
            elif isinstance(kind, str) and kind in by_kind:
                _check_source(edit, state, types)
                by_kind[kind](edit)
            else:
                known = ", ".join(sorted({*_PATCHES, *by_kind, "MessageSent"}))
                raise BadRequest(f"is of kind {str(kind)[:40]!r}; pages send {known}")
    ops = [_patch_op(patch, state, types)] if patch else []
    return [*ops, *columns.ops(), *events.ops]


class _saying:  # noqa: N801 - reads as a with statement
    """Adds the number of the edit to errors."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, BadRequest | ColumnError) and not error.message.startswith("edit "):
            raise BadRequest(f"edit {self._number}: {error.message}") from error


def _patch_op(events: list[Rep], state: State, types: TypeChecker) -> Op:
    patch = {"events": events}
    changes = Changes([patch], state.graph.models)
    types.know(changes.models)
    for model_id in changes.models:
        types.check_model(model_id)
    for model_id, attr, value, _, unset in changes.attributes:
        if unset:
            types.type_of(state.graph.models[model_id]["name"], attr)
        else:
            types.check(model_id, attr, value)
    return Op(OpCode.PATCH, json=dumps(patch))


def _check_source(edit: Rep, state: State, types: TypeChecker) -> None:
    model_id = _known(edit.get("model"), state)
    if edit.get("attr", "data") != "data" or not types.has_columns(model_id):
        name = state.graph.models[model_id]["name"]
        raise BadRequest(f"a {name} has no columns in {str(edit.get('attr'))[:40]!r}")


def _known(rep: Any, state: State) -> str:
    model_id = reference_of(checked_object(rep, "the model"))
    if not isinstance(model_id, str):
        raise BadRequest('the model must be a reference, {"id": …}')
    if model_id not in state.graph.models:
        raise Conflict(
            f"The document has no model {model_id!r} (any more): nothing was applied.", unknown=[model_id]
        )
    return model_id


class _Events:
    """Converts BokehJS events that a script has subscribed to, to ops."""

    def __init__(self, state: State) -> None:
        self.ops: list[Op] = []
        self._state = state
        self._subscribed: dict[str, frozenset[str]] = {}

    def add(self, edit: Rep) -> None:
        if edit.get("msg_type") != "bokeh_event":
            raise BadRequest(f"a message of type {str(edit.get('msg_type'))[:40]!r} is not for scripts")
        event = checked_object(edit.get("msg_data"), "an event")
        name = checked_text(event.get("name"), "an event's name")
        if name == NOTICE:
            raise BadRequest("only scripts send notices")
        if name == UNDRAWN:
            raise BadRequest(f"a report of what cannot be drawn has msg_type {UNDRAWN!r}")
        values = checked_object(event.get("values"), "an event's values")
        if values.get("type") == "map":
            values = _mapped(values)
        model_id = ""
        if values.get("model") is not None:
            model_id = _known(values["model"], self._state)
            if name not in self._subscribed_of(model_id):
                raise BadRequest(f"nobody has subscribed to {name[:60]!r} of model {model_id}")
        _check_references(values, self._state)
        text = dumps({"name": name, "values": values})
        self.ops.append(Op(OpCode.EVENT, model=model_id, json=text))

    def _subscribed_of(self, model_id: str) -> frozenset[str]:
        found = self._subscribed.get(model_id)
        if found is None:
            names = self._state.graph.models[model_id]["attributes"].get("subscribed_events", [])
            if isinstance(names, dict):
                names = names.get("entries", [])
            listed = names if isinstance(names, list) else []
            found = frozenset(name for name in listed if isinstance(name, str))
            self._subscribed[model_id] = found
        return found


def _mapped(rep: Rep) -> Rep:
    try:
        return {checked_text(key, "a key"): value for key, value in rep["entries"]}
    except (KeyError, TypeError, ValueError):
        raise BadRequest("an event's values are not a map") from None


def _check_references(value: Any, state: State) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            if item.get("type") == "object":
                raise BadRequest("an event must not define models")
            target = reference_of(item)
            if target is not None:
                _known(item, state)
            waiting += item.values()
