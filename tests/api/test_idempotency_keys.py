"""An idempotency key is its user's."""

from bokeh_wsgi.app import BokehWSGI
from tests.api.conftest import replaces
from tests.api.people import People


def test_the_same_key_of_two_users() -> None:
    """The second one's change was acknowledged with the first one's seq, and not kept."""
    people = People(BokehWSGI(store="memory:", multi_user=True))
    ada, wim = people.api("ada"), people.api("wim")
    ada.publish(people.docid, y=[1.0])
    assert ada.upload(people.docid, replaces(y=[2.0]), Idempotency_Key="k").status_code == 200
    answer = wim.upload(people.docid, replaces(y=[3.0]), Idempotency_Key="k")
    assert answer.status_code >= 400 or ada.columns(people.docid)["y"] == [3.0]
