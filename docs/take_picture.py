"""Takes the README's picture: the live example in Chromium, while this machine has something to do."""

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "live.png"
SECONDS = 62
SIZE = {"width": 1080, "height": 660}


def work(stop: threading.Event) -> None:
    """Keeps a core busy and fills memory, now and then."""
    pause_s = 2.0
    while not stop.wait(pause_s):
        blocks = [bytearray(os.urandom(64 << 20)) for _ in range(16)]
        del blocks
        pause_s = 1 + (pause_s * 7) % 5


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("No chromium here to take a picture with")
    environ = {**os.environ, "BOKEH_BROWSER": "none"}
    server = subprocess.Popen(
        [sys.executable, "-m", "bokeh_wsgi", "--port", "0", "--store", "memory:"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    root = server.stdout.readline().split()[-1]
    example = subprocess.Popen(
        [sys.executable, ROOT / "examples" / "live_machine.py", root],
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert example.stderr is not None
    link = example.stderr.readline().split()[-1]
    stop = threading.Event()
    try:
        threading.Thread(target=work, args=[stop], daemon=True).start()
        time.sleep(SECONDS)  # the picture shows the last minute
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            page.goto(link)
            page.locator("#bokeh-wsgi-state[data-state=live]").wait_for()
            page.wait_for_function("Bokeh.documents.length && Bokeh.documents[0].is_idle")
            page.wait_for_timeout(500)
            shot = page.screenshot()
            browser.close()
    finally:
        stop.set()
        example.kill()
        server.terminate()
        example.communicate()
        server.communicate()
    PICTURE.parent.mkdir(exist_ok=True)
    picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(96, dither=Image.Dither.NONE)
    picture.save(PICTURE, optimize=True)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
