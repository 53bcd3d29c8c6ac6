"""What a change of 1,000 rows costs script and server together, by how many rows there are."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from bokeh_wsgi import BokehWSGI, Session

ADDED = 1_000
SIZES = [10_000, 100_000, 1_000_000, 10_000_000]


class Script:
    """A script and a server in one process."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.rng = np.random.default_rng(1)
        data: Any = {"x": np.arange(float(rows)), "y": self.rng.standard_normal(rows)}
        self.source = ColumnDataSource(data)
        document = Document()
        document.add_root(self.source)
        self.session = Session(app=BokehWSGI(store="memory:"))
        self.session.use_doc("growth")
        self.session.store_document(document)

    def stream(self) -> None:
        new: Any = {"x": np.zeros(ADDED), "y": self.rng.standard_normal(ADDED)}
        self.source.stream(new, rollover=self.rows)
        self.session.store_objects(self.source)

    def patch(self) -> None:
        start = int(self.rng.integers(0, self.rows - ADDED))
        values = self.rng.standard_normal(ADDED)
        self.source.patch({"y": [(slice(start, start + ADDED), values)]})
        self.session.store_objects(self.source)

    def write(self) -> None:
        start = int(self.rng.integers(0, self.rows - ADDED))
        y: Any = self.source.data["y"]
        y[start : start + ADDED] = self.rng.standard_normal(ADDED)
        self.session.store_objects(self.source)


# The longest first: the others are then shown beside it.
@pytest.fixture(scope="module", params=SIZES[::-1], ids=lambda rows: f"{rows:,} rows")
def script(request: pytest.FixtureRequest, quick: bool) -> Iterator[Script]:
    if quick and request.param > SIZES[0]:
        pytest.skip("once, and only with short columns")
    made = Script(request.param)
    yield made
    made.session.close()


@pytest.mark.parametrize("change", [Script.stream, Script.patch, Script.write], ids=lambda way: way.__name__)
def test_growth(benchmark: Any, script: Script, change: Callable[[Script], None], quick: bool) -> None:
    ways = {"stream": "streamed", "patch": "patched", "write": "written in place, and found"}
    benchmark.group = f"{ADDED:,} rows {ways[change.__name__]}, in columns of 1e7 (ours) and fewer"
    benchmark.extra_info["side"] = "ours" if script.rows == SIZES[-1] else f"{script.rows:.0e}"
    benchmark.pedantic(change, args=(script,), rounds=1 if quick else 150, warmup_rounds=5)
