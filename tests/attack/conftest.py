"""The fixtures of the nearest tests."""

from tests.client.conftest import _short_waits as _short_waits
from tests.client.conftest import document as document
from tests.client.conftest import make_session as make_session
from tests.client.conftest import session as session
