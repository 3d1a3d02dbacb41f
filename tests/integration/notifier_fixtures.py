"""Who is told, for modules of tests of the notifier: ``pytest_plugins = ("tests.integration.notifier_fixtures",)``."""

from collections.abc import Iterator

import pytest

from tests.integration.notifier_stack import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server that keeps what is posted to it."""
    receiver = Receiver()
    receiver.start()
    yield receiver
    receiver.stop()
