"""Unknown arguments of datasets are named before a file is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kplug_preprocessing as preprocessing
import numpy as np
import pytest

from kplug.errors import KplugError

TEXT: Any = "a"
CASES: list[tuple[str, Callable[[], Any]]] = [
    ("'directory' is None", lambda: preprocessing.image_dataset_from_directory(None)),  # type: ignore[arg-type]
    ("'directory' is 3", lambda: preprocessing.text_dataset_from_directory(3)),  # type: ignore[arg-type]
    (
        "data is 3, which has no steps",
        lambda: preprocessing.timeseries_dataset_from_array(3, None, 2),
    ),
    (
        "'batch_size' is 'a'",
        lambda: preprocessing.timeseries_dataset_from_array(np.ones(4), None, 2, batch_size=TEXT),
    ),
    (
        "'seed' is 'a'",
        lambda: preprocessing.timeseries_dataset_from_array(
            np.ones(4), None, 2, shuffle=True, seed=TEXT
        ),
    ),
]


@pytest.mark.parametrize(("text", "call"), CASES)
def test_an_argument_of_another_type_is_named(text: str, call: Callable[[], Any]) -> None:
    with pytest.raises(KplugError, match=text):
        call()
