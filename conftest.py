"""One Chromium for all tests and benchmarks."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def chromium_flags() -> list[str]:
    return CHROMIUM_FLAGS


@pytest.fixture(scope="session")
def browser(chromium_flags: list[str]) -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium here: install Debian's package chromium to run the browser tests")
    assert found, "Chromium must be there under CI=true: install Debian's package chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=chromium_flags)
        yield browser
        browser.close()
