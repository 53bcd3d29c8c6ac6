"""Who reads slowly holds little, also of a document that changes meanwhile."""

import gc
import tracemalloc
from typing import Any

import numpy as np
from werkzeug.test import Client

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from
from tests.api.conftest import Api, replaces

READERS = 12
ROWS = 1 << 19


def held_by(api: Api, docid: str, path: str, change: Any) -> int:
    """Bytes that readers hold who have taken the first piece, each of another state of the document."""
    held = []
    tracemalloc.start()
    try:
        for number in range(READERS):
            answer = Client(api.app).get(path, buffered=False)
            if answer.status_code == 200:
                pieces = iter(answer.response)
                next(pieces)
                held.append((answer, pieces))
                del answer, pieces
            assert api.upload(docid, change(number)).status_code == 200
        gc.collect()
        most, _ = tracemalloc.get_traced_memory()
        held.clear()
        gc.collect()
        return most - tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def begun(tmp_path: Any) -> tuple[Api, str]:
    api = Api(BokehWSGI(store=f"sqlite:///{tmp_path / 'documents.db'}", max_user_exports=READERS))
    docid = api.make()
    api.publish(docid, y=np.random.default_rng(1).standard_normal(ROWS))
    return api, docid


def test_exports(tmp_path: Any) -> None:
    """Each of them kept the columns of its beginning: as many copies as exports, for whoever may read."""
    api, docid = begun(tmp_path)

    def write(number: int) -> list[Op]:
        values = column_from([1.5])
        seq = api.changes(f"{docid}:0")[-1].seq
        return [Op(OpCode.WRITE, model="p2", column="y", count=1, start=number, base=seq, values=values)]

    assert held_by(api, docid, f"/doc/{docid}/data/cpu.arrow", write) < 6 * ROWS * 8


def test_answers_at_once(tmp_path: Any) -> None:
    """wait=0 counts nowhere: each connection held another copy of a document that is stored often."""
    api, docid = begun(tmp_path)
    random = np.random.default_rng(2)

    def replace(_: int) -> list[Op]:
        return replaces(y=random.standard_normal(ROWS))

    assert held_by(api, docid, f"/changes?doc={docid}:0&wait=0", replace) < 6 * ROWS * 8
