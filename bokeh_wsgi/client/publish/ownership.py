"""`Ownership`: the rule that decides what a session sends.

The shadow is the session's copy of the document as the server has it. What a session knows of the document is
one of three:

- **own**: created or changed here since it was last stored. It is not in the shadow, or has another value
  there. Only this is sent.
- **loaded**: equal to the shadow. It is never sent; a conflict, a pull or the stream updates it to the
  server's state.
- **foreign id**: loaded, with another id in this process than in the document; `ModelIds` maps them.

What others created and this session never loaded is not in the shadow: it is neither compared nor sent.
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
    """The ``shadow``, and which of its models this session created. Not thread-safe.

    ``generation``: the generation of the document that uploads are for; None: not known yet. ``starts_anew``:
    the next upload replaces the whole document and begins a generation.
    ``is_whole``: the shadow is the whole document, including what others created.
    ``created``: the models that this session has created in this generation.
    ``unknown_roots``: roots of others that cannot be created here, as their class is unknown.
    ``left_out``: attributes whose values refer to such models, with the text of the value here (None: the
    default). The server keeps its value until the script changes the one here.
    """

    starts_anew: bool = False
    shadow: State = field(default_factory=State)
    ids: ModelIds = field(default_factory=ModelIds)
    generation: str | None = None
    is_whole: bool = False
    created: set[str] = field(default_factory=set)
    left_out: dict[tuple[str, str], str | None] = field(default_factory=dict)
    unknown_roots: set[str] = field(default_factory=set)
    _texts: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def wire_of(self, model: Model) -> WireId:
        return self.ids.wire_of(model)

    def knows(self, model: Model) -> bool:
        """Whether the model was stored or loaded, and is still in the document."""
        return self.ids.wire_of(model) in self.shadow.graph.models

    @property
    def is_guest(self) -> bool:
        """Whether this session only adds models to a document that others have started."""
        return not (self.starts_anew or self.is_whole)

    def load(self, state: State) -> None:
        """Use a state as the shadow: the whole document is loaded from now on."""
        if state.graph.generation != self.generation:
            self.created.clear()
        self.shadow = state
        self.generation = state.graph.generation
        self.starts_anew = False
        self.is_whole = True
        self.ids.tags_new = True
        self.ids.see(state.graph.models)
        self.left_out.clear()
        self.unknown_roots.clear()
        self._texts.clear()

    def with_unknown_roots(self, roots: Sequence[str]) -> list[str]:
        """These roots, with the ``unknown_roots`` inserted where the document has them."""
        merged = list(roots)
        for place, root in enumerate(self.shadow.graph.roots):
            if root in self.unknown_roots and root not in merged:
                merged.insert(place, root)
        return merged

    def with_left_out(self, wire: str, attributes: Mapping[str, Any]) -> dict[str, Any] | None:
        """The attributes of a model with the server's values of those ``left_out``; None if none is."""
        rep = self.shadow.graph.models.get(wire)
        names = [name for key, name in self.left_out if key == wire]
        if not names or rep is None:
            return None
        merged = dict(attributes)
        for name in names:
            mine = text_of(attributes[name]) if name in attributes else None
            if mine != self.left_out[wire, name]:
                del self.left_out[wire, name]
            elif name in rep["attributes"]:
                merged[name] = rep["attributes"][name]
            else:
                merged.pop(name, None)
        return merged

    def see(self, graph: Graph) -> None:
        """Replace the shadow's graph by one that others have changed; drop columns of removed models."""
        self.shadow.graph = graph
        self.ids.see(graph.models)
        self.created &= graph.models.keys()
        for key in [key for key in self.shadow.columns if key[0] not in graph.models]:
            del self.shadow.columns[key]

    def sent(self, step: Step, seq: int) -> None:
        """The server has accepted a step as change ``seq``: what was own is loaded now."""
        if step.starts_anew:
            self.created.clear()
            self.is_whole = True
            self.starts_anew = False
            self.left_out.clear()
            self.unknown_roots.clear()
        old = self.shadow.graph.models
        self.shadow.advance(step.ops, seq, step.graph)
        if step.graph is None:
            return
        models = step.graph.models
        if step.starts_anew:
            self.generation = step.graph.generation
        self.created.update(
            key for key in step.objects if key in models and (step.starts_anew or key not in old)
        )
        self.ids.sent(models)
        self._texts = {key: kept for key, kept in self._texts.items() if key in models}

    def begin_again(self, state: State) -> None:
        """Continue in a generation that somebody else has started, and that has this state.

        The models that this session created count as not stored. A session that had loaded nothing still has
        not.
        """
        for wire in self.created & state.graph.models.keys():
            self.ids.rename(wire)
        if self.is_whole:
            self.shadow.graph.roots = [root for root in self.shadow.graph.roots if root not in self.created]
        else:
            self.shadow = State()
            self.ids.see(state.graph.models)
        self.ids.tags_new = True
        self.generation = state.graph.generation
        self.created.clear()
        self._texts.clear()

    def text(self, wire: str) -> str | None:
        """The `text_of` a model in the shadow; None if it has no such model."""
        rep = self.shadow.graph.models.get(wire)
        if rep is None:
            return None
        known = self._texts.get(wire)
        if known is None or known[0] is not rep:
            known = self._texts[wire] = (rep, text_of(rep))
        return known[1]

    def note_text(self, wire: str, rep: Any, text: str) -> None:
        """Cache a text for `text`."""
        self._texts[wire] = (rep, text)


def new_generation() -> str:
    """A unique id for a generation of a document."""
    return secrets.token_urlsafe(9)
