"""Test suites for stores outside of this package, to inherit from. They need pytest and hypothesis."""

import pytest

for module in ("store", "shared_store", "store_machine"):
    pytest.register_assert_rewrite(f"bokeh_wsgi.testing.{module}")
