"""A server that is not there: a skip with its reason on a laptop, a failure in continuous integration."""

import os
from typing import NoReturn

import pytest


class ServerMissingError(Exception):
    """A server cannot be started here; the text says why and what to do."""


def in_ci() -> bool:
    """Whether a missing server is a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test with its reason, or fail it when CI=true."""
    if in_ci():
        pytest.fail(f"CI=true and {reason}", pytrace=False)
    pytest.skip(reason)
