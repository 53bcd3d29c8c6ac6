"""A document's graph and columns at one ``seq``, and how a change moves them to the next."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bokeh_wsgi.dataplane import NUMBERS, GrowingColumn, Op, OpCode
from bokeh_wsgi.exc import BadRequest, Conflict, LimitExceeded

from .graph import Graph
from .reps import loads, memory_of
from .undrawn import Reports

MAX_COLUMNS = 20_000
"""Limit for the columns of a document, and for its removed columns. A reader gets all in one change."""

SHARED_COLUMNS = 256
"""From this number of columns, readers at different seqs share a merged change."""
MIN_COUNTED_BYTES = 4 << 20
"""The memory of a graph is estimated again once patches may have doubled it, and exceed this."""

Key = tuple[str, str]
"""(model id, column name)."""

_STARTS = (OpCode.REPLACE, OpCode.RAMP)
_GRAPH_OPS = (OpCode.GRAPH, OpCode.PATCH)


class Place(NamedTuple):
    """The position of an op in the history: its change, and the PATCHes and other ops before it there.

    A PATCH counts itself, and no other ops.
    """

    seq: int
    patches: int
    ops: int


_NOWHERE = Place(0, 0, 0)


@dataclass(slots=True)
class HeldColumn:
    """A column, the seq of its last change, and the place of its last op.

    ``nbytes`` is its part of ``State.nbytes``.
    """

    values: GrowingColumn
    version: int
    place: Place = _NOWHERE
    nbytes: int = 0


@dataclass(slots=True)
class _Outline:
    """Version, length and layout of a column, to check the ops of a change one after the other."""

    version: int
    rows: int
    layout: tuple[str, tuple[int, ...]] | None


@dataclass(slots=True)
class State:
    """A document's graph and columns at one ``seq``. Not thread-safe: `Document` has the lock."""

    seq: int = 0
    graph: Graph = field(default_factory=Graph)
    graph_seq: int = 0
    event_seq: int = 0
    """The seq of the last change with an EVENT. Events are not part of the state, but readers get them."""
    whole_graph_seq: int = 0
    reuse_seq: int = 0
    """The seq of the last change that reused the id of a removed model, or after which such ids were
    forgotten: later changes are not merged with earlier ones."""
    columns: dict[Key, HeldColumn] = field(default_factory=dict)
    removed: dict[Key, Place] = field(default_factory=dict)
    nbytes: int = 0
    """Bytes of all columns' values that `apply` has added."""
    graph_bytes: int = 0
    """Approximate memory of the graph."""
    patched_bytes: int = 0
    """The part of ``graph_bytes`` that patches have added since the last estimate of the whole graph."""
    undrawn: Reports = field(default_factory=Reports)
    """Reports since the last GRAPH of models that pages cannot draw."""

    def check(self, ops: Sequence[Op], max_bytes: int, max_written_out: int) -> Graph | None:
        """Check ``ops`` without applying them; return the graph after them (None: unchanged).

        Raises `Conflict`, `BadRequest` or `LimitExceeded` (more than ``max_bytes`` of values, or
        ``max_written_out`` of ramps that become arrays).
        """
        graph = self._graph_after(ops)
        models = (self.graph if graph is None else graph).models
        fresh = any(op.code is OpCode.GRAPH for op in ops)
        outlines: dict[Key, _Outline] = {}
        stale: dict[Key, int] = {}
        unknown: dict[str, None] = {}
        grown = 0
        for op in ops:
            if op.code in _GRAPH_OPS:
                continue
            if op.model not in models and (op.model or op.code is not OpCode.EVENT):
                unknown[op.model] = None
            if op.code is OpCode.EVENT or op.model in unknown:
                continue
            key = (op.model, op.column)
            outline = outlines.get(key) or self._outline(key, fresh=fresh)
            is_for_any = op.base == 0 and op.code in (*_STARTS, OpCode.REMOVE)
            # A client that has pulled the document knows its seq, but not the versions of its columns.
            is_known = outline.version == op.base or 0 < outline.version <= op.base <= self.seq
            if not is_known and not is_for_any:
                if key not in outlines or op.base != 0:
                    stale[key] = outline.version
                    continue
            outlines[key] = _advance(op, outline)
            grown += _size(op)
        if stale or unknown:
            raise Conflict(
                "The change was made for an older state of the document: nothing of it was applied.",
                columns=[(model, column, version) for (model, column), version in stale.items()],
                unknown=list(unknown),
            )
        if len(outlines) + (0 if fresh else len(self.columns)) > MAX_COLUMNS:
            self._check_count(outlines, fresh=fresh)
        if grown + (0 if fresh else self.nbytes) > max_bytes:
            # `grown` counts replaced columns twice: compute the exact size.
            self._check_size(ops, outlines, fresh=fresh, max_bytes=max_bytes)
        if not fresh and self.written_out_by(ops) > max_written_out:
            raise LimitExceeded(
                f"Ramps would become arrays of more than {max_written_out} bytes by this change "
                "(max_change_bytes): change fewer of them at once.",
                limit=max_written_out,
            )
        return graph

    def written_out_by(self, ops: Iterable[Op]) -> int:
        """Bytes of the arrays that ramps would become by ``ops``, which must have been checked."""
        by_key: dict[Key, list[Op]] = {}
        for op in ops:
            held = self.columns.get(op.key)
            if held is not None and held.values.is_ramp:
                by_key.setdefault(op.key, []).append(op)
        return sum(self.columns[key].values.written_out_by(of_key) for key, of_key in by_key.items())

    def apply(self, ops: Iterable[Op], seq: int, graph: Graph | None = None) -> None:
        """Apply a checked change; ``graph`` is the result of `check`, if available."""
        ops = list(ops)
        if graph is None:
            graph = self._graph_after(ops)
        patches = 0
        for number, op in enumerate(ops):
            if op.code is OpCode.GRAPH:
                self.columns.clear()
                self.nbytes = 0
                self.removed.clear()
                self.undrawn.clear()
                self.whole_graph_seq = self.graph_seq = seq
                self.graph_bytes, self.patched_bytes = memory_of(op.json), 0
            elif op.code is OpCode.PATCH:
                patches += 1
                self._count_patch(op)
                self.graph_seq = seq
                if graph is not None and graph.reuses_ids:
                    self.reuse_seq = seq
            elif op.code is OpCode.EVENT:
                self.event_seq = seq
                self.undrawn.take(op, seq)
            elif op.code is not OpCode.COMMIT:
                self._apply_column(op, Place(seq, patches, number + 1))
        self._settle(seq, graph)

    def _count_patch(self, op: Op) -> None:
        size = memory_of(op.json)
        self.graph_bytes += size
        self.patched_bytes += size

    def advance(self, ops: Iterable[Op], seq: int, graph: Graph | None) -> None:
        """Apply a change whose values are already in the columns, as in a publisher's shadow."""
        for op in ops:
            if op.code is OpCode.REMOVE:
                self.columns.pop(op.key, None)
            elif op.key in self.columns:
                self.columns[op.key].version = seq
        self._settle(seq, graph)

    def _settle(self, seq: int, graph: Graph | None) -> None:
        if graph is not None:
            self.graph = graph
            if graph.forget_gone():
                self.reuse_seq = seq
            for key in [key for key in self.columns if key[0] not in graph.models]:
                self.nbytes -= self.columns.pop(key).nbytes
        self.seq = seq
        if self.patched_bytes > max(self.graph_bytes // 2, MIN_COUNTED_BYTES):
            # Patches may have replaced values, so the sum is too high.
            self.graph_bytes, self.patched_bytes = memory_of(self.graph_op().json), 0

    def snapshot(self) -> Iterator[Op]:
        """Ops that create the current state from nothing."""
        yield self.graph_op()
        yield from self.replacements(self.columns)

    def graph_op(self) -> Op:
        """The op that sets the current graph, whatever the reader had."""
        return Op(OpCode.GRAPH, json=json.dumps(self.graph.to_json(), separators=(",", ":")))

    def replacements(self, keys: Iterable[Key]) -> Iterator[Op]:
        """Ops that set the current values of columns, whatever the reader had; they share memory."""
        for model, column in keys:
            yield self.columns[model, column].values.whole(lent=True).of(model, column, 0)

    def touched_since(self, seq: int) -> list[Key]:
        return [key for key, held in self.columns.items() if held.version > seq]

    def shared_base(self, seq: int) -> int:
        """A seq not above ``seq`` whose merged change also serves a reader at ``seq``.

        That change has at most twice as many columns. So readers at many seqs share few changes.
        """
        count = len(self.touched_since(seq))
        first = max(self.graph_seq, self.whole_graph_seq, self.event_seq, 1)
        if count < SHARED_COLUMNS or seq <= first:
            return seq
        versions = sorted((held.version for held in self.columns.values()), reverse=True)
        most = 1 << count.bit_length()
        return min(seq, max(first, versions[most] if most < len(versions) else first))

    def columns_since(self, seq: int) -> list[tuple[Place, Op]]:
        """Ops that bring the columns of a reader at ``seq`` up to date, with the places of those replaced."""
        removed = [
            (place, Op(OpCode.REMOVE).of(*key, 0))
            for key, place in self.removed.items()
            if place.seq > seq and key[0] in self.graph.models
        ]
        touched = self.touched_since(seq)
        places = [self.columns[key].place for key in touched]
        return [*removed, *zip(places, self.replacements(touched), strict=True)]

    def _graph_after(self, ops: Sequence[Op]) -> Graph | None:
        found = [op for op in ops if op.code in _GRAPH_OPS]
        if not found:
            return None
        if any(op.code is OpCode.GRAPH for op in found):
            if len(found) > 1 or ops[0] is not found[0]:
                raise BadRequest("A GRAPH is the first op of its change, and the only GRAPH or PATCH in it.")
            return Graph.from_json(loads(found[0].json))
        return self.graph.patched(*(loads(op.json) for op in found))

    def _outline(self, key: Key, *, fresh: bool) -> _Outline:
        held = None if fresh else self.columns.get(key)
        if held is None:
            return _Outline(0, 0, None)
        values = held.values
        return _Outline(held.version, values.rows, (values.dtype, values.shape))

    def _check_count(self, outlines: dict[Key, _Outline], *, fresh: bool) -> None:
        keys = {key for key, outline in outlines.items() if outline.layout is not None}
        if not fresh:
            keys |= self.columns.keys() - outlines.keys()
        if len(keys) > MAX_COLUMNS:
            raise LimitExceeded(
                f"The document would have {len(keys)} columns; it may have {MAX_COLUMNS}.", limit=MAX_COLUMNS
            )

    def _check_size(
        self, ops: Sequence[Op], outlines: dict[Key, _Outline], *, fresh: bool, max_bytes: int
    ) -> None:
        sizes = {} if fresh else {key: held.values.nbytes for key, held in self.columns.items()}
        for op in ops:
            key = (op.model, op.column)
            if key not in outlines:
                continue
            if op.code in _STARTS or op.code is OpCode.REMOVE:
                sizes[key] = 0
            if op.code is not OpCode.WRITE:
                sizes[key] = sizes.get(key, 0) + _size(op)
        total = sum(sizes.values())
        if total > max_bytes:
            raise LimitExceeded(
                f"The document would hold {total} bytes of values; this server keeps {max_bytes} at most.",
                limit=max_bytes,
            )

    def _apply_column(self, op: Op, place: Place) -> None:
        key = (op.model, op.column)
        if op.code is OpCode.REMOVE:
            held = self.columns.pop(key, None)
            self.nbytes -= 0 if held is None else held.nbytes
            self.removed[key] = place
            if len(self.removed) > MAX_COLUMNS:
                # Readers that are behind get the whole document.
                self.removed.clear()
                self.whole_graph_seq = place.seq
            return
        held = self.columns.get(key)
        if held is None:
            held = self.columns[key] = HeldColumn(GrowingColumn(), place.seq)
            self.removed.pop(key, None)
        held.values.apply(op, copy=False)
        self.nbytes += held.values.nbytes - held.nbytes
        held.version, held.place, held.nbytes = place.seq, place, held.values.nbytes


def _advance(op: Op, outline: _Outline) -> _Outline:
    """The outline after one more op; raises `BadRequest` if the op does not fit it."""
    where = f"{op.code.name} of column {op.column!r} of {op.model!r}"
    if op.code is OpCode.REMOVE:
        return _Outline(outline.version, 0, None)
    if op.code in _STARTS:
        return _Outline(outline.version, op.count, _layout(op))
    if outline.layout is not None and _layout(op) != outline.layout:
        raise BadRequest(f"{where}: its values have another type or shape than the column.")
    if op.drop > outline.rows:
        raise BadRequest(f"{where}: drops {op.drop} rows of {outline.rows}.")
    kept = outline.rows - op.drop
    if op.code is OpCode.APPEND:
        if op.start != kept:
            raise BadRequest(f"{where}: starts at row {op.start}, but the column ends at {kept}.")
        return _Outline(outline.version, kept + op.count, outline.layout or _layout(op))
    if op.start + op.count > kept:
        raise BadRequest(f"{where}: rows {op.start} to {op.start + op.count}, but the column has {kept}.")
    return outline


def _layout(op: Op) -> tuple[str, tuple[int, ...]]:
    return (op.dtype, ()) if op.values is None else (op.values.dtype, op.values.shape)


def _size(op: Op) -> int:
    """Bytes of an op's values, with a ramp as an array."""
    if op.code is OpCode.RAMP:
        return op.count * NUMBERS[op.dtype].itemsize
    return 0 if op.values is None else op.values.nbytes
