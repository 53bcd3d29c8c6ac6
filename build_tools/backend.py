"""In-tree PEP 517 backend: setuptools', plus a requirement for Node.js where none is installed."""

from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401  (unchanged hooks)
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

from .node import REQUIREMENT, find_node


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_node_requirement()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    return [*build_meta.get_requires_for_build_editable(config_settings), *_node_requirement()]


def _node_requirement() -> list[str]:
    return [] if find_node() else [REQUIREMENT]
