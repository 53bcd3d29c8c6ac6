"""The kernels find every changed bit; the compiled ones and their numpy twins agree."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import _reference, kernels
from tests.effort import tries

PURE = bool(os.environ.get("BOKEH_WSGI_PURE"))
CHECKED = bool(os.environ.get("BOKEH_WSGI_CHECKED"))
WORDS = ["u1", "u2", "u4", "u8"]
NUMBERS = ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"]
MANY = 1 << 60


@pytest.fixture(params=["_reference"] if PURE else ["_reference", "kernels"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    """The numpy twins, or what was compiled."""
    return __import__(f"bokeh_wsgi.dataplane.{request.param}", fromlist=["equal"])


@pytest.mark.skipif(PURE, reason="BOKEH_WSGI_PURE is set")
def test_kernels_check_their_indexes_only_if_they_were_asked_to() -> None:
    """`make test-debug` asks, and builds them into a folder of its own."""
    from bokeh_wsgi.dataplane import _diff, _m4, _pyramid, _ramp

    assert _diff.checks_indexes() is CHECKED
    assert ("checked" in Path(str(_diff.__file__)).parts) is CHECKED
    assert {Path(str(kernel.__file__)).parent for kernel in (_diff, _m4, _pyramid, _ramp)} == {
        Path(str(_diff.__file__)).parent
    }


@pytest.mark.parametrize("name", ["_diff", "_m4", "_pyramid", "_ramp"])
def test_there_is_no_python_in_the_loops(name: str, tmp_path: Path) -> None:
    """As `cython -a` shows it: every line of a function without the GIL is plain C."""
    pytest.importorskip("Cython")
    source = Path(_reference.__file__).with_name(f"{name}.pyx")
    switches = "boundscheck=False,wraparound=False,initializedcheck=False,cdivision=True"
    command = [
        sys.executable,
        "-m",
        "cython",
        "-3",
        "-a",
        "-X",
        switches,
        "-o",
        str(tmp_path / "out.c"),
        str(source),
    ]
    subprocess.run(command, check=True, capture_output=True)

    html = (tmp_path / "out.html").read_text()
    scores = [int(score) for score in re.findall(r'class="cython line score-(\d+)"', html)]
    lines = source.read_text().splitlines()
    assert len(scores) == len(lines)
    loops = [number for start, stop in nogil_functions(lines) for number in range(start, stop)]
    assert len(loops) > 15
    assert [f"{number + 1}: {lines[number]}" for number in loops if scores[number]] == []


def nogil_functions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Where each function begins and ends."""
    start = None
    for number, line in enumerate([*lines, "end"]):
        if line and not line[0].isspace() and line[0] != ")":
            if start is not None and "nogil:" in " ".join(lines[start:number]).split('"""')[0]:
                yield start, number
            start = number if line.startswith("cdef ") and "(" in line else None


def swept(
    module: Any, a: Any, b: Any, gap: int = 1, limit: int = 10, large: int = MANY, refresh: bool = False
) -> list[list[int]] | None:
    """The ranges of a whole sweep; None if it stopped."""
    pairs = np.empty((limit, 2), dtype=np.int64)
    found, at = module.sweep(a, b, pairs, 0, 0, gap, 0, large, large, refresh)
    return pairs[:found].tolist() if at == len(a) else None


@pytest.mark.skipif(PURE, reason="BOKEH_WSGI_PURE is set")
def test_the_compiled_kernels_are_what_loads() -> None:
    assert kernels.compiled
    assert kernels.sweep.__module__ == "bokeh_wsgi.dataplane._diff"
    assert kernels.count_ramp.__module__ == "bokeh_wsgi.dataplane._ramp"
    assert kernels.extreme_rows.__module__ == "bokeh_wsgi.dataplane._pyramid"
    assert kernels.choose_rows.__module__ == "bokeh_wsgi.dataplane._m4"


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

    assert swept(module, a, b) == [[0, 1], [5000, 5002], [9999, 10_000]]


def test_ranges_with_a_smaller_gap_are_merged(module: ModuleType) -> None:
    a = np.zeros(100, dtype="u8")
    b = a.copy()
    b[[10, 14, 20]] = 1

    assert swept(module, a, b, gap=4) == [[10, 15], [20, 21]]


def test_a_sweep_stops_where_there_is_no_room_for_a_range(module: ModuleType) -> None:
    a = np.zeros(100, dtype="u1")
    b = a.copy()
    b[::10] = 1

    assert swept(module, a, b, limit=10) is not None
    assert swept(module, a, b, limit=9) is None


def test_a_sweep_stops_soon_after_the_ranges_cost_too_much(module: ModuleType) -> None:
    a = np.zeros(1_000_000, dtype="u8")
    b = a.copy()
    b[1000:] = 1
    pairs = np.empty((10, 2), dtype=np.int64)

    _, at = module.sweep(a, b, pairs, 0, 0, 4, 0, 500, 500, False)

    assert 1500 <= at < 100_000


def test_a_few_ranges_may_cost_more(module: ModuleType) -> None:
    a = np.zeros(1_000_000, dtype="u8")
    b = a.copy()
    b[[5, 500_000, 999_000]] = 1
    pairs = np.empty((10, 2), dtype=np.int64)

    assert module.sweep(a, b, pairs, 0, 0, 100, 3, 50, 1000, False) == (3, 1_000_000)
    assert module.sweep(a, b, pairs, 0, 0, 100, 1, 50, 1000, False)[0] == 2


def test_a_sweep_that_stopped_goes_on(module: ModuleType) -> None:
    rng = np.random.default_rng(1)
    a = np.zeros(300_000, dtype="u4")
    b = a.copy()
    b[rng.integers(0, 300_000, 500)] = 1
    pairs = np.empty((600, 2), dtype=np.int64)
    found = at = 0

    for budget in (0, 10, 100, 1000, MANY):
        found, at = module.sweep(a, b, pairs, found, at, 100, 0, budget, budget, False)

    assert at == len(a)
    assert pairs[:found].tolist() == swept(module, a, b, 100, 600)
    assert module.sweep(a, b, pairs, found, at, 100, 0, MANY, MANY, True) == (found, at)
    assert np.array_equal(a, b)


@pytest.mark.parametrize("word", WORDS)
def test_a_refreshing_sweep_brings_the_new_values(module: ModuleType, word: str) -> None:
    rng = np.random.default_rng(1)
    a = rng.integers(0, 200, 100_000).astype(word)
    b = a.copy()
    b[rng.integers(0, 100_000, 300)] += 1
    ranges = swept(module, a, b, gap=100, limit=300)

    assert swept(module, a, b, gap=100, limit=300, refresh=True) == ranges
    assert np.array_equal(a, b)


def test_a_refreshing_sweep_that_stops_has_refreshed_all_before(module: ModuleType) -> None:
    a, b = np.zeros(1_000_000, dtype="u8"), np.ones(1_000_000, dtype="u8")

    found, at = module.sweep(a, b, np.empty((9, 2), dtype=np.int64), 0, 0, 9, 0, 5000, 5000, True)

    assert found == 1
    assert 5000 < at < 200_000
    assert a[:at].all()
    assert not a[at:].any()


def test_nothing_changed_gives_no_range(module: ModuleType) -> None:
    for n in (0, 1, 5000):
        assert swept(module, np.ones(n, "u4"), np.ones(n, "u4")) == []


def test_read_only_arrays_and_slices_are_taken(module: ModuleType) -> None:
    a = np.frombuffer(bytes(80), dtype="u8")

    assert module.equal(a, np.zeros(10, dtype="u8"))
    assert swept(module, a[3:], np.ones(7, dtype="u8")) == [[0, 7]]
    with pytest.raises(ValueError):
        swept(module, a[3:], np.ones(7, dtype="u8"), refresh=True)


@pytest.mark.skipif(PURE, reason="BOKEH_WSGI_PURE is set")
@pytest.mark.parametrize(
    "change", [{"found": 3}, {"found": -1}, {"at": 11}, {"at": -1}, {"gap": 0}, {"b": np.ones(9, "u8")},
               {"b": np.ones(10, "u4")},
               {"pairs": np.zeros((2, 1), np.int64)},
               {"found": 2, "pairs": np.array([[0, 5], [9, 12]])}],
)  # fmt: skip
def test_a_sweep_never_leaves_its_arrays(change: dict[str, Any]) -> None:
    given = {"a": np.zeros(10, "u8"), "b": np.ones(10, "u8"), "pairs": np.zeros((2, 2), np.int64)}
    numbers = {"found": 0, "at": 0, "gap": 1, "few": 0, "small": 9, "large": 9, "refresh": True}

    with pytest.raises(ValueError):
        kernels.sweep(**{**given, **numbers, **change})


def test_arrays_of_other_lengths_are_not_equal(module: ModuleType) -> None:
    assert not module.equal(np.zeros(2, "u1"), np.zeros(3, "u1"))
    assert module.equal(np.zeros(0, "u1"), np.zeros(0, "u1"))


def test_bits_decide(module: ModuleType) -> None:
    nan, zero, minus_zero = (np.array([value]).view("u8") for value in (np.nan, 0.0, -0.0))

    assert module.equal(nan, nan.copy())
    assert not module.equal(zero, minus_zero)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_ramp_is_counted_up_to_its_first_other_value(module: ModuleType, dtype: str) -> None:
    for rows in (0, 1, 100, 511, 512, 513, 100_000):
        step = 120 / max(rows, 1) if dtype[0] == "f" else 1 if rows < 120 else 0
        values = (3.0 + (7 + np.arange(rows)) * step).astype(dtype)

        assert module.count_ramp(values, 3.0, step, 7) == rows
        if rows:
            values[rows // 2] += 1
            assert module.count_ramp(values, 3.0, step, 7) == rows // 2


def test_a_ramp_has_its_bits(module: ModuleType) -> None:
    assert module.count_ramp(np.array([0.0, -0.0]), 0.0, 0.0, 0) == 1
    assert module.count_ramp(np.array([np.nan]), 0.0, 0.0, 0) == 0


def test_products_and_sums_of_a_ramp_are_rounded_each(module: ModuleType) -> None:
    rng = np.random.default_rng(1)
    for start, step in rng.normal(size=(50, 2)).tolist():
        values = np.array([start + (float(i) * step) for i in range(1000)])

        assert module.count_ramp(values, start, step, 0) == 1000


@pytest.mark.skipif(PURE, reason="BOKEH_WSGI_PURE is set")
@settings(max_examples=tries(300), deadline=None)
@given(
    st.sampled_from(WORDS), st.integers(0, 9000), st.lists(st.integers(0, 2**20), max_size=40),
    st.integers(1, 600), st.integers(1, 30), st.booleans(),
)  # fmt: skip
def test_both_implementations_agree(
    word: str, n: int, places: list[int], gap: int, limit: int, refresh: bool
) -> None:
    a = np.arange(n).astype(word)
    b = a.copy()
    if n:
        b[[place % n for place in places]] ^= 1
    c = a.copy()

    assert kernels.equal(a, b) == _reference.equal(a, b)
    ranges = swept(kernels, a, b, gap, limit, refresh=refresh)
    assert ranges == swept(_reference, c, b, gap, limit, refresh=refresh)
    assert ranges is None or not refresh or np.array_equal(a, b)
