"""``scipy.misc`` against Pillow and arithmetic."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

BYTES = np.arange(48, dtype="uint8").reshape(4, 4, 3)


@pytest.fixture
def misc(installed: Any) -> Any:
    return importlib.import_module("scipy.misc")


def test_a_picture_is_written_and_read(misc: Any, tmp_path: Path) -> None:
    misc.imsave(tmp_path / "a.png", BYTES)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "a.png")), BYTES)
    np.testing.assert_array_equal(misc.imread(tmp_path / "a.png"), BYTES)
    assert misc.imread(str(tmp_path / "a.png"), flatten=True).shape == (4, 4)
    assert misc.imread(tmp_path / "a.png", mode="L").dtype == np.uint8


def test_numbers_are_spread_over_the_bytes(misc: Any, tmp_path: Path) -> None:
    misc.imsave(tmp_path / "a.png", np.array([[-1.0, 0.0], [0.5, 1.0]]))
    assert misc.imread(tmp_path / "a.png").tolist() == [[0, 128], [191, 255]]
    assert misc.fromimage(misc.toimage(np.full((1, 1), 3.0), cmin=0.0, cmax=6.0)).tolist() == [
        [128]
    ]
    assert misc.fromimage(misc.toimage(np.zeros((3, 2, 5)))).shape == (2, 5, 3)


@pytest.mark.parametrize(("size", "shape"), [((2, 8), (2, 8)), (50, (2, 2)), (1.5, (6, 6))])
def test_a_picture_is_resized(misc: Any, size: Any, shape: tuple[int, int]) -> None:
    found = misc.imresize(BYTES, size, interp="bicubic")
    wanted = Image.fromarray(BYTES).resize(shape[::-1], Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(found, np.array(wanted))


@pytest.mark.parametrize("shape", [(4,), (2, 5, 5), (1, 2, 3, 3)])
def test_what_is_no_picture_is_refused(misc: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"toimage: an array of shape \("):
        misc.toimage(np.zeros(shape))
