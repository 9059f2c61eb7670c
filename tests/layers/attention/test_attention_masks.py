"""Masks of layers in which heads attend."""

from __future__ import annotations

import pytest
import torch

from kplug.errors import DataError
from kplug.layers import MultiHeadAttention
from tests.layers.inputs import draw, draw_mask


def test_masks_that_the_call_is_given() -> None:
    layer = MultiHeadAttention(2, 3)
    layer.build_for([(None, 4, 3), (None, 5, 3)])
    query, value = draw(2, 4, 3), draw(2, 5, 3, seed=1)
    value_mask, key_mask = draw_mask(2, 5, seed=2), draw_mask(2, 5, seed=3)
    made = layer(query, value, value_mask=value_mask, key_mask=key_mask.numpy())
    both = (value_mask & key_mask)[:, None, :].expand(2, 4, 5)
    torch.testing.assert_close(made, layer(query, value, attention_mask=both))
    # What is masked has no influence at all.
    other = torch.where((value_mask & key_mask)[..., None], value, 9.0)
    again = layer(query, other, value_mask=value_mask, key_mask=key_mask)
    torch.testing.assert_close(made, again)


def test_limits_need_one_axis() -> None:
    layer = MultiHeadAttention(2, 3)
    x = draw(2, 4, 5, 3)
    with pytest.raises(
        DataError, match=r"attends along axes \(1, 2\); use_causal_mask and sliding"
    ):
        layer(x, x, use_causal_mask=True)
    with pytest.raises(
        DataError, match=r"attends along axes \(3,\), which inputs of 3 axes do not"
    ):
        MultiHeadAttention(2, 3, attention_axes=3)(x[0], x[0])
