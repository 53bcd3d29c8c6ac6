"""A plot server that you mount."""

__version__ = "0.1.0"
