"""Sessions of several scripts, and a page, do at random what scripts and pages do with one document.

A plain model says what the server must hold: each store of a script brings its own changes there, and nothing
else. It is asked after each store, and at quiet points of all sides. Each script counts Bokeh's ids from the
start, as a process does.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bokeh.util.serialization
import numpy as np
from bokeh.document import Document
from bokeh.models import Column, ColumnDataSource
from bokeh.models.widgets import Div, Slider
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from werkzeug.test import Client

from bokeh_wsgi import BokehWSGI, Session
from bokeh_wsgi.dataplane import Reader
from bokeh_wsgi.exc import ServerUnreachable, SessionError
from bokeh_wsgi.models import State
from tests.effort import is_full_run, tries

from . import pictures
from .pictures import Key, Picture

SLOTS: Final = 4
DEADLINE_S: Final = 10.0
ROUND_S: Final = 0.2

slots = st.integers(0, SLOTS - 1)
picks = st.integers(0, 99)
yes_or_no = st.booleans()


class Lost(ConnectionError):
    """The server has taken an upload, and the script does not hear of it."""


class Gate:
    """What a script reaches its server by: it counts uploads, loses an answer, or is dead."""

    def __init__(self, app: BokehWSGI) -> None:
        self._app = app
        self.uploads = 0
        self.is_dead = False
        self.loses_answer = False

    def __call__(self, environ: Any, start_response: Any) -> Any:
        is_upload = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/changes")
        if self.is_dead:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b""]
        self.uploads += is_upload
        if not (is_upload and self.loses_answer):
            return self._app(environ, start_response)
        answered: list[Any] = []
        asked: Any = lambda *answer: answered.append(answer)  # noqa: E731
        body = self._app(environ, asked)
        if not answered[0][0].startswith("200"):
            start_response(*answered[0])
            return body
        getattr(body, "close", lambda: None)()
        self.loses_answer = False
        raise Lost


class Side:
    """A script: its session, its document, and what it has changed and not stored yet."""

    def __init__(self, app: BokehWSGI, slot: int, generation: int, *, kind: str, is_live: bool) -> None:
        self.slot = slot
        self.kind = kind
        self.is_live = is_live
        self.generation = generation
        self.gate = Gate(app)
        self.session: Any = Session(app=self.gate, retry_s=0.0)
        # That of a loader is out of the way of others', which costs a search through all objects.
        self.last_id = 0 if kind == "loader" else 1000
        self.pending: dict[Key, Any] = {}
        self.pending_roots: dict[str, bool] = {}
        self.children: list[str] = []
        self.made: set[str] = set()
        self.is_over = False
        self.has_unanswered = False
        self.knob: Any = None
        with self.process():
            self.document: Any = Document()

    def __repr__(self) -> str:
        return f"the {'live ' if self.is_live else ''}{self.kind} in slot {self.slot}"

    @contextmanager
    def process(self) -> Iterator[None]:
        """Bokeh counts ids for each process."""
        module: Any = bokeh.util.serialization
        before, module._simple_id = module._simple_id, self.last_id
        try:
            yield
        finally:
            self.last_id, module._simple_id = module._simple_id, before

    @property
    def has_pending(self) -> bool:
        return bool(self.pending or self.pending_roots)

    def named(self, name: str) -> Any:
        return self.document.get_model_by_name(name)

    def picture(self) -> Picture:
        return pictures.of_document(self.document)


class Sessions(RuleBasedStateMachine):
    """``wanted`` is what the server must hold now."""

    def __init__(self) -> None:
        super().__init__()
        self.app = BokehWSGI(store="memory:")
        self.client = Client(self.app)
        self.sides: dict[int, Side] = {}
        self.generation = 0
        self.wanted = Picture()
        self.once: set[tuple[Key, Any]] = set()
        self.viewer = State()
        self.number = 0
        self.docid = self.client.post("/doc", json={"title": "shared"}).get_json()["docid"]

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.settle()
        finally:
            for side in list(self.sides.values()):
                self._kill(side)
            self.app.close()

    # What the server has

    def _server(self) -> State:
        state = State()
        self._follow(state)
        return state

    def _follow(self, state: State) -> None:
        answer = self.client.get(f"/changes?doc={self.docid}:{state.seq}&wait=0")
        reader = Reader(limits=None)
        for change in reader.feed(answer.data):
            state.apply(change.ops, change.seq)

    def _check_server(self, why: str) -> None:
        found = pictures.differences(pictures.of_state(self._server()), self.wanted)
        assert not found, f"{why}: {'; '.join(found)}"
        self.once |= set(pictures.known(self.wanted))

    def _check_held(self, side: Side) -> None:
        """Whatever a script holds is its own, or was in the document once."""
        for key, value in pictures.known(side.picture()):
            is_own = key in side.pending or key[0] in side.made
            assert is_own or (key, value) in self.once, f"{side} holds {key}: {value}"

    # Sides

    def _begin(self, slot: int, kind: str, *, clear: bool, is_live: bool = False) -> Side:
        self._kill(self.sides.get(slot))
        if clear:
            self.generation += 1
        side = self.sides[slot] = Side(self.app, slot, self.generation, kind=kind, is_live=is_live)
        side.session.use_doc("shared", clear=clear)
        return side

    def _kill(self, side: Side | None) -> None:
        """As kill -9: whatever it does from now on reaches nobody."""
        if side is None:
            return
        del self.sides[side.slot]
        side.gate.is_dead = True
        if side.is_live:
            if self.wanted.has("beacon"):
                self._beacon()  # ends its long poll
            with side.process():
                side.session.stop()

    def _pick(self, pick: int) -> Side | None:
        sides = [side for side in self.sides.values() if not side.is_over]
        return sides[pick % len(sides)] if sides else None

    def _ready(self, pick: int, *, drains: bool = True) -> Side | None:
        """A script that does something next; one that follows has taken in what others did."""
        side = self._pick(pick)
        if side is not None and side.is_live and (drains or side.generation != self.generation):
            self._drain(side)
        if side is None or side.is_over:
            return None
        self._check_held(side)
        return side

    def _fresh(self) -> int:
        self.number += 1
        return self.number

    # Stores

    def _store(self, side: Side, *, whole: bool = True, loses: bool = False) -> None:
        """Store what a script has changed; the server then has just that more."""
        if side.has_unanswered:
            loses = False
        before, is_late = side.gate.uploads, side.generation != self.generation
        side.gate.loses_answer = loses and not side.is_live and not is_late
        if is_late and side.has_pending:
            self._store_late(side)
            return
        try:
            self._send(side, whole)
        except (Lost, ServerUnreachable):
            assert not side.gate.loses_answer, "an answer was lost, and another is missing"
            side.has_unanswered = True
        except SessionError as error:
            # Whether a script that has nothing to send is told is not said.
            if not is_late:
                raise
            self._end_over(side, error)
            return
        else:
            if not side.has_pending and not side.has_unanswered:
                assert side.gate.uploads == before, f"{side} touched nothing, and has uploaded"
            side.has_unanswered = False
        side.gate.loses_answer = False
        if not is_late:
            self._acknowledge(side)
        self._check_server(f"after a store of {side}")
        self._check_held(side)

    def _send(self, side: Side, whole: bool) -> None:
        objects = [side.named(name) for name, _ in side.pending]
        with side.process():
            if whole or side.pending_roots or not objects or None in objects:
                side.session.store_document(side.document)
            else:
                try:
                    side.session.store_objects(*objects)
                except ValueError:
                    assert any(obj.document is None for obj in objects), "all of them can be stored"
                    side.session.store_document(side.document)
            side.session.flush()

    def _store_late(self, side: Side) -> None:
        """Another script has started the document anew: nothing is taken, and the script is told."""
        told = None
        try:
            self._send(side, whole=True)
        except SessionError as error:
            told = error
        self._check_server(f"{side} stored for a document that was started anew")
        assert told is not None, f"{side} was not told that its document was started anew"
        self._end_over(side, told)

    def _end_over(self, side: Side, error: SessionError) -> None:
        assert type(error).__name__ == "TakenOver", f"{side}: {type(error).__name__}: {error}"
        side.is_over = True

    def _acknowledge(self, side: Side) -> None:
        """What the server must hold after a store of this script's changes."""
        wanted, held = self.wanted, side.picture()
        for name, is_in in side.pending_roots.items():
            if is_in and name not in wanted.roots:
                wanted.roots.append(name)
            elif not is_in and name in wanted.roots:
                wanted.roots.remove(name)
        strays = set()
        for key, value in side.pending.items():
            if wanted.has(key[0]):
                wanted.values[key] = value
            elif held.has(key[0]):
                strays.add(key[0])
        while missing := wanted.missing():
            for name in missing:
                assert held.has(name), f"{side} stored a mention of {name}, which nobody has"
                wanted.values |= held.of(name)
        wanted.prune()
        for name in strays - wanted.names():
            self._take_stray(name, side)
        side.pending.clear()
        side.pending_roots.clear()

    def _take_stray(self, name: str, side: Side) -> None:
        """A model that another script has removed, changed by this one: it is back, or it is not."""
        server = pictures.of_state(self._server())
        if not server.has(name):
            return
        for key, value in side.pending.items():
            if key[0] == name:
                assert server.values[key] == value, f"{name} is back without the {key} of {side}"
        self.wanted.values |= server.of(name)
        if name in server.roots and name not in self.wanted.roots:
            self.wanted.roots.append(name)
        for key, value in server.values.items():
            if key[1] == "children" and name in value and key in self.wanted.values:
                self.wanted.values[key] = value

    # Followers

    def _beacon(self) -> str:
        """A page's edit that comes after all there was."""
        text = f"beacon {self._fresh()}"
        self._edit(("beacon", "text"), text)
        return text

    def _drain(self, side: Side) -> None:
        """Have a script that follows take in all that others did, and answer it."""
        text, deadline = self._beacon(), time.monotonic() + DEADLINE_S
        may_upload = side.has_pending or side.knob is not None
        before = side.gate.uploads
        with side.process():
            while not self._has_answered(side, text):
                assert time.monotonic() < deadline, self._why_deaf(side)
                try:
                    side.session.next_change(timeout=ROUND_S)
                except SessionError as error:
                    if side.generation == self.generation or not (side.kind == "publisher" or side.made):
                        raise
                    self._end_over(side, error)
                    return
        if not may_upload:
            assert side.gate.uploads == before, f"{side} has only followed, and has uploaded"
        if side.generation != self.generation:
            assert side.kind != "publisher", f"{side} was not told that its document was started anew"
            side.generation = self.generation
            side.made.clear()
        self._listen(side)
        self._check_server(f"after what {side} answered")
        found = pictures.differences(side.picture(), self.wanted)
        assert not found, f"{side} has followed: {'; '.join(found)}"

    def _has_answered(self, side: Side, text: str) -> bool:
        beacon = side.named("beacon")
        if beacon is None or beacon.text != text:
            return False
        if side.has_pending:
            if pictures.differences(pictures.of_state(self._server()), self._with_pending(side)):
                return False
            self._acknowledge(side)
        return True

    def _with_pending(self, side: Side) -> Picture:
        values = {key: value for key, value in side.pending.items() if self.wanted.has(key[0])}
        return Picture(list(self.wanted.roots), {**self.wanted.values, **values})

    def _why_deaf(self, side: Side) -> str:
        found = pictures.differences(side.picture(), self._with_pending(side))
        on_server = pictures.differences(pictures.of_state(self._server()), self._with_pending(side))
        return f"{side} does not follow: {'; '.join(found)}; the server: {'; '.join(on_server)}"

    def _listen(self, side: Side) -> None:
        """Answer the knob, once more when it is another model."""
        knob = side.named("knob")
        if side.kind != "answering follower" or knob is None or knob is side.knob:
            return
        side.knob = knob

        def answer(attr: str, old: Any, new: Any) -> None:
            note = side.named(f"note {side.slot}")
            if note is not None:
                note.text = f"{side.slot} saw {new} {self._fresh()}"
                side.pending[note.name, "text"] = note.text

        knob.on_change("value", answer)

    # Rules: scripts come and go

    @initialize(is_live=yes_or_no)
    def first(self, is_live: bool) -> None:
        self.publish(0, is_live)

    @rule(slot=slots, is_live=yes_or_no)
    def publish(self, slot: int, is_live: bool) -> None:
        """A script starts the document anew: the first one, a rerun, or another one."""
        side = self._begin(slot, "publisher", clear=True, is_live=is_live)
        with side.process():
            box = Column(name="box", children=[Div(text=f"child {self._fresh()}", name="child")])
            source = ColumnDataSource(
                {"x": np.arange(3.0), "y": np.arange(3.0) + self._fresh()}, name="source"
            )
            for root in (
                Div(text=f"of {slot} {self._fresh()}", name="text"),
                Div(text="", name="beacon"),
                Slider(start=0, end=1_000_000, value=self._fresh(), title="knob", name="knob"),
                *(Div(text="", name=f"note {number}") for number in range(SLOTS)),
                box,
                source,
            ):
                side.document.add_root(root)
            side.session.store_document(side.document)
        self.wanted = side.picture()
        self._check_server(f"after the start of {side}")
        self._check_viewer()

    @rule(slot=slots, loads=yes_or_no, adds=yes_or_no)
    def join(self, slot: int, loads: bool, adds: bool) -> None:
        side = self._begin(slot, "joined script", clear=False)
        if loads:
            self._load(side)
        if adds:
            self._add_root(side)
            self._store(side)

    @rule(slot=slots, answers=yes_or_no)
    def follow(self, slot: int, answers: bool) -> None:
        """A script that loads; it begins to follow when it has its turn."""
        kind = "answering follower" if answers else "follower"
        side = self._begin(slot, kind, clear=False, is_live=True)
        self._load(side)
        self._listen(side)

    @rule(pick=picks)
    def kill(self, pick: int) -> None:
        self._kill(self._pick(pick))

    @rule(pick=picks)
    def bury(self, pick: int) -> None:
        """A script that was taken over is told again, whatever it does."""
        over = [side for side in self.sides.values() if side.is_over and not side.is_live]
        if not over:
            return
        side = over[pick % len(over)]
        with side.process():
            side.document.add_root(Div(text="late", name=f"late {self._fresh()}"))
        self._store_late(side)
        self._kill(side)

    # Rules: what scripts do

    @rule(pick=picks, which=picks, stores=yes_or_no, drains=yes_or_no, loses=yes_or_no)
    def set_text(self, pick: int, which: int, stores: bool, drains: bool, loses: bool) -> None:
        side = self._ready(pick, drains=drains)
        if side is None:
            return
        found = [name for name in side.picture().typed("Div") if name != "beacon" and name[:4] != "note"]
        self._set(side, found, which, "text", f"{side.slot} said {self._fresh()}", stores, loses)

    @rule(pick=picks, which=picks, stores=yes_or_no, drains=yes_or_no)
    def turn(self, pick: int, which: int, stores: bool, drains: bool) -> None:
        side = self._ready(pick, drains=drains)
        if side is not None:
            found = side.picture().typed("Slider")
            self._set(side, found, which, "value", self._fresh(), stores, loses=False)

    def _set(
        self, side: Side, names: list[str], which: int, attribute: str, value: Any, stores: bool, loses: bool
    ) -> None:
        if not names:
            return
        name = names[which % len(names)]
        with side.process():
            setattr(side.named(name), attribute, value)
        side.pending[name, attribute] = value
        self._stored(side, stores, whole=bool(which % 2), loses=loses)

    def _stored(self, side: Side, stores: bool, *, whole: bool = True, loses: bool = False) -> None:
        """A script that follows stores at once: its next round would do it."""
        if stores or side.is_live:
            self._store(side, whole=whole, loses=loses)

    @rule(
        pick=picks,
        what=st.sampled_from(["stream", "roll", "patch", "write", "assign", "slice"]),
        column=st.sampled_from("xy"),
        stores=yes_or_no,
        loses=yes_or_no,
    )
    def change_column(self, pick: int, what: str, column: str, stores: bool, loses: bool) -> None:
        side = self._ready(pick)
        names = [] if side is None else side.picture().typed("ColumnDataSource")
        if side is None or not names:
            return
        name = names[self.number % len(names)]
        if not self._has_same_rows(side, name):
            return
        source, number = side.named(name), float(self._fresh())
        before = {key: list(values) for key, values in source.data.items()}
        with side.process():
            if what in ("stream", "roll"):
                grows = what == "stream" and stores and self._may_grow(name)
                rollover = None if grows else len(before["x"])
                source.stream({key: [number] for key in before}, rollover)
                after = {key: [*rows, number][not grows :] for key, rows in before.items()}
            elif what == "patch":
                source.patch({column: [(0, number)]})
                after = {column: [number, *before[column][1:]]}
            elif what == "write":
                source.data[column][-1] = number
                after = {column: [*before[column][:-1], number]}
            elif what == "slice":
                source.data[column][0:2] = number
                after = {column: [number, number, *before[column][2:]]}
            else:
                source.data[column] = np.full(len(before[column]), number)
                after = {column: [number] * len(before[column])}
        for key, rows in {**before, **after}.items():
            assert list(source.data[key]) == rows, f"{what} of {side} made {key} {source.data[key]}"
            if key in after:
                side.pending[name, f"data.{key}"] = rows
        self._stored(side, stores, whole=stores and bool(len(names) % 2), loses=loses)

    def _has_same_rows(self, side: Side, name: str) -> bool:
        """Whether a source has as many rows as on the server: all columns of a source have to."""
        key = (name, "data.x")
        if side.generation != self.generation or name in side.made or not self.wanted.has(name):
            return True
        if len(side.named(name).data["x"]) == len(self.wanted.values[key]):
            return True
        if side.has_pending or side.has_unanswered:
            return False
        self._load(side)
        return side.named(name) is not None

    def _may_grow(self, name: str) -> bool:
        """Whether nobody has columns of a source to store yet, which would be shorter then."""
        return not any((name, f"data.{key}") in side.pending for side in self.sides.values() for key in "xy")

    @rule(pick=picks, stores=yes_or_no)
    def add_root(self, pick: int, stores: bool) -> None:
        side = self._ready(pick)
        if side is not None:
            self._add_root(side)
            self._stored(side, stores)

    def _add_root(self, side: Side) -> None:
        with side.process():
            root = self._new_model()
            side.document.add_root(root)
        side.made.add(root.name)
        side.pending_roots[root.name] = True

    def _new_model(self) -> Any:
        number = self._fresh()
        if number % 3 == 0:
            return Slider(start=0, end=1_000_000, value=number, title="more", name=f"slider {number}")
        if number % 3 == 1:
            return ColumnDataSource(
                {"x": np.full(3, float(number)), "y": np.zeros(3)}, name=f"source {number}"
            )
        return Div(text=f"new {number}", name=f"div {number}")

    @rule(pick=picks, which=picks, stores=yes_or_no)
    def remove_root(self, pick: int, which: int, stores: bool) -> None:
        side = self._ready(pick)
        roots = [] if side is None else [root for root in side.document.roots if root.name[-1].isdigit()]
        roots = [root for root in roots if not root.name.startswith("note")]
        if side is None or not roots:
            return
        root = roots[which % len(roots)]
        with side.process():
            side.document.remove_root(root)
        side.pending_roots[root.name] = False
        self._stored(side, stores)

    @rule(pick=picks, which=picks, what=st.sampled_from(["add", "remove", "replace"]), stores=yes_or_no)
    def change_children(self, pick: int, which: int, what: str, stores: bool) -> None:
        side = self._ready(pick)
        box = None if side is None else side.named("box")
        if side is None or box is None:
            return
        children, place = list(box.children), which % max(len(box.children), 1)
        key = ("box", "children")
        if key not in side.pending:
            side.children = [child.name for child in children]
        with side.process():
            if what != "add":
                del children[place : place + 1]
            if what != "remove":
                children.insert(place, self._new_child())
                side.made.add(children[place].name)
            box.children = children
        side.pending[key] = [child.name for child in children]
        if side.pending[key] == side.children:
            # As they were stored or loaded: there is nothing to send.
            del side.pending[key]
        self._stored(side, stores, whole=stores and bool(which % 2))

    def _new_child(self) -> Any:
        number = self._fresh()
        if number % 2:
            return Slider(start=0, end=1_000_000, value=number, title="child", name=f"slider {number}")
        return Div(text=f"child {number}", name=f"div {number}")

    @rule(pick=picks, whole=yes_or_no, loses=yes_or_no)
    def store(self, pick: int, whole: bool, loses: bool) -> None:
        side = self._ready(pick, drains=False)
        if side is not None:
            self._store(side, whole=whole, loses=loses)

    @rule(pick=picks)
    def load(self, pick: int) -> None:
        side = self._pick(pick)
        if side is None or side.is_live or side.generation != self.generation:
            return
        if side.has_pending or side.has_unanswered:
            self._store(side)
        self._load(side)

    def _load(self, side: Side) -> None:
        before = side.gate.uploads
        with side.process():
            side.session.load_document(side.document)
        assert side.gate.uploads == before, f"{side} has loaded, and uploaded"
        found = pictures.differences(side.picture(), self.wanted)
        assert not found, f"{side} has loaded: {'; '.join(found)}"

    @rule(pick=picks)
    def drain(self, pick: int) -> None:
        self._ready(pick)

    # Rules: a page

    @rule(what=st.sampled_from(["text", "turn", "stream", "patch"]))
    def edit(self, what: str) -> None:
        """Somebody does something in a page."""
        number = self._fresh()
        if what == "text":
            self._edit(("text", "text"), f"page said {number}")
        elif what == "turn":
            self._edit(("knob", "value"), number)
        else:
            model = {"model": {"id": self._id("source")}, "attr": "data"}
            values = self.wanted.values
            if what == "stream":
                data, grows = {column: [number] for column in "xy"}, self._may_grow("source")
                rollover = None if grows else len(values["source", "data.x"])
                self._send_edit({"kind": "ColumnsStreamed", "data": data, "rollover": rollover, **model})
                for column in "xy":
                    rows = [*values["source", f"data.{column}"], number]
                    values["source", f"data.{column}"] = rows[not grows :]
            else:
                self._send_edit({"kind": "ColumnsPatched", "patches": {"y": [[1, number]]}, **model})
                rows = values["source", "data.y"]
                values["source", "data.y"] = [rows[0], number, *rows[2:]]
        self._check_server("after an edit of a page")

    def _edit(self, key: Key, value: Any) -> None:
        name, attribute = key
        model = {"id": self._id(name)}
        self._send_edit({"kind": "ModelChanged", "model": model, "attr": attribute, "new": value})
        self.wanted.values[key] = value
        self.once.add((key, value))

    def _send_edit(self, edit: dict[str, Any]) -> None:
        answer = self.client.post(f"/doc/{self.docid}/edits", json={"edits": [edit]})
        assert answer.status_code == 200, answer.text

    def _id(self, name: str) -> str:
        found = self._server().graph.by_name(name)
        assert found is not None, f"the document has no {name}"
        return found

    # Quiet points

    @rule()
    def settle(self) -> None:
        """All store, all that follow have followed: they and the server are equal."""
        for side in list(self.sides.values()):
            if side.is_over:
                continue
            if side.is_live:
                self._drain(side)
            else:
                self._store(side)
        for _ in range(2):
            for side in list(self.sides.values()):
                if side.is_live and not side.is_over:
                    self._drain(side)
        self._check_server("at a quiet point")
        self._check_viewer()
        self._check_loader()

    def _check_viewer(self) -> None:
        """Who has followed the changes from the beginning has what who comes now gets."""
        self._follow(self.viewer)
        server = self._server()
        graphs = [json.dumps(state.graph.to_json(), sort_keys=True) for state in (self.viewer, server)]
        assert graphs[0] == graphs[1]
        columns = [
            {key: list(held.values.column().values()) for key, held in state.columns.items()}
            for state in (self.viewer, server)
        ]
        assert columns[0] == columns[1]

    def _check_loader(self) -> None:
        side = Side(self.app, SLOTS, self.generation, kind="loader", is_live=False)
        side.session.use_doc("shared")
        self._load(side)
        loaded = pictures.of_state(side.session.pull_state())
        assert not pictures.differences(side.picture(), loaded, in_order=True)
        side.session.close()


def test_the_plain_model_and_the_server_agree_where_there_is_one_script() -> None:
    """What the machine compares with is right where nothing can go wrong."""
    machine = Sessions()
    machine.first(is_live=False)
    machine.change_column(0, "stream", "x", stores=True, loses=True)
    machine.change_children(0, 0, "replace", stores=False)
    machine.add_root(0, stores=False)
    machine.store(0, whole=True, loses=False)
    machine.settle()
    assert machine.wanted.values["source", "data.x"][:3] == [0, 1, 2]
    machine.teardown()


TestSessions = Sessions.TestCase
# What fails is made small in the full run only: that takes minutes.
TestSessions.settings = settings(
    max_examples=tries(6, full=400),
    stateful_step_count=50,
    phases=[Phase.generate, Phase.shrink] if is_full_run() else [Phase.generate],
    deadline=None,
    derandomize=not is_full_run(),
    database=None,
    suppress_health_check=list(HealthCheck),
)
