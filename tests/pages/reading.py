"""Reading pages: their elements, and where a text stands in them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "img", "br"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    """Its own, without that of the elements in it."""


@dataclass
class PageReader(HTMLParser):
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.open[-1].text += data


def elements(html: str) -> list[Element]:
    """All elements of a page, in the order in which they begin; fails if one is not closed."""
    reader = PageReader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader.elements


def shape(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """The page without its texts: tags, and the names of their attributes."""
    return [(element.tag, tuple(sorted(element.attributes))) for element in elements(html)]


def find(html: str, tag: str, **attributes: str) -> Element:
    """The one element with this tag and these attributes."""
    wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    [found] = [
        element
        for element in elements(html)
        if element.tag == tag and wanted.items() <= element.attributes.items()
    ]
    return found
