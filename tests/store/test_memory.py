"""The store in memory."""

import pytest

from bokeh_wsgi.testing.store import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def uri(self) -> str:
        return "memory:"
