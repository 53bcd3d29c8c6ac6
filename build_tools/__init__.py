"""Build-time helpers of ``setup.py``; not installed."""
