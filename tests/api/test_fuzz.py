"""Frames of a fuzzer: always an answer that says why, never a crash, never much memory."""

import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from, encode_upload
from tests.effort import tries

from .conftest import GRAPH, Api, replaces

HOSTILE = [0, 1, -1, 7, 2**31 - 1, -(2**31), 2**20, 0x40000000]


@cache
def valid_upload(docid: str) -> bytes:
    rng = np.random.default_rng(1)
    ops = [
        Op(OpCode.GRAPH, json=GRAPH),
        *replaces(
            y=rng.standard_normal(300),
            few=np.zeros(2000),
            text=["a", "ü" * 20, None],
            factors=[("a", "b"), ("c", "d")],
            lines=[[1.0, 2.0], [], [3.0]],
            image=[rng.integers(0, 255, (4, 5), "u1")],
            mixed=[1, {"a": [2]}],
        ),
        Op(OpCode.APPEND, "p2", "y", start=300, count=2, values=column_from(np.array([1.0, 2.0]))),
    ]
    return b"".join(encode_upload(docid, ops))


@pytest.fixture(scope="module")
def target() -> tuple[Api, str]:
    api = Api(BokehWSGI(store="memory:", max_change_bytes=1 << 20, max_document_bytes=1 << 20))
    return api, api.make()


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    kind = draw(st.sampled_from(["cut", "flip", "number", "doubled", "zeros"]))
    where = draw(st.floats(0, 1, exclude_max=True))
    bits = draw(
        st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=6)
    )
    number = draw(st.sampled_from(HOSTILE))
    size = draw(st.sampled_from([4, 8]))

    def mutate(body: bytes) -> bytes:
        at = int(where * len(body))
        changed = bytearray(body)
        if kind == "cut":
            return body[:at]
        if kind == "doubled":
            return body[:at] + body[at // 2 :]
        if kind == "zeros":
            changed[at : at + 64] = bytes(len(changed[at : at + 64]))
        elif kind == "number":
            at -= at % size
            changed[at : at + size] = struct.pack("<i" if size == 4 else "<q", number)
        else:
            for place, mask in bits:
                changed[int(place * len(body))] ^= mask
        return bytes(changed)

    return mutate


@settings(max_examples=tries(400), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutate=mutations())
def test_a_mutated_frame_gets_an_answer_that_says_why(
    target: tuple[Api, str], mutate: Callable[[bytes], bytes]
) -> None:
    api, docid = target
    response = api.upload_bytes(docid, mutate(valid_upload(docid)) or b"\0")
    assert response.status_code in (200, 400, 409, 413), response.text
    if response.status_code != 200:
        assert response.get_json()["message"]
    # Whatever was taken can be read by everybody.
    api.columns(docid)


@settings(max_examples=tries(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=2000))
def test_noise_is_refused(target: tuple[Api, str], body: bytes) -> None:
    api, docid = target
    assert api.upload_bytes(docid, body or b"\0").status_code == 400


BOMBS = """
    import resource, sys
    import numpy as np
    from bokeh_wsgi.app import BokehWSGI
    from bokeh_wsgi.dataplane import Op, OpCode, column_from
    from tests.api.conftest import GRAPH, Api

    LIMIT = 64 << 20
    api = Api(BokehWSGI(store="memory:", max_change_bytes=LIMIT, max_document_bytes=LIMIT))
    docid = api.make()
    api.publish(docid, y=np.arange(10.0) ** 2)

    start = '{"start":"0x0p+0","step":"0x1p+0"}'
    ramp = Op(OpCode.RAMP, "p2", "z", count=1 << 30, dtype="float64", json=start)
    rows = 1 << 17
    values = column_from(np.zeros(rows))
    zeros = [Op(OpCode.APPEND, "p2", "y", 1, 10 + n * rows, rows, values=values) for n in range(999)]
    bodies = [
        api.body(docid, [ramp]),
        api.body(docid, zeros),
        api.body(docid, [Op(OpCode.PATCH, json='{"events":' + "[" * 5_000_000)]),
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for body in bodies:
        assert api.upload_bytes(docid, body).status_code in (400, 413)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_frame_that_claims_much_takes_little() -> None:
    """Frames whose few bytes say that they unpack to half a gigabyte and more, on a limit of 64 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BOMBS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 <= 2 * (64 << 20)
