"""Documents of every kind, to be shown and compared."""
