"""The kernels find every changed bit; the compiled ones and their numpy twins agree."""

import os
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import _reference, kernels

PURE = bool(os.environ.get("BOKEH_WSGI_PURE"))
MODULES = ["_reference"] if PURE else ["_reference", "_diff"]
WORDS = ["u1", "u2", "u4", "u8"]


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return __import__(f"bokeh_wsgi.dataplane.{request.param}", fromlist=["equal"])


@pytest.mark.skipif(PURE, reason="BOKEH_WSGI_PURE is set")
def test_the_compiled_kernels_are_what_loads() -> None:
    assert kernels.compiled
    assert kernels.changed_ranges.__module__ == "bokeh_wsgi.dataplane._diff"


def test_the_package_works_on_the_numpy_kernels_when_asked_to() -> None:
    code = "from bokeh_wsgi.dataplane import kernels; print(kernels.compiled, kernels.equal.__module__)"

    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "BOKEH_WSGI_PURE": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert out.stdout.split() == ["False", "bokeh_wsgi.dataplane._reference"]


@pytest.mark.parametrize("word", WORDS)
def test_each_changed_position_is_in_a_range_of_its_own(module: ModuleType, word: str) -> None:
    a = np.zeros(10_000, dtype=word)
    b = a.copy()
    b[[0, 5000, 5001, 9999]] = 1

    assert module.changed_ranges(a, b, 1, 10).tolist() == [[0, 1], [5000, 5002], [9999, 10_000]]


def test_ranges_with_a_smaller_gap_are_merged(module: ModuleType) -> None:
    a = np.zeros(100, dtype="u8")
    b = a.copy()
    b[[10, 14, 20]] = 1

    assert module.changed_ranges(a, b, 4, 10).tolist() == [[10, 15], [20, 21]]


def test_more_ranges_than_the_limit_are_none(module: ModuleType) -> None:
    a = np.zeros(100, dtype="u1")
    b = a.copy()
    b[::10] = 1

    assert len(module.changed_ranges(a, b, 1, 10)) == 10
    assert module.changed_ranges(a, b, 1, 9) is None
    assert module.changed_ranges(a, b, 1, 0) is None


def test_nothing_changed_gives_no_range(module: ModuleType) -> None:
    for n in (0, 1, 5000):
        assert module.changed_ranges(np.ones(n, "u4"), np.ones(n, "u4"), 1, 10).shape == (0, 2)
    assert module.changed_ranges(np.ones(3, "u4"), np.ones(3, "u4"), 1, 0).shape == (0, 2)


def test_read_only_arrays_and_slices_are_taken(module: ModuleType) -> None:
    a = np.frombuffer(bytes(80), dtype="u8")

    assert module.equal(a, np.zeros(10, dtype="u8"))
    assert module.changed_ranges(a[3:], np.ones(7, dtype="u8"), 1, 1).tolist() == [[0, 7]]


def test_arrays_of_other_lengths_are_not_equal(module: ModuleType) -> None:
    assert not module.equal(np.zeros(2, "u1"), np.zeros(3, "u1"))
    assert module.equal(np.zeros(0, "u1"), np.zeros(0, "u1"))


def test_bits_decide(module: ModuleType) -> None:
    nan, zero, minus_zero = (np.array([value]).view("u8") for value in (np.nan, 0.0, -0.0))

    assert module.equal(nan, nan.copy())
    assert not module.equal(zero, minus_zero)


@pytest.mark.skipif(PURE, reason="BOKEH_WSGI_PURE is set")
@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(WORDS), st.integers(0, 9000), st.lists(st.integers(0, 2**20), max_size=40),
    st.integers(0, 600), st.integers(0, 30),
)  # fmt: skip
def test_both_implementations_agree(word: str, n: int, places: list[int], gap: int, limit: int) -> None:
    from bokeh_wsgi.dataplane import _diff

    a = np.arange(n).astype(word)
    b = a.copy()
    if n:
        b[[place % n for place in places]] ^= 1

    compiled, plain = (m.changed_ranges(a, b, gap, limit) for m in (_diff, _reference))

    assert (compiled is None and plain is None) or np.array_equal(compiled, plain)
    assert _diff.equal(a, b) == _reference.equal(a, b)
