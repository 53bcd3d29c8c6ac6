"""Whose a model is: the rule by which a session tells what it sends from what it only knows.

What a session knows of its document is one of three:

- **own**: made or changed here since it was last stored. It is not in the shadow, or has another value there.
  Only this is sent.
- **loaded**: as the server has it, as far as the session knows: equal to the shadow. It is never sent; a
  conflict, a pull or the stream brings it to the server's state.
- **foreign id**: loaded, under another id in this process than in the document; `ModelIds` has the pair.

What others made and this session never loaded is not in the shadow, and so it is neither looked at nor sent.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bokeh.model import Model

from bokeh_wsgi.client.ids import ModelIds, WireId
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.state import State

from .serializer import text_of
from .steps import Step


@dataclass(slots=True)
class Ownership:
    """What the server holds, as far as this session knows (the ``shadow``), and what of it this session made.

    ``generation``: the one that uploads are made for; None while it is not known. A document begins a new one
    when somebody starts it anew. ``starts_anew``: the next upload does. ``is_whole``: the shadow is the whole
    document, also what others made. ``made``: the models that this session has defined in this generation.
    ``unmade``: roots of others that cannot be made here, as their class is not known. ``left_out``: values
    that lead to such models; they stay at the server as long as the script leaves its own as it is (its text;
    None: the default).
    Not thread-safe.
    """

    starts_anew: bool = False
    shadow: State = field(default_factory=State)
    ids: ModelIds = field(default_factory=ModelIds)
    generation: str | None = None
    is_whole: bool = False
    made: set[str] = field(default_factory=set)
    left_out: dict[tuple[str, str], str | None] = field(default_factory=dict)
    unmade: set[str] = field(default_factory=set)
    _texts: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def wire_of(self, model: Model) -> WireId:
        return self.ids.wire_of(model)

    def knows(self, model: Model) -> bool:
        """Whether the model was stored or loaded, and the document still holds it."""
        return self.ids.wire_of(model) in self.shadow.graph.models

    @property
    def is_guest(self) -> bool:
        """Whether the document is somebody else's, to which this session adds models."""
        return not (self.starts_anew or self.is_whole)

    def load(self, state: State) -> None:
        """Take over the whole document: all of it is loaded from now on."""
        if state.graph.generation != self.generation:
            self.made.clear()
        self.shadow = state
        self.generation = state.graph.generation
        self.starts_anew = False
        self.is_whole = True
        self.ids.tags_new = True
        self.ids.see(state.graph.models)
        self.left_out.clear()
        self.unmade.clear()
        self._texts.clear()

    def with_unmade(self, roots: Sequence[str]) -> list[str]:
        """The roots here, and at their places those that the document has besides."""
        found = list(roots)
        for place, root in enumerate(self.shadow.graph.roots):
            if root in self.unmade and root not in found:
                found.insert(place, root)
        return found

    def with_left_out(self, wire: str, attributes: Mapping[str, Any]) -> dict[str, Any] | None:
        """The attributes of a model with the values of others that cannot be made here; None if all can."""
        rep = self.shadow.graph.models.get(wire)
        names = [name for key, name in self.left_out if key == wire]
        if not names or rep is None:
            return None
        found = dict(attributes)
        for name in names:
            mine = text_of(attributes[name]) if name in attributes else None
            if mine != self.left_out[wire, name]:
                del self.left_out[wire, name]
            elif name in rep["attributes"]:
                found[name] = rep["attributes"][name]
            else:
                found.pop(name, None)
        return found

    def see(self, graph: Graph) -> None:
        """Others have changed the shadow's graph to this one; columns of models that are gone go, too."""
        self.shadow.graph = graph
        self.ids.see(graph.models)
        self.made &= graph.models.keys()
        for key in [key for key in self.shadow.columns if key[0] not in graph.models]:
            del self.shadow.columns[key]

    def sent(self, step: Step, seq: int) -> None:
        """The server has taken what was own, as change ``seq``: it is loaded now."""
        if step.starts_anew:
            self.made.clear()
            self.is_whole = True
            self.starts_anew = False
            self.left_out.clear()
            self.unmade.clear()
        old = self.shadow.graph.models
        self.shadow.advance(step.ops, seq, step.graph)
        if step.graph is None:
            return
        models = step.graph.models
        if step.starts_anew:
            self.generation = step.graph.generation
        self.made.update(
            key for key in step.objects if key in models and (step.starts_anew or key not in old)
        )
        self.ids.sent(models)
        self._texts = {key: kept for key, kept in self._texts.items() if key in models}

    def begin_again(self, state: State) -> None:
        """Somebody else has started the document anew, as this state: what was made here is stored no more.

        What the session has loaded is that of the state; a session that loaded nothing goes on so.
        """
        for wire in self.made & state.graph.models.keys():
            self.ids.rename(wire)
        if self.is_whole:
            self.shadow.graph.roots = [root for root in self.shadow.graph.roots if root not in self.made]
        else:
            self.shadow = State()
            self.ids.see(state.graph.models)
        self.ids.tags_new = True
        self.generation = state.graph.generation
        self.made.clear()
        self._texts.clear()

    def text(self, wire: str) -> str | None:
        """The text of a model in the shadow; None if it is not there."""
        rep = self.shadow.graph.models.get(wire)
        if rep is None:
            return None
        known = self._texts.get(wire)
        if known is None or known[0] is not rep:
            known = self._texts[wire] = (rep, text_of(rep))
        return known[1]

    def note_text(self, wire: str, rep: Any, text: str) -> None:
        """Spare `text` the work for a model of which the text is at hand."""
        self._texts[wire] = (rep, text)


def new_generation() -> str:
    """A name that no other generation of a document has."""
    return secrets.token_urlsafe(9)
