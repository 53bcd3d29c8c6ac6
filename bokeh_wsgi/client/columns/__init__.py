"""Columns of data sources: records changes by scripts, compares columns, and undoes refused changes."""
