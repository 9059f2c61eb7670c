"""Multi-head attention: each head projects query, key and value, then attends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kplug.components.arguments import require_integer
from kplug.components.types import ConstraintLike, InitializerLike, RegularizerLike
from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.attention.attention_heads import HeadsLayer
from kplug.layers.base.axes import require_integers
from kplug.layers.base.weight_slots import add_weight_slots
from kplug.layers.einsum_dense import EinsumDense, check_sizes

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class MultiHeadAttention(HeadsLayer):
    """Attends with several heads: each is softmax(q · kᵀ / √key_dim) · v of projected inputs.

    Called on a query (N, T, features), a value (N, S, features) and a key, which is the value if it
    is left out. Masks that these carry are used; the outputs carry the query's. Each projection has a kernel
    and a bias of its own, made with the same initializers, regularizers and constraints.

    Args:
        num_heads: Number of heads.
        key_dim: Features of each head's queries and keys.
        value_dim: Features of each head's values; ``None`` is ``key_dim``.
        output_shape: Size, or sizes, of the output features; ``None`` is that of the query.
        attention_axes: The axes to attend along; ``None``: all except the batch and the features.

    Example:
        >>> import torch
        >>> layer = MultiHeadAttention(num_heads=2, key_dim=4)
        >>> layer(torch.zeros(1, 5, 3), torch.zeros(1, 7, 3)).shape
        torch.Size([1, 5, 3])
        >>> [weight.shape for weight in layer.get_weights()[::2]]
        [(3, 2, 4), (3, 2, 4), (3, 2, 4), (2, 4, 3)]

    Reference:
        Vaswani et al., 2017; ``keras.layers.MultiHeadAttention``. An explicit
        ``query_mask`` is used, too; Keras uses the one that the query carries. Keras removes the masks of
        the layer's inputs, so that a residual connection around it has none; here they stay. torch
        chooses the kernel, so there is no ``flash_attention``.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
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
        owner, allowed = "MultiHeadAttention", "an integer >= 1"
        size = require_integer(owner, "key_dim", key_dim, allowed, at_least=1)
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
        self.num_heads = require_integer(owner, "num_heads", num_heads, allowed, at_least=1)
        self.key_dim = size
        given = key_dim if value_dim is None else value_dim
        self.value_dim = require_integer(owner, "value_dim", given, allowed, at_least=1)
        self._output_sizes = None if output_shape is None else check_sizes(owner, output_shape)
        self.attention_axes: tuple[int, ...] | None = None
        if attention_axes is not None:
            allowed = "an integer, a list of them, or None"
            self.attention_axes = require_integers(owner, "attention_axes", attention_axes, allowed)

    def add_projections(self, query: Shape, value: Shape, key: Shape) -> None:
        """Add kernels (features, heads, head features) and (heads, head features, outputs)."""
        ndim = len(query)
        self._axes = self._find_axes(ndim)
        free = _LETTERS[: ndim - 1]
        into = f"{free}x,xyz->{free}yz"
        places = (None,) * (ndim - 2)
        keys, values = ((*places, self.num_heads, size) for size in (self.key_dim, self.value_dim))
        self._query_dense = self.project("query", query, into, keys)
        self._key_dense = self.project("key", key, into, keys)
        if self.use_gate:
            self._gate_dense = self.project("gate", query, into, values, "kplug/sigmoid")
        self._value_dense = self.project("value", value, into, values)
        sizes = self._output_sizes or (query[-1],)
        made = _LETTERS[ndim - 1 :][: len(sizes)]
        self._output_dense = self.project(
            "attention_output",
            (*query[:-1], self.num_heads, self.value_dim),
            f"{free}yz,yz{made}->{free}{made}",
            (*places, *sizes),
        )

    @property
    def query_dense(self) -> EinsumDense:
        """The projection of queries."""
        return self._query_dense

    @property
    def key_dense(self) -> EinsumDense:
        """The projection of keys."""
        return self._key_dense

    @property
    def value_dense(self) -> EinsumDense:
        """The projection of values."""
        return self._value_dense

    @property
    def output_dense(self) -> EinsumDense:
        """The projection of the heads' outputs."""
        return self._output_dense

    def _find_axes(self, ndim: int) -> tuple[int, ...]:
        if self.attention_axes is None:
            return tuple(range(1, ndim - 1))
        axes = tuple(axis + ndim if axis < 0 else axis for axis in self.attention_axes)
        if any(not 0 < axis < ndim - 1 for axis in axes):
            raise DataError(
                f"layer {self.name!r} attends along axes {self.attention_axes}, which inputs of "
                f"{ndim} axes do not have between the batch and the features"
            )
        return axes

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "output_shape": self._output_sizes}
