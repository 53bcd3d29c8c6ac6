"""Kinds of changes that a script makes to what pages show."""

from . import (
    changes_of_annotations,
    changes_of_glyphs,
    changes_of_layouts,
    changes_of_ranges,
    changes_of_values,
)
from .change_registry import HEIGHT, KINDS, WHOLE, WIDTH, points

__all__ = (
    "HEIGHT",
    "KINDS",
    "WHOLE",
    "WIDTH",
    "changes_of_annotations",
    "changes_of_glyphs",
    "changes_of_layouts",
    "changes_of_ranges",
    "changes_of_values",
    "points",
)
