"""Takes the pictures of interaction.md: each example in Chromium, when somebody has done something there.

PYTHONPATH=. python docs/take_interaction_pictures.py [NAME…]
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.examples import (
    MODELS,
    Script,
    drag_in_plot,
    figure_with,
    look_at,
    model,
    place,
    slide,
    source_of,
    wait,
    wait_until_drawn,
)
from tests.browser.live_server import LiveServer

IMAGES = Path(__file__).parent / "images"


def one_button(page: Page) -> None:
    for label in ("Click me", "Clicked 1 times", "Clicked 2 times"):
        page.get_by_role("button", name=label).click()
    page.get_by_role("button", name="Clicked 3 times").wait_for()


def curve(page: Page) -> None:
    slide(page, page.locator(".noUi-handle"), 40)
    page.get_by_label("Wave").select_option("sawtooth")
    page.get_by_label("Title").fill("A sawtooth, computed by Python")
    page.get_by_label("Title").press("Enter")
    wait(page, f"{MODELS}.some((model) => model.text?.startsWith('A sawtooth'))")


def histograms(page: Page) -> None:
    drag_in_plot(page, figure_with("BoxSelectTool"), (4.4, 0.2), (7.6, 4.2))
    wait(page, f"{MODELS}.some((model) => / of 2500/.test(model.text))")


def widgets(page: Page) -> None:
    page.get_by_text("Sliders", exact=True).click()
    for number, by in ((0, 40), (1, -30), (2, 50)):
        slide(page, page.locator(".noUi-handle").nth(number), by)
    page.get_by_text("Choices", exact=True).click()
    page.get_by_label("Select", exact=True).select_option("cherry")
    page.get_by_text("Sliders", exact=True).click()
    wait(page, f"{model('PreText')}.text.split('\\n').length > 6")


def streaming(page: Page) -> None:
    for _ in range(3):
        page.get_by_role("button", name="Faster").click()
    wait(page, f"{source_of('step')}.data.step.length > 150")


def table(page: Page) -> None:
    def cell(row: int, column: int) -> None:
        found = page.locator(".slick-row").nth(row).locator(".slick-cell").nth(column)
        found.dblclick()

    cell(1, 1)
    page.locator(".slick-cell input").fill("5")
    page.keyboard.press("Enter")
    wait(page, f"{MODELS}.some((model) => /saved/.test(model.text))")
    cell(2, 0)
    page.locator(".slick-cell input").fill("garlic")


def linked_selection(page: Page) -> None:
    drag_in_plot(page, model("Figure"), (40, 16), (52, 20))
    wait(page, f"{MODELS}.some((model) => /Adelie/.test(model.text))")


def points(page: Page) -> None:
    drag_in_plot(page, model("Figure"), (4, 4), (3.6, 8.6))
    page.mouse.click(*place(page, model("Figure"), 5, 1.5))
    wait(page, f"{MODELS}.some((model) => /^7 points/.test(model.text))")


def dashboard(page: Page) -> None:
    sweep = source_of("volts")
    wait(page, f"{sweep}.data.volts[180] != 0")
    for begin, end in ((1.2, 2.0), (4.2, 5.2)):
        drag_in_plot(page, figure_with("BoxSelectTool"), (begin, 0), (end, 0))
        wait(page, f"{sweep}.selected.indices.length > 5")
        page.get_by_role("button", name="Note the selection").click()
    wait(page, f"{source_of('note')}.data.note.length == 2")
    last = page.locator(".slick-row").nth(1).locator(".slick-cell").last
    last.dblclick()
    last.locator("input").fill("the trough, Python's mean")
    last.locator("input").press("Enter")
    drag_in_plot(page, figure_with("BoxSelectTool"), (1, 0), (7.3, 0))
    wait(page, f"{sweep}.selected.indices.length > 100 && {sweep}.data.volts[340] != 0")


SIZES: dict[Callable[[Page], None], tuple[int, int]] = {
    one_button: (420, 110),
    curve: (760, 460),
    histograms: (780, 660),
    widgets: (860, 430),
    streaming: (800, 440),
    table: (840, 370),
    linked_selection: (960, 500),
    points: (740, 560),
    dashboard: (900, 520),
}


def shot_of(page: Page) -> bytes:
    wait_until_drawn(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)  # what fades has faded
    return page.screenshot()


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("No chromium here to take pictures with")
    server = LiveServer("--store", "memory:")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for act, (width, height) in SIZES.items():
            if sys.argv[1:] and act.__name__ not in sys.argv[1:]:
                continue
            page = browser.new_page(viewport={"width": width, "height": height})
            with Script(f"{act.__name__}.py", server.url, Path(folder)) as script:
                look_at(page, script.link)
                act(page)
                shot = shot_of(page)
            page.close()
            picture = (
                Image.open(io.BytesIO(shot))
                .convert("RGB")
                .quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            )
            path = IMAGES / f"interaction-{act.__name__}.png"
            picture.save(path, optimize=True)
            sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")
        browser.close()
    server.close()


if __name__ == "__main__":
    main()
