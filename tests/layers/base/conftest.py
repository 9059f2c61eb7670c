"""Each test of this folder counts the names of its layers from the beginning."""

from __future__ import annotations

import pytest

from kplug.backend import clear_session


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    clear_session()
