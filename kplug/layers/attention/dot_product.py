"""Dot-product and additive attention."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend.attention import causal_mask, join_masks
from kplug.components.arguments import require_choice, require_flag, require_share
from kplug.errors import DataError
from kplug.graph import MaskStep, TensorSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.shapes import is_shape
from kplug.layers.base.weight_slots import known_size
from kplug.layers.regularization import Dropout
from kplug.support.nested import find_leaves


class Attention(Layer):
    """Outputs softmax(scores) · value, where each score says how well a key matches a query.

    The scores are query · keyᵀ (``"dot"``), or the sum of tanh(query + key) over the features
    (``"concat"``). Called on a list: query (N, T, features), value (N, S, outputs) and key
    (N, S, features), which is the value if it is left out.

    Args:
        use_scale: Whether the scores have a learned factor.
        score_mode: ``"dot"`` or ``"concat"``.
        dropout: Share of the scores that is dropped in training, in [0, 1].

    Example:
        >>> query, value = torch.tensor([[[1.0, 0.0]]]), torch.eye(2)[None]
        >>> Attention()([query, value])
        tensor([[[0.7311, 0.2689]]])

    Reference:
        Luong et al., 2015; ``keras.layers.Attention``.
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.use_scale = require_flag(owner, "use_scale", use_scale)
        self.score_mode = require_choice(owner, "score_mode", score_mode, ("dot", "concat"))
        self.dropout = require_share(owner, "dropout", dropout)
        self.seed = seed
        self.dropout_layer = (
            Dropout(self.dropout, seed=seed, name="dropout") if self.dropout else None
        )
        self.scale: Tensor | None = None
        self.concat_score_weight: Tensor | None = None

    casts_integers = True

    def build(self, input_shape: Any) -> None:
        """Add the requested factors, shape ()."""
        self._require_shapes(input_shape)
        if self.use_scale:
            self.scale = self.add_weight("scale", (), "kplug/ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight("concat_score_weight", (), "kplug/ones")

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the attended values.

        Args:
            inputs: The list of query, value and key.
            mask: A list of masks, of queries (N, T) and of values (N, S); ``None`` masks nothing. By
                default the masks that the inputs carry are used.
            return_attention_scores: Whether the attention scores are returned as well.
            use_causal_mask: Whether query t sees keys up to t only.

        Returns:
            A tensor (N, T, outputs), or a list of it and the scores (N, T, S). The output of masked
            queries is 0.
        """
        if not isinstance(inputs, (list, tuple)) or not 2 <= len(inputs) <= 3:
            self._require_shapes(None)
        query, value = inputs[:2]
        query_mask, value_mask = self._read_masks(mask)
        limit = join_masks(
            None if value_mask is None else value_mask.unsqueeze(-2),
            causal_mask(query.shape[1], value.shape[1], query.device) if use_causal_mask else None,
        )
        is_exported = (
            torch.compiler.is_exporting()
        )  # ONNX has the fused kernel for several heads alone
        if return_attention_scores or self.dropout or is_exported or not self._is_dot:
            outputs, shares = self._find(query, inputs[-1], value, limit)
        else:
            outputs = self._find_fused(query, inputs[-1], value, limit)
        if query_mask is not None:
            outputs = outputs.masked_fill(~query_mask.unsqueeze(-1), 0.0)
        return [outputs, shares] if return_attention_scores else outputs

    @property
    def _is_dot(self) -> bool:
        return self.score_mode == "dot"

    def compare(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the score of each key for each query.

        Args:
            query: Shape (N, T, features).
            key: Shape (N, S, features).

        Returns:
            A tensor (N, T, S).
        """
        scale = self.scale
        if self._is_dot:
            fits = query @ key.transpose(-2, -1)
            return fits if scale is None else fits * scale
        sums = query.unsqueeze(-2) + key.unsqueeze(-3)
        fits = torch.tanh(sums if scale is None else scale * sums).sum(-1)
        return fits if self.concat_score_weight is None else fits * self.concat_score_weight

    def _find(
        self, query: Tensor, key: Tensor, value: Tensor, limit: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        fits = self.compare(query, key)
        if limit is not None:
            fits = torch.where(limit, fits, fits - _penalty(fits))
        shares = fits.softmax(-1)
        if self.dropout_layer is not None:
            shares = self.dropout_layer(shares)
        return shares @ value, shares

    def _find_fused(
        self, query: Tensor, key: Tensor, value: Tensor, limit: Tensor | None
    ) -> Tensor:
        if self.scale is not None:
            query = query * self.scale
        bias = None
        if limit is not None:
            bias = torch.zeros_like(limit, dtype=query.dtype).masked_fill_(~limit, -_penalty(query))
        return F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - it is the query's
        """Return the query's mask."""
        return None if previous_mask is None else previous_mask[0]

    def trace_masks(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - it is the query's
        """Return the conversion of the query's mask, which Keras's graph adds."""
        is_masked = isinstance(previous_mask, (list, tuple)) and previous_mask[0] is not None
        return MaskStep(previous_mask[0]) if is_masked else None

    def _read_masks(self, mask: Any) -> tuple[Tensor | None, Tensor | None]:
        if mask is None:
            return None, None
        if not isinstance(mask, (list, tuple)) or not 2 <= len(mask) <= 3:
            raise DataError(
                f"layer {self.name!r} takes a list of masks, [query_mask, value_mask]",
                hint="None stands for a mask that is not there.",
            )
        return mask[0], mask[1]

    def _count_outputs(self, kwargs: Any) -> int:
        return 2 if kwargs.get("return_attention_scores") else 1

    # -- shapes ------------------------------------------------------------------------------

    def infer_specs(self, args: tuple[Any, ...], kwargs: Any) -> tuple[TensorSpec, ...]:
        """Return shapes and types of the outputs; the inputs are checked at each call."""
        self._require_shapes([spec.shape for spec in find_leaves(args[:1], TensorSpec)])
        return super().infer_specs(args, kwargs)

    def _check_shapes(self, inputs: Any, cause: BaseException | None = None) -> None:
        if isinstance(inputs, (list, tuple)):
            self._require_shapes([one.shape for one in find_leaves(inputs, Tensor)], cause)

    def _require_shapes(self, shapes: Any, cause: BaseException | None = None) -> None:
        if shapes is None or is_shape(shapes) or not 2 <= len(shapes) <= 3:
            raise DataError(
                f"layer {self.name!r} is called on a list of 2 or 3 tensors",
                hint=f"{type(self).__name__}()([query, value]), or [query, value, key].",
            ) from cause
        query, value, key = shapes[0], shapes[1], shapes[-1]
        are_known = all(len(shape) >= 2 for shape in shapes)
        if not are_known or query[-1] != key[-1] or value[-2] != key[-2]:
            listed = ", ".join(str(tuple(shape)) for shape in shapes)
            raise DataError(
                f"layer {self.name!r} cannot attend with shapes {listed}: query and key need the "
                "same last size, value and key the same number of places"
            ) from cause


class AdditiveAttention(Attention):
    """Outputs softmax(scores) · value; the scores are the sum of scale · tanh(query + key).

    Called on a list: query (N, T, features), value (N, S, outputs) and key (N, S, features), which is
    the value if it is left out.

    Args:
        use_scale: Whether each feature has a learned factor.

    Example:
        >>> layer = AdditiveAttention()
        >>> layer([torch.zeros(1, 5, 3), torch.zeros(1, 7, 3)]).shape
        torch.Size([1, 5, 3])
        >>> [weight.shape for weight in layer.get_weights()]
        [(3,)]

    Reference:
        Bahdanau et al., 2014; ``keras.layers.AdditiveAttention``.
    """

    def __init__(
        self,
        use_scale: bool = True,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Add the factors, shape (features,)."""
        self._require_shapes(input_shape)
        if self.use_scale:
            size = known_size(self, tuple(input_shape[0]), -1)
            self.scale = self.add_weight("scale", (size,), "kplug/glorot_uniform")

    @property
    def _is_dot(self) -> bool:
        return False

    def compare(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the score of each key for each query, shape (N, T, S)."""
        fits = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
        return (fits if self.scale is None else fits * self.scale).sum(-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        del config["score_mode"]
        return config


def _penalty(scores: Tensor) -> float:
    """Return the value that Keras subtracts from masked scores."""
    return 65504.0 if scores.dtype is torch.float16 else 1.0e9
