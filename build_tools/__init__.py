"""What ``setup.py`` needs to build the package; never installed."""
