"""The page's decoder in Chromium, beside a memcpy of as many bytes in the same wasm module.

Each round decodes 1e8 bytes, in chunks as long as they are on the wire; 25 ms are 4 GB/s.
"""

import base64
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import bokeh_wsgi
from bokeh_wsgi.dataplane.codec import compress
from bokeh_wsgi.dataplane.frame import ROW_BYTES

BYTES = 100_000_000
ROUNDS = 7
WARMUP_ROUNDS = 3
"""Chromium compiles wasm again, better, when it has run for a while."""
Array = np.ndarray[Any, Any]

START = """async (wasm) => {
  window.bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  window.decoder = (await WebAssembly.instantiate(bytes(wasm))).instance.exports
}"""
DECODE = """([chunk, nbytes, times]) => {
  const packed = bytes(chunk)
  new Uint8Array(decoder.memory.buffer, decoder.input(packed.length), packed.length).set(packed)
  const started = performance.now()
  let at = 0
  for (let time = 0; time < times; time++) at = decoder.decode(packed.length, nbytes)
  const ms = performance.now() - started
  if (at < 0) throw new Error(`not decoded: ${at}`)
  return [ms, btoa(String.fromCharCode(...new Uint8Array(decoder.memory.buffer, at + nbytes - 64, 64)))]
}"""


class DecodeClock:
    """A benchmark's timer: no time passes but what the page says the last call took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        seconds, self.seconds = self.seconds, 0.0
        return seconds


CLOCK = DecodeClock()


def walk(rng: np.random.Generator, rows: int) -> Array:
    return rng.standard_normal(rows).cumsum()


KINDS: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "arange f8": lambda rng, rows: np.arange(rows, dtype="f8"),
    "time axis with jitter f8": lambda rng, rows: 1.7e12 + np.arange(rows) * 1e3 + rng.integers(0, 20, rows),
    "random walk f8": walk,
    "random walk f4": lambda rng, rows: walk(rng, rows).astype("f4"),
    "sine f8": lambda rng, rows: np.sin(np.arange(rows) / 500),
    "prices with 2 decimals f8": lambda rng, rows: np.round(100 + walk(rng, rows) / 50, 2),
    "categories i4": lambda rng, rows: rng.integers(0, 12, rows, "i4"),
    "mostly zero f8": lambda rng, rows: np.where(rng.random(rows) < 0.01, rng.standard_normal(rows), 0.0),
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A blank page with the wasm module that page.js brings, and nothing else."""
    script = (Path(bokeh_wsgi.__file__).parent / "static" / "page.js").read_text()
    packed = re.search(r'"(eN[\w+/=]{1000,})"', script)  # how zlib's output begins, in base64
    assert packed is not None
    wasm = zlib.decompress(base64.b64decode(packed[1]))
    assert wasm.startswith(b"\0asm")
    page = browser.new_page()
    page.evaluate(START, base64.b64encode(wasm).decode())
    yield page
    page.close()


def one_value(values: Array) -> bytes:
    """A chunk that is one value, as long as all of it: decoding it is one memory.copy."""
    size = values.nbytes
    return struct.pack("<BBBBIII15xB", 5, 1, 0x37, 8, size, size, size + 32, 0x30) + values.tobytes()


def of_kind(kind: str) -> Any:
    return pytest.param(kind, marks=pytest.mark.benchmark(group=f"decode 1e8 bytes, {kind}", timer=CLOCK))


@pytest.mark.parametrize("side", ["ours", "memcpy"])
@pytest.mark.parametrize("kind", [of_kind(kind) for kind in KINDS])
def test_decode(benchmark: Any, page: Page, kind: str, side: str) -> None:
    values = KINDS[kind](np.random.default_rng(1), ROW_BYTES // int(kind[-1]))
    chunk = b64encode(compress(values) if side == "ours" else one_value(values)).decode()
    times = BYTES // values.nbytes if benchmark.enabled else 1

    def run() -> None:
        ms, end = page.evaluate(DECODE, [chunk, values.nbytes, times])
        CLOCK.seconds = ms / 1e3
        assert end == b64encode(values.tobytes()[-64:]).decode()

    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=WARMUP_ROUNDS)
    if benchmark.enabled:
        benchmark.extra_info["GB/s"] = times * values.nbytes / benchmark.stats.stats.median / 1e9
