"""GroupQueryAttention: shared heads of keys and values, by hand and by torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.layers import GroupQueryAttention
from tests.layers.inputs import draw


def test_each_group_of_query_heads_reads_its_own_key_and_value_head() -> None:
    layer = GroupQueryAttention(4, 6, 2, bias_initializer="glorot_uniform")
    query, value = draw(2, 5, 3), draw(2, 7, 3, seed=1)
    output = layer(query, value)
    names = ("query", "key", "value", "output")
    arrays = [torch.from_numpy(weight) for weight in layer.get_weights()]
    kernels = dict(zip(names, arrays[::2], strict=True))
    biases = dict(zip(names, arrays[1::2], strict=True))

    def project(name: str, tensor: torch.Tensor, head: int) -> torch.Tensor:
        return tensor @ kernels[name][:, head] + biases[name][head]

    expected = biases["output"].expand(2, 5, 3).clone()
    for head in range(6):
        group = head // 3
        scores = project("query", query, head) @ project("key", value, group).mT / 2.0
        read = scores.softmax(-1) @ project("value", value, group)
        expected += read @ kernels["output"][head]
    torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("heads", "shared"), [(4, 1), (4, 4)])
def test_weights_have_one_head_for_each_of_queries_or_of_keys(heads: int, shared: int) -> None:
    layer = GroupQueryAttention(2, heads, shared, use_bias=False)
    assert layer(draw(1, 3, 5), draw(1, 4, 5)).shape == (1, 3, 5)
    shapes = [weight.shape for weight in layer.get_weights()]
    assert shapes == [(5, heads, 2), (5, shared, 2), (5, shared, 2), (heads, 2, 5)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, 4, 3), "num_key_value_heads.*a divisor of num_query_heads=4"),
        ((2, 2, 4), "num_key_value_heads.*a divisor of num_query_heads=2"),
        ((0, 4, 2), "head_dim.*an integer >= 1"),
        ((2, 4.0, 2), "num_query_heads.*an integer >= 1"),
        ((2, 4, 0), "num_key_value_heads.*an integer >= 1"),
    ],
    ids=repr,
)
def test_heads_that_cannot_be_shared_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        GroupQueryAttention(*arguments)
