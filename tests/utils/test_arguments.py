"""Arguments of utilities are checked before a file is read or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug import utils
from kplug.errors import KplugError
from kplug.layers import Dense
from kplug.models import Sequential

TEXT: Any = "a"
CASES: list[tuple[str, Callable[[], Any]]] = [
    ("'origin' is 3", lambda: utils.get_file("x", 3)),  # type: ignore[arg-type]
    ("'fname' is 3", lambda: utils.get_file(3, "file:///x")),  # type: ignore[arg-type]
    ("'cache_subdir' is None", lambda: utils.get_file("x", "y", cache_subdir=None)),  # type: ignore[arg-type]
    ("'cache_dir' is 3", lambda: utils.get_file("x", "file:///x", cache_dir=3)),  # type: ignore[arg-type]
    ("'file_hash' is 3", lambda: utils.get_file("x", "file:///x", file_hash=3)),  # type: ignore[arg-type]
    ("'tensor' is None", lambda: utils.get_source_inputs(None)),  # type: ignore[arg-type]
    ("'path' is 3", lambda: utils.load_img(3)),  # type: ignore[arg-type]
    ("'abc' is no picture of numbers", lambda: utils.img_to_array("abc")),
    ("'abc' is no picture of numbers", lambda: utils.array_to_img("abc")),
    ("'model' is 3", lambda: utils.plot_model(3)),  # type: ignore[arg-type]
    ("'to_file' is None", lambda: utils.plot_model(Sequential([Dense(1, input_dim=2)]), None)),  # type: ignore[arg-type]
    ("dataset is 3, which has no samples", lambda: utils.split_dataset(3, 0.5)),
    ("'seed' is 'a'", lambda: utils.split_dataset(np.ones(4), 0.5, shuffle=True, seed=TEXT)),
]


@pytest.mark.parametrize(("text", "call"), CASES)
def test_an_argument_of_another_type_is_named(
    text: str, call: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(KplugError, match=text):
        call()
    assert not list(tmp_path.iterdir())


def test_nothing_is_registered_under_what_is_no_name() -> None:
    assert utils.get_registered_object(None) is None  # type: ignore[arg-type]
