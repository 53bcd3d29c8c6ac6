"""What a document holds can be read by everybody, however it came there; and is not held many times over."""

import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bokeh_wsgi import dataplane
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from
from bokeh_wsgi.models import merged_change, reader_cache, state

from .conftest import GRAPH, Api, columns_after, replaces


def columns(start: int, stop: int) -> list[Op]:
    return [Op(OpCode.RAMP, "p2", f"c{n}", count=1, dtype="float64", json=RAMP) for n in range(start, stop)]


RAMP = '{"start":"0x1p+0","step":"0x0p+0"}'


def test_a_document_has_as_many_columns_as_its_readers_take_in_one_change(api: Api) -> None:
    docid, most = api.make(), state.MAX_COLUMNS
    assert api.upload(docid, [Op(OpCode.GRAPH, json=GRAPH), *columns(0, most - 10)]).status_code == 200
    refused = api.upload(docid, columns(most - 10, most + 1))
    assert (refused.status_code, refused.get_json()["limit"]) == (413, most)
    assert api.upload(docid, columns(most - 15, most)).status_code == 200
    removed = [Op(OpCode.REMOVE, "p2", "c0"), *columns(most, most + 1)]
    assert api.upload(docid, removed).status_code == 200
    assert len(api.columns(docid)) == most
    assert api.upload(docid, [Op(OpCode.GRAPH, json=GRAPH), *columns(0, most)]).status_code == 200


def test_who_missed_that_many_columns_went_gets_the_document_anew(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "MAX_COLUMNS", 200)
    docid, most = api.make(), 200
    seq = api.publish(docid, y=np.arange(3) ** 2)
    for start in (0, most // 2, most):
        assert api.upload(docid, columns(start, start + most // 2)).status_code == 200
        gone = [Op(OpCode.REMOVE, "p2", f"c{n}") for n in range(start, start + most // 2)]
        assert api.upload(docid, gone).status_code == 200
    (change,) = api.changes(f"{docid}:{seq}")
    assert change.ops[0].code is OpCode.GRAPH
    assert list(columns_after([change])) == ["y"]


def test_who_missed_more_events_than_a_change_may_have_gets_the_last_ones(api: Api) -> None:
    docid, most = api.make(), merged_change.MAX_EVENTS
    seq = api.publish(docid, y=[1.0])
    for start in range(0, 11 * most, most):
        events = [Op(OpCode.EVENT, json=f'{{"name":"e{n}"}}') for n in range(start, start + most)]
        assert api.upload(docid, events).status_code == 200
    assert api.upload(docid, replaces(y=[2.0])).status_code == 200
    (change,) = api.changes(f"{docid}:{seq}")
    names = [op.json for op in change.ops if op.code is OpCode.EVENT]
    assert (len(names), names[-1]) == (most, f'{{"name":"e{11 * most - 1}"}}')
    assert columns_after([change])["y"] == [2.0]


def test_readers_at_many_places_of_the_history_take_no_memory_each() -> None:
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()
    for seed in range(60):
        numbers = np.random.default_rng(seed).standard_normal(20_000)
        api.publish(docid, y=numbers) if not seed else api.upload(docid, replaces(y=numbers))
    tracemalloc.start()
    for seq in range(1, 58):
        (change,) = api.changes(f"{docid}:{seq}")
        assert change.seq == 60
        del change
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < reader_cache.MAX_UPDATES * 200_000
    app.close()


def test_readers_that_are_slow_hold_no_copies_of_a_document() -> None:
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()
    api.publish(docid, y=np.random.default_rng(1).standard_normal(1_000_000))
    path = f"/changes?doc={docid}:0&wait=0"
    api.client.get(path, buffered=True)
    tracemalloc.start()
    slow = [api.client.get(path, buffered=False) for _ in range(20)]
    begun = [next(iter(response.iter_encoded())) for response in slow]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(begun) == 20
    assert held < 40 << 20
    for response in slow:
        assert response.content_length is not None
        response.close()
    app.close()


def test_what_a_document_takes_is_counted_as_it_grows_and_shrinks() -> None:
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()

    def counted() -> int:
        with app.context.library.open(docid).reading() as held:
            # Rows of other lengths wait to be put in, and take more until then.
            exact = sum(column.values.nbytes for column in held.columns.values())
            assert exact <= held.nbytes <= exact + 50
            return held.nbytes

    seq = api.publish(docid, x=np.arange(100.0) ** 2, y=["a"] * 100, z=[[1.0]] * 100)
    before = counted()
    row = {"y": ["some text"], "z": [[1.0, 2.0]]}
    for column, values in row.items():
        where: Any = {"base": seq, "start": 3, "count": 1, "values": column_from(values)}
        assert api.upload(docid, [Op(OpCode.WRITE, "p2", column, **where)]).status_code == 200
    assert counted() > before
    api.columns(docid)
    assert api.upload(docid, [Op(OpCode.REMOVE, "p2", "x"), *replaces(y=[])]).status_code == 200
    assert counted() < before
    api.publish(docid)
    assert counted() == 0
    app.close()


class Gate:
    """Where a thread waits until it is let through."""

    def __init__(self, act: Any) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self._act = act

    def __call__(self, *args: Any, **kw: Any) -> Any:
        self.reached.set()
        assert self.opened.wait(20)
        return self._act(*args, **kw)


def test_nobody_who_stores_waits_for_a_reader_who_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()
    x = np.random.default_rng(1).standard_normal(10_000)
    seq = api.publish(docid, x=x)
    gate = Gate(dataplane.encode)
    came: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(dataplane, "encode", gate)
        reading = threading.Thread(target=lambda: came.extend(api.changes(f"{docid}:0")))
        reading.start()
        assert gate.reached.wait(20)
        written = Op(OpCode.WRITE, "p2", "x", base=seq, start=3, count=2, values=column_from(np.zeros(2)))
        assert api.upload(docid, [written]).status_code == 200
        gate.opened.set()
        reading.join(20)
    assert [change.seq for change in came] == [seq]
    assert columns_after(came)["x"].tobytes() == x.tobytes()
    came += api.changes(f"{docid}:{seq}")
    x[3:5] = 0
    assert columns_after(came)["x"].tobytes() == x.tobytes()
    assert api.columns(docid)["x"].tobytes() == x.tobytes()
    app.close()


def test_a_merged_change_holds_no_values_that_nobody_needs() -> None:
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()
    seq = api.publish(docid, y=np.random.default_rng(1).standard_normal(5000))
    for n in range(40):
        event = Op(OpCode.EVENT, json='{"name":"x"}')
        assert api.upload(docid, [*replaces(y=np.zeros(1 << 20)), event]).status_code == 200, n
    assert api.upload(docid, replaces(y=np.random.default_rng(2).standard_normal(3))).status_code == 200
    tracemalloc.start()
    (change,) = api.changes(f"{docid}:{seq}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(op.code is OpCode.EVENT for op in change.ops) == 40
    assert peak < 20 << 20
    app.close()


def test_a_reader_far_behind_does_not_have_a_long_history_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_cache, "RECENT_BYTES", 200_000)
    app = BokehWSGI(store=f"sqlite:///{tmp_path}/store.db")
    api = Api(app)
    docid = api.make()
    seq = api.publish(docid, y=[1.0], z=[1.0])
    for n in range(60):
        api.upload(docid, replaces(y=np.random.default_rng(n).standard_normal(5000)))
    api.upload(docid, replaces(y=[2.0]))
    api.changes(f"{docid}:{seq + 60}")
    tracemalloc.start()
    (change,) = api.changes(f"{docid}:{seq}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [op.column for op in change.ops] == ["y"]
    assert peak < 500_000
    app.close()
