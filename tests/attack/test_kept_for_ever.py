"""What a process remembers of documents has an end, however long it runs."""

import json

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode
from tests.api.conftest import GRAPH, Api

TIMES = 400


def test_ids_of_models_that_have_gone() -> None:
    """A script that adds and removes plots all day: each id stayed, in no limit and no count."""
    app = BokehWSGI(store="memory:")
    api = Api(app)
    docid = api.make()
    api.upload(docid, [Op(OpCode.GRAPH, json=GRAPH)])
    for number in range(TIMES):
        mine = [f"q{number}-{part}" for part in range(50)]
        models = [{"type": "object", "name": "Div", "id": one} for one in mine]
        box = {"type": "object", "name": "Column", "id": f"b{number}", "attributes": {"children": models}}
        events = [
            {"kind": "RootAdded", "model": box},
            {"kind": "RootRemoved", "model": {"id": f"b{number}"}},
        ]
        answer = api.upload(docid, [Op(OpCode.PATCH, json=json.dumps({"events": events}))])
        assert answer.status_code == 200, answer.text
    with app.context.library.open(docid).reading() as state:
        assert len(state.graph._gone) <= 10_000
