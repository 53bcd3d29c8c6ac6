"""What a process remembers of documents has an end, however long it runs."""

from bokeh_wsgi.app import BokehWSGI
from tests.api.conftest import Api

TIMES = 400


def test_documents_that_were_deleted() -> None:
    app = BokehWSGI(store="memory:")
    api = Api(app)
    for number in range(TIMES):
        docid = api.make(f"title {number}")
        api.publish(docid, y=[1.0])
        assert api.client.delete(f"/doc/{docid}").status_code == 200
    assert len(app.context.hub._waiting.now.seqs) < TIMES
