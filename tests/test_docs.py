"""The docs name everything there is, and what they point to exists."""

import inspect
import re
from pathlib import Path

import pytest

from bokeh_wsgi import cli
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.routes import URLS
from tests.imports import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGES.md", *sorted((ROOT / "docs").rglob("*.md"))]
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
HTTP = (ROOT / "docs" / "http.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    words = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", words)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_option_of_the_app_is_described() -> None:
    options = [name for name in inspect.signature(BokehWSGI).parameters if name != "self"]
    assert [name for name in options if f"| `{name}` |" not in DEPLOY] == []


def test_every_flag_of_the_server_is_described() -> None:
    flags = [flag for action in cli.parser()._actions for flag in action.option_strings]
    table = DEPLOY[DEPLOY.index("## Flags") :]
    assert [flag for flag in flags if f"`{flag}`" not in table] == []


def test_every_route_is_described() -> None:
    routes = {re.split(r"[<./]", rule.rule.strip("/"))[0] for rule in URLS.iter_rules()}
    unsaid = {"", "favicon.ico", "favicon"}  # the mount itself, and what browsers ask for unasked
    assert [route for route in sorted(routes - unsaid) if not re.search(rf"`[A-Z]+ {route}\b", HTTP)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_python_is_python(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        compile(block, page.name, "exec")


INTERACTION = (ROOT / "docs" / "interaction.md").read_text()
STEPS = re.findall(r"(?m)^## \d+\. .*\n\[examples/(\w+\.py)\]\(.*\)\n((?s:.*?))(?=^## )", INTERACTION)


def test_each_step_of_interaction_has_an_example_and_its_picture() -> None:
    assert [example for example, _ in STEPS] == [
        f"{name}.py"
        for name in (
            "one_button",
            "curve",
            "histograms",
            "widgets",
            "streaming",
            "table",
            "linked_selection",
            "points",
            "dashboard",
        )
    ]
    for example, text in STEPS:
        assert f"](images/interaction-{example.removesuffix('.py')}.png)" in text


@pytest.mark.parametrize(("example", "text"), STEPS, ids=[example for example, _ in STEPS])
def test_what_a_step_shows_is_in_its_example(example: str, text: str) -> None:
    program = (ROOT / "examples" / example).read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        for piece in block.split("\n...\n"):
            assert piece.strip("\n") in program
