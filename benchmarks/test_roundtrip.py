"""From a page to the callback in Python and back: a slider is set, text and a curve of 200 points come.

The page measures until its text is the new one. ``pages``: how many show the document and get the answer;
those beside the one that is measured are readers that only take it off the wire.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.waiting import pause

from .conftest import Figure
from .pages import port_of
from .test_fanout import handshake

APP = Path(__file__).with_name("roundtrip_app.py")
NAMED = "(name) => [...Bokeh.documents[0]._all_models.values()].find((model) => model.name == name)"
MEASURE = f"""async (steps) => {{
  const [slider, answer] = ["slider", "answer"].map({NAMED})
  const times = []
  for (let value = 1; value <= steps; value++) {{
    const begun = performance.now()
    const answered = new Promise((resolve, reject) => {{
      setTimeout(() => reject(new Error(`no answer to ${{value}}, but ${{answer.text}}`)), 20000)
      const look = () => {{
        if (answer.text != `${{value}}`) return
        answer.properties.text.change.disconnect(look)
        resolve()
      }}
      answer.properties.text.change.connect(look)
    }})
    slider.value = value
    await answered
    times.push(performance.now() - begun)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }}
  return times
}}"""


class Ours:
    def __init__(self, serve: Any) -> None:
        store = ["--store", "memory:", "--port", "0"]
        url = serve("bokeh_wsgi.cli", *store, ready="bokeh-server is at").line.split()[-1]
        script = serve("benchmarks.roundtrip_script", url, ready="document")
        self.docid = script.line.split()[-1]
        self.link = f"{url}doc/{self.docid}"
        self.port = int(port_of(url))

    def requests(self) -> list[str]:
        path = f"/bokeh/changes?doc={self.docid}:0&wait=stream"
        return [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]


class BokehServe:
    def __init__(self, serve: Any) -> None:
        line = serve("bokeh", "serve", str(APP), "--port", "0", ready="Bokeh app running").line
        self.port = int(port_of(line))
        self.link = f"http://localhost:{self.port}/roundtrip_app"

    def requests(self) -> list[str]:
        return [handshake(self.port, "roundtrip_app") for _ in range(100)]


@pytest.mark.parametrize("side", ["ours", "bokeh serve"])
@pytest.mark.parametrize("pages", [1, 50])
def test_round_trip(
    benchmark: Any, figure: Figure, serve: Any, browser: Browser, side: str, pages: int, quick: bool
) -> None:
    steps = 5 if quick else 300
    server: Ours | BokehServe = (Ours if side == "ours" else BokehServe)(serve)
    command = [
        sys.executable,
        "-m",
        "benchmarks.readers",
        "127.0.0.1",
        str(server.port),
        str(pages - 1),
        "600",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as readers:
        assert readers.stdin is not None
        assert readers.stdout is not None
        readers.stdin.write(json.dumps(server.requests()))
        readers.stdin.close()
        assert readers.stdout.readline() == "reading\n"
        page = browser.new_page()
        page.goto(server.link)
        page.wait_for_function(f"() => window.Bokeh?.documents.length && ({NAMED})('answer')", timeout=60_000)
        pause(0.5, "until the page has drawn", page)
        page.evaluate(MEASURE, min(steps, 20))  # the first ones load what the others have
        page.evaluate(f"({NAMED})('slider').value = 0")
        pause(0.3, "until the first ones are over", page)
        times = np.array(page.evaluate(MEASURE, steps)) / 1000
        page.close()
        readers.kill()
    p50, p99 = np.percentile(times, [50, 99])
    figure(benchmark, f"round trip, {pages} pages", side, float(p50), p99=f"p99 {p99 * 1e3:.1f} ms")
