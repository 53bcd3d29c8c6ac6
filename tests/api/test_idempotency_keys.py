"""An idempotency key is its user's: another's change with the same key is another change."""

from bokeh_wsgi.app import BokehWSGI

from .conftest import Api, replaces
from .people import People


def test_the_same_key_of_two_users_keeps_both_changes() -> None:
    """The second one's change was acknowledged with the first one's seq, and not kept."""
    people = People(BokehWSGI(store="memory:", multi_user=True))
    ada, wim = people.api("ada"), people.api("wim")
    ada.publish(people.docid, y=[1.0])
    first = ada.upload(people.docid, replaces(y=[2.0]), Idempotency_Key="k").get_json()["seq"]
    second = wim.upload(people.docid, replaces(y=[3.0]), Idempotency_Key="k").get_json()["seq"]
    assert second == first + 1
    assert ada.columns(people.docid)["y"] == [3.0]
    assert ada.upload(people.docid, replaces(y=[2.0]), Idempotency_Key="k").get_json()["seq"] == first
    assert wim.upload(people.docid, replaces(y=[3.0]), Idempotency_Key="k").get_json()["seq"] == second


def test_the_same_key_of_two_users_keeps_both_edits() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True))
    ada, wim = people.api("ada"), people.api("wim")
    ada.publish(people.docid, y=[1.0])

    def retitle(api: Api, title: str) -> str:
        return api.client.post(
            f"/doc/{people.docid}/edits",
            json={"edits": [{"kind": "TitleChanged", "title": title}]},
            headers={"Idempotency-Key": "k"},
        ).text

    assert [retitle(ada, "one"), retitle(wim, "two"), retitle(ada, "one")] == [
        '{"seq":2}',
        '{"seq":3}',
        '{"seq":2}',
    ]
