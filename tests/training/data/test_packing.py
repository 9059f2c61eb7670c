from __future__ import annotations

from typing import Any

import keras
import pytest

from kplug.errors import DataError
from kplug.utils import pack_x_y_sample_weight, unpack_x_y_sample_weight


@pytest.mark.parametrize("parts", [(1,), ([1, 2],), (1, 2), (1, 2, 3), (1, None, 3)], ids=str)
def test_parts_are_packed_as_keras_packs_them(parts: tuple[Any, ...]) -> None:
    assert pack_x_y_sample_weight(*parts) == keras.utils.pack_x_y_sample_weight(*parts)


@pytest.mark.parametrize("data", [1, (1,), [1, 2], (1, 2), (1, 2, 3), {"a": 1}], ids=str)
def test_parts_are_unpacked_as_keras_unpacks_them(data: Any) -> None:
    assert unpack_x_y_sample_weight(data) == keras.utils.unpack_x_y_sample_weight(data)


@pytest.mark.parametrize("data", [(), (1, 2, 3, 4)], ids=str)
def test_other_counts_of_parts_are_refused(data: Any) -> None:
    with pytest.raises(DataError) as caught:
        unpack_x_y_sample_weight(data)
    assert str(caught.value) == (
        f"unpack_x_y_sample_weight got {len(data)} parts: {data}\n"
        "  Data are x, (x,), (x, y) or (x, y, sample_weight)."
    )
