"""The bundling of the browser client: what is built again, and when; with a stand-in for Node.js."""

from pathlib import Path

import pytest

from build_tools.bundle import BundleError, bundle
from build_tools.node import find_node

NODE = '#!/bin/sh\necho "$NODE_VERSION"\n'
# Writes what it was called with, and "builds" by copying; fails on a source that says so.
NPM = """#!/bin/sh
echo "$1" >> "$CALLS"
case "$1" in
ci) mkdir -p node_modules ;;
run) grep -q broken src/page.ts && exit 3; cp src/page.ts "$BOKEH_WSGI_STATIC/page.js" ;;
esac
"""


class Project:
    """Folders of a project with a browser client, on a machine with stand-ins for node and npm."""

    def __init__(self, root: Path) -> None:
        self.browser = root / "browser"
        self.work = root / "build"
        self.static = root / "static"
        self._calls = root / "calls"
        self._calls.touch()
        (self.browser / "src").mkdir(parents=True)
        (self.browser / "package.json").write_text("{}")
        (self.browser / "package-lock.json").write_text("{}")
        self.page = self.browser / "src" / "page.ts"
        self.page.write_text("first")

    def bundle(self) -> list[str]:
        """Bundle; returns what npm was asked to do."""
        self._calls.write_text("")
        bundle(self.browser, self.work, self.static)
        return self._calls.read_text().split()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("node", NODE), ("npm", NPM)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("NODE_VERSION", "v22.1.0")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    find_node.cache_clear()
    return Project(tmp_path)


def test_the_first_time_it_installs_and_builds(project: Project) -> None:
    assert project.bundle() == ["ci", "run"]
    assert (project.static / "page.js").read_text() == "first"


def test_nothing_is_done_again_while_nothing_changed(project: Project) -> None:
    project.bundle()
    assert project.bundle() == []


def test_a_changed_source_is_built_without_installing_again(project: Project) -> None:
    project.bundle()
    project.page.write_text("second")
    assert project.bundle() == ["run"]
    assert (project.static / "page.js").read_text() == "second"


def test_a_changed_lock_file_is_installed(project: Project) -> None:
    project.bundle()
    (project.browser / "package-lock.json").write_text('{"lockfileVersion": 3}')
    assert project.bundle() == ["ci", "run"]


def test_a_lost_result_comes_back_without_a_build(project: Project) -> None:
    project.bundle()
    (project.static / "page.js").write_text("spoilt")
    (project.static / "stray.js").touch()
    assert project.bundle() == []
    assert [(path.name, path.read_text()) for path in project.static.iterdir()] == [("page.js", "first")]


def test_a_removed_source_is_no_part_of_the_next_build(project: Project) -> None:
    stray = project.browser / "src" / "stray.ts"
    stray.touch()
    project.bundle()
    stray.unlink()
    project.bundle()
    assert [path.name for path in (project.work / "sources" / "src").iterdir()] == ["page.ts"]


def test_what_a_developer_installed_beside_the_sources_is_no_input(project: Project) -> None:
    project.bundle()
    (project.browser / "node_modules").mkdir()
    (project.browser / "node_modules" / "x.js").touch()
    assert project.bundle() == []


def test_a_build_that_fails_says_so_and_is_tried_again(project: Project) -> None:
    project.page.write_text("broken")
    for _ in range(2):
        with pytest.raises(BundleError, match=r"`npm run` failed in browser/ \(exit code 3\)"):
            project.bundle()


def test_a_node_that_is_too_old_is_none(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, found in (("v18.20.0", False), ("v20.0.0", True), ("", False)):
        monkeypatch.setenv("NODE_VERSION", version)
        find_node.cache_clear()
        node = find_node()
        assert (node is not None and node.node.startswith(str(project.browser.parent))) is found
