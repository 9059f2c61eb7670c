"""Files of weights for tests of what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug.errors import WeightsError
from kplug.saving import load_weights

DENSE = {"kernel": (3, 4), "bias": (4,)}


ANYWAY = (
    "\n  Build the model as it was saved, pass by_name=True to load only the layers whose names "
    "agree, or pass skip_mismatch=True to leave what differs as it is."
)


def assert_refused(model: Any, path: Path, message: str, **options: Any) -> None:
    """Assert that loading raises exactly this message and changes nothing."""
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        load_weights(model, path, **options)
    assert str(caught.value) == f"{path}: {message}"
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
