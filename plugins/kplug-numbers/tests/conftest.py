"""Sets the oracle's backend before Keras is imported, and a cache that no other test sees."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ["KERAS_BACKEND"] = "torch"


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
