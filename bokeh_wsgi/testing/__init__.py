"""Tests for those who extend this package, to be inherited by theirs. They need pytest and hypothesis."""

import pytest

for module in ("store", "shared_store", "store_machine"):
    pytest.register_assert_rewrite(f"bokeh_wsgi.testing.{module}")
