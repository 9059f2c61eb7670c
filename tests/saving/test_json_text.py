"""JSON from files that may come from anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kplug.errors import WeightsError
from kplug.saving.json_text import encode, parse_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the text is no JSON that can be read: "),
        ("[" * 100_000, "the text is no JSON that can be read: "),
        ("[" * 100 + "]" * 100, "the text is nested more than 64 levels deep"),
        ('"' + "a" * (65 << 20) + '"', "the text has 68157442 bytes; at most 67108864 are read"),
    ],
)
def test_text_that_is_not_read(text: str, message: str) -> None:
    with pytest.raises(WeightsError) as caught:
        parse_json(text, "the text")
    assert str(caught.value).startswith(message)


def test_arrays_become_lists() -> None:
    import numpy as np
    import torch

    content: dict[str, Any] = {"a": np.arange(2), "b": torch.ones(1), "c": (1,), "d": np.float32(2)}
    assert json.loads(encode(content)) == {"a": [0, 1], "b": [1.0], "c": [1], "d": 2.0}


def test_types_of_numbers_are_their_names() -> None:
    import numpy as np

    assert json.loads(encode([np.float16, np.dtype("int32")])) == ["float16", "int32"]
