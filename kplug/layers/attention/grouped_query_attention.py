"""Grouped query attention: several query heads share one key and value head."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.components.arguments import refusal, require_integer
from kplug.components.types import ConstraintLike, InitializerLike, RegularizerLike
from kplug.graph import Shape
from kplug.layers.attention.attention_heads import HeadsLayer
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.weight_slots import add_weight_slots
from kplug.registry import keras_class, named


@named("GroupQueryAttention", "GroupedQueryAttention")
@keras_class("keras.layers.GroupQueryAttention")
class GroupedQueryAttention(HeadsLayer):
    """Like ``MultiHeadAttention``, but groups of query heads share a head of keys and values.

    Called on a query (N, T, features), a value (N, S, features) and a key, which is the value if it
    is left out.

    Args:
        head_dim: Features of each head.
        num_query_heads: Number of heads of queries.
        num_key_value_heads: Number of heads of keys and values; a divisor of ``num_query_heads``.

    Example:
        >>> import torch
        >>> layer = GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
        >>> layer(torch.zeros(1, 5, 3), torch.zeros(1, 7, 3)).shape
        torch.Size([1, 5, 3])
        >>> [weight.shape for weight in layer.get_weights()[::2]]
        [(3, 4, 4), (3, 2, 4), (3, 2, 4), (4, 4, 3)]

    Reference:
        Ainslie et al., 2023; ``keras.layers.GroupQueryAttention``.
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        kernel_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        owner, allowed = "GroupQueryAttention", "an integer >= 1"
        size = require_integer(owner, "head_dim", head_dim, allowed, at_least=1)
        super().__init__(
            size,
            dropout,
            use_bias,
            sliding_window,
            use_gate,
            seed,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        add_weight_slots(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.head_dim = size
        self.num_query_heads = require_integer(
            owner, "num_query_heads", num_query_heads, allowed, at_least=1
        )
        self.num_key_value_heads = require_integer(
            owner, "num_key_value_heads", num_key_value_heads, allowed, at_least=1
        )
        if self.num_query_heads % self.num_key_value_heads:
            divisors = f"a divisor of num_query_heads={num_query_heads}"
            raise refusal(owner, "num_key_value_heads", num_key_value_heads, divisors)
        self.input_spec = InputSpec(ndim=3)

    def add_projections(self, query: Shape, value: Shape, key: Shape) -> None:
        """Add kernels (features, heads, head_dim) and (query heads, head_dim, features)."""
        into = "abx,xyz->abyz"
        queries = (None, self.num_query_heads, self.head_dim)
        shared = (None, self.num_key_value_heads, self.head_dim)
        self._query_dense = self.project("query", query, into, queries)
        self._key_dense = self.project("key", key, into, shared)
        if self.use_gate:
            self._gate_dense = self.project("gate", query, into, queries, "kplug/sigmoid")
        self._value_dense = self.project("value", value, into, shared)
        self._output_dense = self.project(
            "attention_output", (None, *queries), "abyz,yzc->abc", (None, query[-1])
        )

    def project_all(
        self, query: Tensor, value: Tensor, key: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return query, key and value for each head of queries."""
        queries, keys, values = super().project_all(query, value, key)
        group = self.num_query_heads // self.num_key_value_heads
        keys, values = (one.repeat_interleave(group, dim=2) for one in (keys, values))
        return queries, keys, values


# Keras exports the class under a second name; files contain both.
GroupQueryAttention = GroupedQueryAttention
