"""Who bears a document's token uses up no place of the user whose name is in it."""

from bokeh_wsgi.app import BokehWSGI

from .people import HTML, People, token_in
from .test_quotas import BOKEH_SERVER


def _strangers(people: People, path: str, token: str, count: int) -> list[int]:
    """The statuses of requests that are under way, each from an address of its own, with the same token."""
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
    people.under_way = answers  # type: ignore[attr-defined]
    return [answer.status_code for answer in answers]


def _page_token(people: People) -> str:
    page = people.call("GET", f"/doc/{people.docid}", "ada", headers=HTML)
    return token_in(page.text)["Document-Token"]


def test_streams_of_an_embed_are_not_its_makers() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_streams=3))
    path = f"/changes?doc={people.docid}:0"
    seen = _strangers(people, path, people.token("ada"), 4)
    own = people.call("GET", path, "ada", buffered=False, environ_overrides=BOKEH_SERVER)
    assert (seen, own.status_code) == ([200] * 4, 200)


def test_exports_of_an_embed_are_not_its_makers() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_exports=2))
    people.api("ada").publish(people.docid, y=[1.0] * 100_000)
    path = f"/doc/{people.docid}/data/cpu.csv"
    seen = _strangers(people, path, people.token("ada"), 3)
    own = people.call("GET", path, "ada", buffered=False, environ_overrides=BOKEH_SERVER)
    assert (seen, own.status_code) == ([200] * 3, 200)


def test_a_pages_token_that_was_passed_on_uses_up_no_places_elsewhere() -> None:
    """A document's scripts see it, in the page of whoever looks."""
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_streams=3))
    path = f"/changes?doc={people.docid}:0"
    seen = _strangers(people, path, _page_token(people), 4)
    own = people.call("GET", path, "ada", buffered=False, environ_overrides=BOKEH_SERVER)
    assert (seen, own.status_code) == ([200] * 4, 200)


def test_one_address_has_no_more_streams_with_a_token_than_without() -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_streams=2))
    path = f"/changes?doc={people.docid}:0"
    for token in (people.token("ada"), _page_token(people)):
        answers = [
            people.call(
                "GET",
                path,
                headers={"Document-Token": token},
                buffered=False,
                environ_overrides={**BOKEH_SERVER, "REMOTE_ADDR": "198.51.100.7"},
            )
            for _ in range(3)
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        for answer in answers:
            answer.close()
