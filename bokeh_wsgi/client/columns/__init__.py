"""Columns of data sources: tracked while scripts change them, compared, and taken back."""
