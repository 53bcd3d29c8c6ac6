"""Tests for those who extend this package, to be inherited by theirs. They need pytest and hypothesis."""

import pytest

pytest.register_assert_rewrite("bokeh_wsgi.testing.store", "bokeh_wsgi.testing.store_machine")
