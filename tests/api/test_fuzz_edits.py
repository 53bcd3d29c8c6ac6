"""Edits of a fuzzer: always an answer that says why, and a document that everybody can read."""

import json
import random
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi.app import BokehWSGI
from tests.effort import seeds

from .document_page import DocumentPage, array, changed, event, packed, patched, replaced, streamed

pytestmark = pytest.mark.bokeh  # its types are what edits are checked against

COLUMNS: dict[str, Any] = {
    "x": np.arange(4.0) ** 2,
    "n": np.arange(4, dtype=np.int32) ** 2,
    "names": ["a", "b", "c", "d"],
    "lines": [[1.0], [2.0, 3.0], [], [4.0]],
    "images": [np.zeros((2, 3))] * 4,
    "anything": [{"a": 1}, 2, None, "x"],
    "factors": [("a", "b")] * 4,
    "perhaps": [1, None, 2, 3],
    "words": [["a"], ["b", "c"], [], ["d"]],
    "ramp": np.arange(4.0),
}
SLICE = {"type": "slice", "start": 0, "stop": 2, "step": None}
VALUES: list[Any] = [
    *(0, 1.5, -1, 2**60, 10**400, 1e308, float("inf"), "a", "", "\ud800", None, True),
    *([], [1, 2], [[1], [2, 3]], [None, "a"], [["a"], [1]], {}, {"a": 1}, SLICE),
    *({"type": "number", "value": value} for value in ("nan", "abc", 5, [1])),
    *(
        {"type": "map", "entries": entries}
        for entries in ([[1, 2]], [[[1], 2]], [1], [[{"type": "map"}, 1]], 5)
    ),
    *(array([1.0, 2.0]), packed([1.0, 2.0]), array([[1.0, 2.0, 3.0]]), {**array([1.0]), "dtype": "object"}),
    {"type": "ndarray", "array": [array([1.0]), 2], "dtype": "float64"},
    {"type": "ndarray", "array": {"type": "bytes", "data": "H4sIAAAA"}, "dtype": "float64"},
    *({"type": "bytes", "data": 5}, {"id": "p1"}, {"id": 5}, {"type": [1]}, [{"type": ["x"]}]),
    {"type": "object", "id": "q", "name": "Slider", "attributes": {}},
]
PLACES: list[Any] = [
    *(0, 1, 3, 4, -1, "a", None, True, 1.0, [], [0], [9, 0], [[0], 1], SLICE),
    *([0, part] for part in (0, -1, 1.5, "a", None, [1], SLICE, {"start": "a"}, {"start": 0, "step": 0})),
    *([0, SLICE, SLICE], [0, 0, 0], {**SLICE, "stop": None}, {**SLICE, "step": 0}),
]
MODELS = ["p1", "p2", "p3", "p4", "p5", "nope"]
ATTRIBUTES = ["value", "start", "indices", "selected", "data_source", "tags", "subscribed_events", "data"]


class Fuzzer:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def batch(self) -> list[Any]:
        return [self._edit() for _ in range(self._random.randint(1, 4))]

    def _edit(self) -> Any:
        pick, some = self._random.choice, self._random.randint
        column = pick([*COLUMNS, "nope"])
        match some(0, 6):
            case 0:
                rows = self._value() if some(0, 1) else [self._value() for _ in range(some(0, 3))]
                rollovers: list[Any] = [None, 0, 1, 3, 9, "a", -1]
                return streamed(pick(rollovers), **{column: rows})
            case 1 | 2:
                patches = [[deepcopy(pick(PLACES)), self._value()] for _ in range(some(1, 3))]
                return patched(**{column: patches})
            case 3:
                return replaced(*self._random.sample([*COLUMNS], some(0, 2)), **{column: self._value()})
            case 4:
                return changed(pick(MODELS), pick(ATTRIBUTES), self._value())
            case 5:
                return event(pick(["button_click", "x"]), pick([*MODELS, None]), a=self._value())
        kinds = (
            "ModelChanged",
            "RootAdded",
            "RootRemoved",
            "ColumnsStreamed",
            "ColumnsPatched",
            "MessageSent",
        )
        return {
            pick(["attr", "new", "data", "patches"]): self._value(),
            "kind": pick(kinds),
            "model": {"id": "p2"},
        }

    def _value(self, depth: int = 0) -> Any:
        if depth < 3 and self._random.random() < 0.15:
            return [self._value(depth + 1) for _ in range(self._random.randint(0, 4))]
        return deepcopy(self._random.choice(VALUES))


@pytest.mark.parametrize("seed", seeds(4, full=100))
def test_any_edits_are_taken_or_refused_with_the_reason(seed: int) -> None:
    page, fuzzer = DocumentPage(BokehWSGI(store="memory:")), Fuzzer(seed)
    page.begin(**COLUMNS)
    taken = 0
    for _ in range(300):
        # JSON that says infinity as a number that is too large.
        body = json.dumps({"edits": fuzzer.batch()}).replace("Infinity", "1e999")
        response = page.client.post(f"/doc/{page.docid}/edits", data=body, content_type="application/json")
        assert response.status_code in (200, 400, 409, 413), (response.text, body)
        assert response.status_code == 200 or response.get_json()["message"]
        taken += response.status_code == 200
        if taken % 20 == 1:
            page.state()
            page.restart(**COLUMNS)
    assert taken
    page.state()
    page.app.close()
