"""Draws docs/images/performance.png from what ``make bench`` has measured: ours against each peer."""

import json
import shutil
import sys
from pathlib import Path

from bokeh.embed import file_html
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from bokeh.resources import INLINE
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
MEASURED = ROOT / "build" / "bench.json"
PICTURE = ROOT / "docs" / "images" / "performance.png"
PEER = "bokeh serve"


def ratios() -> dict[str, float]:
    """Peer's median over ours, by the name of the benchmark."""
    groups: dict[str, dict[str, float]] = {}
    for benchmark in json.loads(MEASURED.read_text())["benchmarks"]:
        side = benchmark["extra_info"].get("side") or benchmark["params"]["side"]
        name = benchmark["group"].partition(" (")[0].partition(": server's")[0].partition(": time")[0]
        groups.setdefault(name, {})[side] = benchmark["stats"]["median"]
    return {
        name: sides[PEER] / sides["ours"] for name, sides in groups.items() if {PEER, "ours"} <= sides.keys()
    }


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None or not MEASURED.exists():
        sys.exit("make bench first, with a chromium here")
    found = sorted(ratios().items(), key=lambda item: item[1])
    names = [name for name, _ in found]
    plot = figure(
        y_range=names,
        x_axis_type="log",
        x_range=(0.8, 1.6 * found[-1][1]),
        width=1000,
        height=60 + 34 * len(names),
        title=f"How many times faster than {PEER}, or less of processor and memory",
        toolbar_location=None,
    )
    values = [value for _, value in found]
    source = ColumnDataSource({"name": names, "ratio": values, "text": [f" {v:.3g}" for v in values]})
    plot.hbar("name", left=1, right="ratio", height=0.62, color="#1f6f9e", source=source)
    plot.text("ratio", "name", "text", source=source, text_baseline="middle", text_font_size="13px")
    plot.ygrid.grid_line_color = None
    plot.axis.major_label_text_font_size = "13px"
    page_file = MEASURED.with_suffix(".html")
    page_file.write_text(file_html(plot, INLINE, "performance"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1030, "height": 100 + 34 * len(names)})
        page.goto(page_file.as_uri())
        page.wait_for_function("Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle")
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
