"""The gallery: every document there is, by name."""

from . import annotations, axes, columns, glyphs, images, interaction, layouts, shapes, tables, widgets
from .registry import BUILDERS, build

NAMES = tuple(BUILDERS)

__all__ = (
    "NAMES",
    "annotations",
    "axes",
    "build",
    "columns",
    "glyphs",
    "images",
    "interaction",
    "layouts",
    "shapes",
    "tables",
    "widgets",
)
