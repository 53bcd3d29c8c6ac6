"""A source's columns that grow in place: the same as Bokeh's own, whatever happens to them."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from bokeh_wsgi.client.columns.tracked_data import TrackedData, tracked


def source_of(data: Any) -> Any:
    source = ColumnDataSource(data)
    Document().add_root(source)
    return source


def alive(data: Any) -> Any:
    source = source_of(data)
    assert tracked(source.data) is source.data
    return source


def test_the_container_stays_the_object_that_scripts_hold() -> None:
    source = source_of({"x": np.arange(3.0)})
    held = source.data
    tracked(source.data)
    held["x"] = np.arange(5.0)
    assert source.data is held
    assert len(source.data["x"]) == 5


def test_what_is_no_container_of_bokeh_s_stays_as_it_is() -> None:
    assert tracked({"x": [1]}) is None


COLUMNS: dict[str, Callable[[int], Any]] = {
    "float64": lambda n: np.random.default_rng(n).normal(size=n),
    "float32": lambda n: np.arange(n, dtype="f4"),
    "int64": lambda n: np.arange(n),
    "bool": lambda n: np.arange(n) % 2 == 0,
    "time": lambda n: np.arange(n).astype("M8[ns]"),
    "big-endian": lambda n: np.arange(n, dtype=">f8"),
    "text": lambda n: np.array([str(i) for i in range(n)]),
    "objects": lambda n: np.array([{"a": i} for i in range(n)], dtype=object),
    "list": lambda n: [float(i) for i in range(n)],
}
NEW: dict[str, Callable[[int], Any]] = {**COLUMNS, "int64": lambda n: [1.5] * n, "float32": lambda n: [2] * n}


@pytest.mark.parametrize("rollover", [None, 0, 1, 5, 40, 1000])
def test_streaming_gives_what_bokeh_gives(rollover: int | None) -> None:
    ours, theirs = (
        make({name: values(20) for name, values in COLUMNS.items()}) for make in (alive, source_of)
    )
    for count in (1, 0, 7, 2000, 3, 3, 90):
        for source in (ours, theirs):
            source.stream({name: values(count) for name, values in NEW.items()}, rollover)
        for name in COLUMNS:
            assert type(ours.data[name]) is type(theirs.data[name])
            assert getattr(ours.data[name], "dtype", None) == getattr(theirs.data[name], "dtype", None)
            assert list(ours.data[name]) == list(theirs.data[name]), name


def test_arrays_that_somebody_holds_stay_as_they_were() -> None:
    source = alive({"x": np.arange(3000.0)})
    rng = random.Random(1)
    held: list[tuple[Any, Any]] = []
    for step in range(400):
        source.stream({"x": np.arange(50.0) + step}, rollover=3000)
        if rng.random() < 0.2:
            part = source.data["x"][rng.randrange(2900) :]
            held.append((part, part.copy()))
        if rng.random() < 0.2 and held:
            held.pop(rng.randrange(len(held)))
        assert all(np.array_equal(part, copy) for part, copy in held)


def test_rows_are_moved_in_their_memory_once_nobody_holds_them() -> None:
    source = alive({"x": np.arange(3000.0)})
    source.stream({"x": np.zeros(50)}, rollover=3000)
    places = set()
    for step in range(400):
        # Not source.stream(): in it, Bokeh has a reference to the array.
        source.data._stream(source.document, source, {"x": np.full(50, float(step))}, 3000)
        array = source.data["x"]
        places.add(array.base.ctypes.data)
        assert array[-1] == step
        assert len(array) == 3000
        del array
    assert len(places) == 1


def test_callbacks_get_the_values_before_and_after() -> None:
    source = alive({"x": np.arange(3.0)})
    seen: list[tuple[list[float], list[float]]] = []
    source.on_change("data", lambda attr, old, new: seen.append((list(old["x"]), list(new["x"]))))
    source.stream({"x": [3.0]}, rollover=3)
    assert seen == [([0.0, 1.0, 2.0], [1.0, 2.0, 3.0])]


def test_documents_are_told_of_streams_and_patches() -> None:
    source = alive({"x": np.arange(3.0)})
    kinds: list[str] = []
    source.document.on_change(lambda event: kinds.append(event.kind))
    source.stream({"x": [3.0]})
    source.patch({"x": [(0, 9.0)]})
    source.data["x"] = np.zeros(2)
    assert kinds == ["ColumnsStreamed", "ColumnsPatched", "ColumnDataChanged"]


def test_mistakes_raise_what_they_raise_in_bokeh() -> None:
    source = alive({"x": np.arange(3.0), "y": np.arange(3.0)})
    with pytest.raises(ValueError, match="missing: y"):
        source.stream({"x": [1.0]})
    with pytest.raises(ValueError, match="Out-of bounds"):
        source.patch({"x": [(7, 1.0)]})
    assert [len(column) for column in source.data.values()] == [3, 3]


def test_a_live_source_is_saved_like_any_other() -> None:
    source = alive({"x": np.arange(3.0), "y": np.arange(3.0)})
    source.stream({"x": np.ones(1), "y": np.ones(1)})
    plot = figure()
    plot.line("x", "y", source=source)
    document = source.document
    document.add_root(plot)
    assert "ndarray" in file_html(document)


def test_a_journal_tells_streams_and_patches_apart_from_the_rest() -> None:
    source = alive({"x": np.arange(100.0), "y": np.arange(100.0)})
    data: TrackedData = source.data
    log = data.log()
    source.stream({"x": np.ones(5), "y": np.ones(5)}, rollover=100)
    source.patch({"x": [(slice(3, 9, 2), [0.0, 0.0, 0.0]), (50, 1.0)]})
    assert not log.needs_compare
    told = log.changes["x"]
    assert (told.appended, told.dropped, told.written) == (5, 5, [(8, 13), (55, 56)])
    source.data["y"] = np.zeros(100)
    assert log.needs_compare


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(x=np.zeros(2)),
        lambda data: data.__delitem__("x"),
        lambda data: data.pop("x"),
        lambda data: data.clear(),
        lambda data: data.setdefault("z", np.zeros(2)),
    ],
)
def test_every_other_way_to_change_a_container_opens_the_journal(change: Callable[[Any], Any]) -> None:
    source = alive({"x": np.arange(2.0)})
    log = source.data.log()
    change(source.data)
    assert log.needs_compare


def test_a_patch_that_fails_half_way_opens_the_journal() -> None:
    source = alive({"x": np.arange(3.0)})
    log = source.data.log()
    with pytest.raises(ValueError, match="could not broadcast"):
        source.patch({"x": [(0, 9.0), (slice(0, 2), [1.0, 2.0, 3.0])]})
    assert source.data["x"][0] == 9.0
    assert log.needs_compare
