"""A right that ends, ends a download too that has begun: nobody is sent all of it by reading slowly."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from bokeh_wsgi.app import BokehWSGI

from .people import People
from .test_quotas import BOKEH_SERVER

End = Callable[[People], object]
ENDS: dict[str, End] = {
    "unshared": lambda people: people.call("DELETE", f"/access/{people.docid}/users/rita", "ada"),
    "disabled": lambda people: people.app.context.accounts.set_disabled("rita", True),
    "deleted": lambda people: people.call("DELETE", f"/doc/{people.docid}", "ada"),
    "signed out": lambda people: people.call("POST", "/logout", "rita"),
}
PATHS = {
    "export": "/doc/{}/data/cpu.arrow",
    "answer at once": "/changes?doc={}:0&wait=0",
    "stream": "/changes?doc={}:0",
}
VALUES = np.random.default_rng(1).standard_normal(4 << 20)


def _people(tmp_path: Path) -> People:
    people = People(BokehWSGI(store=f"sqlite:///{tmp_path / 'd.db'}", multi_user=True))
    people.api("ada").publish(people.docid, y=VALUES)
    return people


def _left_after(people: People, path: str, end: End, user: str = "rita", token: str = "") -> int:
    """Bytes that a reader gets who takes two pieces, and the rest after the ``end``."""
    headers = {"Document-Token": token} if token else {}
    answer = people.call("GET", path, user, headers=headers, buffered=False, environ_overrides=BOKEH_SERVER)
    assert answer.status_code == 200
    pieces = iter(answer.response)
    next(pieces)
    next(pieces)
    end(people)
    left = 0
    with suppress(ConnectionError):  # it is cut
        left = sum(map(len, pieces))
    answer.close()
    return left


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("end", ENDS)
def test_what_is_read_slowly_is_cut_when_the_right_ends(tmp_path: Path, kind: str, end: str) -> None:
    people = _people(tmp_path)
    left = _left_after(people, PATHS[kind].format(people.docid), ENDS[end])
    assert left < VALUES.nbytes // 2


def test_what_is_read_with_a_token_is_cut_when_tokens_are_withdrawn(tmp_path: Path) -> None:
    people = _people(tmp_path)
    token = people.token("ada")
    left = _left_after(
        people,
        PATHS["export"].format(people.docid),
        lambda people: people.call("DELETE", f"/access/{people.docid}/tokens", "ada"),
        user="",
        token=token,
    )
    assert left < VALUES.nbytes // 2


@pytest.mark.parametrize("kind", ["export", "answer at once"])
def test_what_others_lose_cuts_nothing(tmp_path: Path, kind: str) -> None:
    people = _people(tmp_path)
    left = _left_after(
        people,
        PATHS[kind].format(people.docid),
        lambda people: people.call("DELETE", f"/access/{people.docid}/users/wim", "ada"),
    )
    assert left > VALUES.nbytes // 2


def test_a_place_is_given_back_when_an_export_is_cut(tmp_path: Path) -> None:
    people = _people(tmp_path)
    _left_after(people, PATHS["export"].format(people.docid), ENDS["unshared"])
    assert not people.app.context.exports._taken
