"""A right that ends, ends an export too that is being read."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest

from bokeh_wsgi.app import BokehWSGI
from tests.api.people import People


@pytest.mark.parametrize(
    "end",
    [
        lambda people: people.call("DELETE", f"/access/{people.docid}/users/rita", "ada"),
        lambda people: people.app.context.accounts.set_disabled("rita", True),
        lambda people: people.call("DELETE", f"/doc/{people.docid}", "ada"),
    ],
)
def test_an_export_that_is_read_slowly(end: Callable[[People], object]) -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True))
    values = np.random.default_rng(1).standard_normal(4 << 20)
    people.api("ada").publish(people.docid, y=values)
    answer = people.call("GET", f"/doc/{people.docid}/data/cpu.arrow", "rita", buffered=False)
    pieces = iter(answer.response)
    next(pieces)
    end(people)
    left = 0
    with suppress(OSError):  # it may be cut
        left = sum(map(len, pieces))
    assert left < values.nbytes // 2
