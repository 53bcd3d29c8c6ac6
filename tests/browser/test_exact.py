"""Every column of a page equals the script's arrays bit for bit, whatever happened on the way."""

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from playwright.sync_api import Page

from bokeh_wsgi import Session
from tests.browser.exact import COLUMNS, expected
from tests.browser.line import Line
from tests.browser.servers import Server
from tests.browser.windows import Windows

Rng = np.random.Generator
ROWS = 60


def floats(dtype: str) -> Callable[[Rng, int], Any]:
    def make(rng: Rng, n: int) -> Any:
        values = rng.standard_normal(n).astype(dtype)
        values[rng.random(n) < 0.1] = rng.choice([np.nan, -0.0, np.inf, -np.inf])
        return values

    return make


def integers(dtype: str) -> Callable[[Rng, int], Any]:
    limits = np.iinfo(dtype)
    return lambda rng, n: rng.integers(limits.min, limits.max, n, dtype, endpoint=True)


def decimals(dtype: str, size: int) -> Callable[[Rng, int], Any]:
    """Rows of so many values that even two of them travel as integers."""

    def make(rng: Rng, n: int) -> Any:
        values = np.round(rng.normal(0, 0.05, (n, size)), 2).astype(dtype)
        values[rng.random((n, size)) < 0.1] = np.nan
        return values

    return make


def words(rng: Rng, n: int) -> list[Any]:
    return [("ä" * int(k) + "z") if k < 5 else None if k < 6 else str(k) for k in rng.integers(0, 9, n)]


def mixed(rng: Rng, n: int) -> list[Any]:
    choices = [1, "one", None, 2.5, True, [1, "two"]]
    return [choices[k] for k in rng.integers(0, len(choices), n)]


KINDS: dict[str, Callable[[Rng, int], Any]] = {
    **{dtype: floats(dtype) for dtype in ("f4", "f8", ">f8")},
    **{dtype: integers(dtype) for dtype in ("i1", "i2", "i4", "u1", "u2", "u4")},
    "decimals": decimals("f8", 300),
    "decimals f4": decimals("f4", 600),
    "int64": lambda rng, n: rng.integers(-9, 9, n),
    "bool": lambda rng, n: rng.random(n) < 0.5,
    "ramp": lambda rng, n: np.arange(n) * 0.1,
    "time": lambda rng, n: np.datetime64("2024-01-01") + rng.integers(0, 10**9, n).astype("timedelta64[ms]"),
    "days": lambda rng, n: [datetime.date(2024, 1, int(k)) for k in rng.integers(1, 28, n)],
    "list": lambda rng, n: rng.standard_normal(n).tolist(),
    "gaps": lambda rng, n: [None if k < 2 else float(k) for k in rng.integers(0, 9, n)],
    "flags": lambda rng, n: (rng.random(n) < 0.5).tolist(),
    "words": words,
    "factors": lambda rng, n: [("a" if k % 2 else "b", str(k)) for k in rng.integers(0, 9, n)],
    "factors3": lambda rng, n: [("a", str(k), "c") for k in rng.integers(0, 9, n)],
    "lines": lambda rng, n: [rng.random(k).tolist() for k in rng.integers(0, 5, n)],
    "arrays": lambda rng, n: [rng.random(k) for k in rng.integers(1, 5, n)],
    "polygons": lambda rng, n: [[[rng.random(3).tolist()]] for _ in range(n)],
    "table": lambda rng, n: rng.standard_normal((n, 3)),
    "images": lambda rng, n: [rng.integers(0, 2**32, (2, 3), "u4") for _ in range(n)],
    "mixed": mixed,
}
# What Bokeh's own stream() and patch() can work on.
FLAT = ("f8", "i4", "list", "words")


class Script:
    """A publisher that changes all kinds of columns in all kinds of ways."""

    def __init__(self, root_url: str) -> None:
        self.rng = np.random.default_rng(5)
        self.all = ColumnDataSource(self.make(KINDS, ROWS), name="all")
        self.flat = ColumnDataSource(self.make(FLAT, ROWS), name="flat")
        self.document = Document()
        self.document.add_root(self.all)
        self.document.add_root(self.flat)
        self.session = Session(root_url=root_url, load_from_config=False)
        self.session.use_doc("exact")
        self.session.store_document(self.document)

    def make(self, names: Any, rows: int) -> dict[str, Any]:
        return {name: KINDS[name](self.rng, rows) for name in names}

    def step(self) -> None:
        """One random update, stored."""
        changes = [
            self.replace,
            self.replace_one,
            self.in_place,
            self.append,
            self.roll,
            self.stream,
            self.patch,
        ]
        change = changes[self.rng.integers(0, len(changes))]
        change()
        self.session.store_objects(self.all, self.flat)

    def replace(self) -> None:
        self.all.data = self.make(KINDS, int(self.rng.integers(0, ROWS)))

    def replace_one(self) -> None:
        name = self.rng.choice(list(KINDS))
        self.all.data[name] = KINDS[name](self.rng, len(self.all.data[name]))

    def in_place(self) -> None:
        columns: dict[str, Any] = dict(self.all.data)
        for name, column in columns.items():
            if len(column) > 3 and self.rng.random() < 0.5:
                start = int(self.rng.integers(0, len(column) - 2))
                column[start : start + 2] = KINDS[name](self.rng, 2)

    def append(self) -> None:
        self.grow(drop=0)

    def roll(self) -> None:
        self.grow(drop=3)

    def grow(self, drop: int) -> None:
        new = self.make(KINDS, 3)
        self.all.data = {
            name: joined(column, new[name])[drop:] for name, column in dict(self.all.data).items()
        }

    def stream(self) -> None:
        self.flat.stream(self.make(FLAT, int(self.rng.integers(1, 9))), rollover=ROWS)

    def patch(self) -> None:
        row = int(self.rng.integers(0, ROWS - 4))
        self.flat.patch(
            {
                "f8": [(slice(row, row + 3), [1.5, np.nan, -0.0])],
                "words": [(row, "patched")],
                "list": [(row, 0.5)],
            }
        )


def joined(column: Any, new: Any) -> Any:
    return np.concatenate([column, new]) if isinstance(column, np.ndarray) else [*column, *new]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server("werkzeug", f"sqlite:///{tmp_path}/store.db") as server:
        yield server


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    line = Line(server.port)
    yield line
    line.close()


@pytest.fixture
def script(server: Server) -> Iterator[Script]:
    script = Script(server.root_url)
    yield script
    script.session.close()


@pytest.fixture
def page(windows: Windows, line: Line, script: Script) -> Iterator[Page]:
    page = windows.new_page()
    page.goto(f"http://127.0.0.1:{line.port}/doc/{script.session.docid}")
    yield page
    page.close()


def test_a_page_equals_its_script_through_everything(
    script: Script, page: Page, line: Line, server: Server
) -> None:
    check(page, script)
    for step in range(200):
        script.step()
        if step % 10 == 9:
            check(page, script)
    page.reload()
    check(page, script)

    server.kill()
    server.start()
    for _ in range(10):
        script.step()
    check(page, script)

    line.cut()
    page.wait_for_selector("#bokeh-wsgi-state:not([data-state=live])")
    for _ in range(10):
        script.step()
    line.mend()
    check(page, script)
    page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")


def check(page: Page, script: Script) -> None:
    """Wait until the page has what the script has; if it does not come to that, say which columns differ."""
    for source in (script.all, script.flat):
        wanted = {str(name): expected(values) for name, values in source.data.items()}
        assert isinstance(source.name, str)
        try:
            page.wait_for_function(EQUAL, arg=[source.name, wanted], polling=30, timeout=20_000)
        except Exception:
            found = page.evaluate(COLUMNS, source.name)
            differ = {
                name: (wanted.get(name), found.get(name))
                for name in wanted
                if wanted[name] != found.get(name)
            }
            assert differ == {}
            assert sorted(found) == sorted(wanted)
            raise


EQUAL = f"""([name, wanted]) => {{
  if (window.Bokeh == null) {{
    return false
  }}
  const sorted = (columns) => JSON.stringify(Object.entries(columns).sort(([a], [b]) => a < b ? -1 : 1))
  return sorted(({COLUMNS})(name)) == sorted(wanted)
}}"""
