"""Who bears an embed's token uses up no place of the user who made it."""

from bokeh_wsgi.app import BokehWSGI
from tests.api.people import People
from tests.api.test_quotas import BOKEH_SERVER


def strangers(people: People, path: str, count: int) -> list[int]:
    """Each from an address of their own, with what stands in the page where the plot is embedded."""
    token = people.token("ada")
    answers = [
        people.call(
            "GET",
            path,
            headers={"Document-Token": token},
            buffered=False,
            environ_overrides={**BOKEH_SERVER, "REMOTE_ADDR": f"198.51.100.{number}"},
        )
        for number in range(count)
    ]
    people.held = answers  # type: ignore[attr-defined]
    return [answer.status_code for answer in answers]


def test_streams() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_streams=3))
    path = f"/changes?doc={people.docid}:0"
    seen = strangers(people, path, 4)
    own = people.call("GET", path, "ada", buffered=False, environ_overrides=BOKEH_SERVER)
    assert (seen, own.status_code) == ([200] * 4, 200)


def test_exports() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_exports=2))
    people.api("ada").publish(people.docid, y=[1.0] * 100_000)
    path = f"/doc/{people.docid}/data/cpu.csv"
    seen = strangers(people, path, 3)
    own = people.call("GET", path, "ada", buffered=False, environ_overrides=BOKEH_SERVER)
    assert (seen, own.status_code) == ([200] * 3, 200)
