"""Windows of the browser that are used again."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page


class Windows:
    """Gives pages as `Browser.new_page` does: each alone in a context, so without anybody's cookies.

    To make a context, with the window that its first page opens, takes longer than to load most pages: so the
    context of a page that was closed is used again, without its cookies; a page in it keeps its window.
    What a context is made with, such as permissions, it keeps: who needs others makes one of their own.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[BrowserContext] = []

    def new_page(self, *, viewport: Mapping[str, int] | None = None) -> Page:
        context = self._free.pop() if self._free else self._made()
        for stray in context.pages[1:]:
            stray.close()
        context.clear_cookies()
        page = context.new_page()
        page.once("close", lambda _: self._free.append(context))
        if viewport is not None:
            size: Any = viewport
            page.set_viewport_size(size)
        return page

    def _made(self) -> BrowserContext:
        context = self._browser.new_context()
        context.new_page()
        return context
