"""Thousands of adversarial updates from a script's array to the server's column, each bit for bit."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from bokeh_wsgi.dataplane import (
    Column,
    FilterMemory,
    GrowingColumn,
    Op,
    _reference,
    column_from,
    columns,
    comparison,
    decode_upload,
    diff,
    encode_upload,
    kernels,
    ramp,
    take_column,
)
from tests.effort import tries

from .scripts import POOLS, Step, step, steps, values_of
from .streams import DOC, MODEL, NAME

EXAMPLES, UPDATES = tries(40, full=150), 80


class Ways:
    """A publisher with a shadow, one that compares by itself, and a server that hears from each in turn."""

    def __init__(self) -> None:
        self.shadow, self.server = GrowingColumn(), GrowingColumn()
        self.last: Column | None = None
        self.memory = FilterMemory()

    def update(self, values: Any, *, by_diff: bool) -> None:
        column, own = take_column(values)
        now = column.copy()
        ops = self.shadow.refresh(column, copy=not own)
        if by_diff:
            ops = diff(self.last, now)
        assert bool(ops) == (self.last is None or not self.last.equals(now))
        if isinstance(values, np.ndarray) and values.size:
            # The script goes on writing into its array.
            values.view(np.uint8)[:] = 0xA5 if values.dtype != bool else 1
        for op in self.sent(ops):
            self.server.apply(op, copy=False)
        assert self.shadow.column().equals(now)
        assert self.server.column().equals(now)
        assert self.server.nbytes >= now.data.nbytes
        newcomer = GrowingColumn()
        newcomer.apply(self.server.whole())
        assert newcomer.column().equals(now)
        self.last = now

    def sent(self, ops: list[Op]) -> list[Op]:
        if not ops:
            return []
        keyed = [replace(op, model=MODEL, column=NAME, base=7) for op in ops]
        upload = b"".join(encode_upload(DOC, keyed, self.memory))
        return decode_upload(upload, DOC)[0]


@pytest.mark.parametrize("implementation", [kernels, _reference], ids=["kernels", "reference"])
def test_whatever_a_script_does_arrives_bit_for_bit(
    implementation: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "sweep", implementation.sweep)
    monkeypatch.setattr(columns, "equal", implementation.equal)
    monkeypatch.setattr(ramp, "count_ramp", implementation.count_ramp)
    cases = 0

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None,
        phases=[Phase.generate],  # shrinking so long a script takes minutes
    )  # fmt: skip
    @given(st.sampled_from(sorted(POOLS)), st.lists(steps(), min_size=UPDATES, max_size=UPDATES))
    def run(pool: str, script: list[Step]) -> None:
        nonlocal cases
        ways, rows = Ways(), np.arange(5)
        for number, what in enumerate(script):
            rows = step(rows, len(POOLS[pool]), what)
            note(f"update {number}: {what} gives {len(rows)} rows")
            ways.update(values_of(POOLS[pool], rows), by_diff=number % 5 == 4)
            cases += 1

    run()
    assert cases >= EXAMPLES * UPDATES


def test_the_pools_hold_every_type_of_the_wire() -> None:
    dtypes = {column_from(pool).dtype for pool in POOLS.values()}

    assert dtypes >= {*columns.NUMBERS, "utf8", "json"}
