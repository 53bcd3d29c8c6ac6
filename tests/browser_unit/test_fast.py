"""The page under large changes and fast ones, in Chromium, on a document without pictures."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import takewhile
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from bokeh_wsgi.dataplane import Op, OpCode, column_from
from tests.browser.windows import Windows

from .scripted import ScriptedServer

ROWS = 1_000_000

WATCH = """() => {
  window.source = Bokeh.documents[0].get_model_by_id("s")
  window.signals = []
  for (const signal of [source.properties.data.change, source.streaming, source.patching]) {
    signal.connect(() => signals.push(performance.now()), {})
  }
}"""
# What the page decodes itself, and how long its longest task was since `window.longest` was last 0.
MEASURE = """
window.decoded = 0
const Instance = WebAssembly.Instance
WebAssembly.Instance = function (...given) {
  const {memory, input, decode} = new Instance(...given).exports
  const counting = (length, nbytes) => {
    window.decoded += nbytes
    return decode(length, nbytes)
  }
  return {exports: {memory, input, decode: counting}}
}
const {port1, port2} = new MessageChannel()
window.longest = 0
let last = performance.now()
port1.onmessage = () => {
  const now = performance.now()
  window.longest = Math.max(window.longest, now - last)
  last = now
  port2.postMessage(null)
}
port2.postMessage(null)
"""
HASH = """async (name) => {
  const {buffer, byteOffset, byteLength} = source.data[name]
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  let a = 0, b = 0
  for (let i = 0; i < bytes.length; i++) {
    a = (a + bytes[i]) % 4294967296
    b = (b + a) % 4294967296
  }
  return [bytes.length, a, b]
}"""


def digest(values: np.ndarray[Any, Any]) -> list[int]:
    """What `HASH` gives for a column."""
    sums = np.frombuffer(values.tobytes(), "u1").cumsum(dtype="u8")
    return [values.nbytes, int(sums[-1] % 2**32), int(sums.sum() % 2**32)]


def replaced(column: str, values: np.ndarray[Any, Any]) -> Op:
    return Op(OpCode.REPLACE, "s", column, count=len(values), values=column_from(values))


def appended(start: int, values: np.ndarray[Any, Any], drop: int = 0) -> Op:
    return Op(OpCode.APPEND, "s", "y", start=start, count=len(values), drop=drop, values=column_from(values))


def written(start: int, values: np.ndarray[Any, Any]) -> Op:
    return Op(OpCode.WRITE, "s", "y", start=start, count=len(values), values=column_from(values))


def walk(seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal(ROWS).cumsum()


Opened = Callable[..., tuple[ScriptedServer, Page]]


@pytest.fixture
def opened(windows: Windows) -> Iterator[Opened]:
    """Opens a page whose source begins with the given ops, after running a script in it."""
    with ExitStack() as stack:

        def open_page(*first: Op, script: str = "") -> tuple[ScriptedServer, Page]:
            server = stack.enter_context(ScriptedServer(first))
            page = windows.new_page()
            stack.callback(page.close)
            if script:
                page.add_init_script(script)
            page.goto(server.url)
            page.wait_for_selector("#bokeh-wsgi-state[data-state=live]")
            page.evaluate(WATCH)
            return server, page

        yield open_page


def wait_for(page: Page, server: ScriptedServer) -> None:
    page.wait_for_function("(seq) => bokehWSGI.documents.get('d').seq == seq", arg=server.seq)


def test_a_large_replace_is_exact_and_freezes_the_page_for_less_than_a_frame(opened: Opened) -> None:
    server, page = opened(replaced("x", walk(0)), replaced("y", walk(1)), script=MEASURE)
    page.evaluate("window.decoded = 0")
    longest: list[float] = []
    # Other processes of this machine take time from the page, but not in every round.
    for seed in takewhile(lambda seed: seed < 10 or min(longest) >= 16, range(2, 120, 2)):
        x, y = walk(seed), walk(seed + 1)
        change = server.change([replaced("x", x), replaced("y", y)])
        page.evaluate("window.longest = 0")
        server.send(*change)
        wait_for(page, server)
        longest.append(page.evaluate("window.longest"))
        assert page.evaluate(HASH, "x") == digest(x)
        assert page.evaluate(HASH, "y") == digest(y)
    assert page.evaluate("window.decoded") == 0
    assert min(longest) < 16, longest


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_large_columns_of_decimals_are_exact_and_decoded_in_the_worker(opened: Opened, dtype: str) -> None:
    server, page = opened(replaced("y", np.round(walk(0), 1).astype(dtype)), script=MEASURE)
    page.evaluate("window.decoded = 0")
    for seed in (1, 2, 3):
        values = np.round(walk(seed) / 100, 2).astype(dtype)
        values[::1000], values[1::1000] = np.nan, -0.0
        server.send(*server.change([replaced("y", values)]))
        wait_for(page, server)
        assert page.evaluate(HASH, "y") == digest(values)
    assert page.evaluate("window.decoded") == 0


def test_a_ramp_appended_and_overwritten_rows_of_any_length_are_exact(opened: Opened) -> None:
    server, page = opened(replaced("y", walk(0)))
    values = np.arange(ROWS * 1.5)
    told = json.dumps({"start": (0.0).hex(), "step": (1.0).hex()})
    ramp = Op(OpCode.RAMP, "s", "y", count=len(values), dtype="float64", json=told)
    few, many, over = np.arange(3.0), walk(1), walk(2)
    for op in (
        ramp,
        appended(len(values), few),
        appended(len(values) + len(few) - 7, many, drop=7),
        written(11, over),
    ):
        server.send(*server.change([op]))
    values = np.concatenate([values, few, many])[7:]
    values[11 : 11 + len(over)] = over
    wait_for(page, server)
    assert page.evaluate(HASH, "y") == digest(values)


def test_a_large_change_that_is_cut_leaves_the_columns_as_they_were(opened: Opened) -> None:
    before = walk(0)
    server, page = opened(replaced("y", before))
    page.evaluate("() => { window.Kept = source.data.y }")
    *pieces, _ = server.change([replaced("y", walk(1))])
    server.send(*pieces)
    server.cut()
    page.wait_for_selector("#bokeh-wsgi-state:not([data-state=live])")
    assert page.evaluate("source.data.y === window.Kept && signals.length == 0")
    assert page.evaluate(HASH, "y") == digest(before)


@pytest.mark.parametrize(
    "forbidding",
    [
        "window.Worker = function () { throw new Error('no workers here') }",
        "URL.createObjectURL = () => 'blob:null/00000000-0000-0000-0000-000000000000'",
    ],
    ids=["throws", "does not load"],
)
def test_a_page_that_gets_no_worker_decodes_large_changes_itself(opened: Opened, forbidding: str) -> None:
    server, page = opened(replaced("y", walk(0)), script=forbidding)
    for seed in (1, 2):
        values = walk(seed)
        server.send(*server.change([replaced("y", values)]))
        wait_for(page, server)
        assert page.evaluate(HASH, "y") == digest(values)


def test_small_changes_behind_a_large_one_wait_for_their_turn(opened: Opened) -> None:
    server, page = opened(replaced("y", walk(0)))
    values = walk(1)
    pieces = server.change([replaced("y", values)])
    for number in range(50):
        pieces += server.change([written(number, np.array([float(number)]))])
    values[:50] = np.arange(50)
    server.send(b"".join(pieces))
    wait_for(page, server)
    assert page.evaluate(HASH, "y") == digest(values)


def test_changes_faster_than_frames_give_one_signal_a_frame_and_the_newest_state(opened: Opened) -> None:
    changes, rows = 500, 1000
    server, page = opened(replaced("y", walk(0)))
    new = walk(1)[: changes * rows]
    parts = np.split(new, changes)
    pieces = [b"".join(server.change([appended(ROWS - rows, part, drop=rows)])) for part in parts]
    # By the page's own count: on a busy machine frames come late, and then two close together.
    page.evaluate("frames = 0; (function next() { requestAnimationFrame(next); frames++; })()")
    server.send(*pieces)
    wait_for(page, server)
    assert 1 <= len(page.evaluate("signals")) <= page.evaluate("frames") + 2
    assert page.evaluate(HASH, "y") == digest(np.concatenate([walk(0), new])[len(new) :])
