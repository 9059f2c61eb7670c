"""Base class of the multi-head attention layers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend.attention import attend, join_masks, make_attention_equations, masked_softmax
from kplug.backend.masks import as_masks, attach_masks, find_masks, set_mask
from kplug.components.arguments import require_flag, require_integer, require_share
from kplug.errors import DataError
from kplug.graph import Shape, TensorSpec, is_symbolic
from kplug.layers.attention.attention_masks import AttentionShapes, check_places, place_key_masks
from kplug.layers.base.layer import Layer
from kplug.layers.base.shape_inference import infer_by_running, shapes_of
from kplug.layers.einsum_dense import EinsumDense, can_multiply_jointly, multiply_jointly
from kplug.layers.regularization import Dropout

_TENSORS = ("query", "value", "key")
# Names of weights in files, by attribute; both are Keras's.
_NAMES = {
    "_query_dense": "query",
    "_key_dense": "key",
    "_gate_dense": "gate",
    "_value_dense": "value",
    "_output_dense": "attention_output",
}


class HeadsLayer(Layer):
    """Projects query, key and value for each head, attends, and projects the heads' outputs.

    A subclass creates the projections in ``add_projections``.

    Args:
        key_size: Number of features that a head compares.
        dropout: Share of the scores that is dropped in training, in [0, 1].
        use_bias: Whether the projections have biases.
        sliding_window: A query sees keys fewer than this many places away; ``None``: all.
        use_gate: Whether each head's output is multiplied with a sigmoid of the projected query.
        activity_regularizer: Penalty of the outputs of each projection.
    """

    supports_masking = True
    casts_integers = True
    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _output_dense: EinsumDense

    def __init__(
        self,
        key_size: int,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner, allowed = type(self).__name__, "an integer >= 1, or None"
        self.dropout = require_share(owner, "dropout", dropout)
        self.use_bias = require_flag(owner, "use_bias", use_bias)
        self.use_gate = require_flag(owner, "use_gate", use_gate)
        if sliding_window is not None:
            require_integer(owner, "sliding_window", sliding_window, allowed, at_least=1)
        self.sliding_window = sliding_window
        self.seed = seed
        self._scale = 1.0 / math.sqrt(key_size)
        self._axes: tuple[int, ...] = (1,)
        self._gate_dense: EinsumDense | None = None
        self._dropout_layer = (
            Dropout(self.dropout, seed=seed, name="dropout") if self.dropout else None
        )

    # -- building ----------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Add the projections.

        Args:
            input_shape: A list of the shapes of query, value and, if it is another, key.
        """
        shapes = [tuple(shape) for shape in input_shape]
        if not 2 <= len(shapes) <= 3:
            raise DataError(
                f"layer {self.name!r} is built for the shapes of query, value and key, got "
                f"{len(shapes)} of them"
            )
        query, value, key = shapes[0], shapes[1], shapes[-1]
        self.add_projections(query, value, key)
        self._equations = make_attention_equations(len(query) + 1, self._axes)

    def add_projections(self, query: Shape, value: Shape, key: Shape) -> None:
        """Create the projection layers, in Keras's order of weights.

        Args:
            query: Shape of the query.
            value: Shape of the value.
            key: Shape of the key.
        """
        raise NotImplementedError

    def project(
        self,
        name: str,
        input_shape: Shape,
        equation: str,
        output_shape: Sequence[int | None],
        activation: str | None = None,
    ) -> EinsumDense:
        """Return a built projection with this layer's initializers, regularizers and constraints.

        Args:
            name: Its name in files.
            input_shape: Shape of its inputs.
            equation: Its einsum equation; the bias covers the output axes that the inputs lack.
            output_shape: Sizes of its outputs without the batch.
            activation: Applied to its outputs.
        """
        inputs, outputs = equation.split(",")[0], equation.split("->")[1]
        made = "".join(letter for letter in outputs if letter not in inputs)
        shared = {key: slot.value for key, slot in self.slots.items() if slot.is_argument}
        layer = EinsumDense(
            equation,
            output_shape,
            activation=activation,
            bias_axes=made if self.use_bias else None,
            name=name,
            trainable=self.trainable,
            dtype=self.dtype,
            **shared,
        )
        layer._device = self._device
        layer.supports_masking = True  # this layer handles the masks
        layer.declare_for(input_shape)
        return layer

    def _walk(self) -> Iterator[tuple[str, Tensor]]:
        for name, weight in super()._walk():
            first, slash, rest = name.partition("/")
            yield _NAMES.get(first, first) + slash + rest, weight

    # -- calling -----------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Attend, or connect the layer if an argument is symbolic.

        Args:
            args: Query, value and key, as for ``call``.
            kwargs: Further arguments of ``call``; ``training`` sets the mode for this call.
        """
        given = list(args)
        for name in _TENSORS[len(given) :]:
            if kwargs.get(name) is None:
                kwargs.pop(name, None)
                break
            given.append(kwargs.pop(name))
        if given[2:] == [None]:
            del given[2]
        if not 2 <= len(given) <= 3:
            raise DataError(
                f"layer {self.name!r} is called on 2 or 3 tensors, got {len(given)}",
                hint=f"{type(self).__name__}(…)(query, value), and the key if it is another.",
            )
        return super().__call__(*given, **kwargs)

    def _call_with_care(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not is_symbolic((inputs, args, kwargs)):
            inputs, *others = (
                attach_masks(self.convert_inputs(one), find_masks(one)) for one in (inputs, *args)
            )
            check_places(self.name, inputs, *others)
            if not self.built:
                self.declare_for(shapes_of([inputs, *others]))
            args = tuple(others)
            if "attention_mask" in kwargs:
                kwargs["attention_mask"] = as_masks(kwargs["attention_mask"])
        return super()._call_with_care(inputs, args, kwargs)

    def _count_outputs(self, kwargs: Any) -> int:
        return 2 if kwargs.get("return_attention_scores") else 1

    def infer_specs(self, args: tuple[Any, ...], kwargs: Any) -> tuple[TensorSpec, ...]:
        """Return shapes and types of outputs and, on request, scores."""
        check_places(self.name, *args)
        self.declare_for(shapes_of(list(args)))
        return infer_by_running(self, args, kwargs, f"layer {self.name!r}")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape for a list of the shapes of query, value and key."""
        specs = (TensorSpec(tuple(shape), self._torch_dtype) for shape in input_shape)
        return self.infer_specs(tuple(specs), {})[0].shape

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        *,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the attention outputs of each query.

        Args:
            query: Shape (N, T, features).
            value: Shape (N, S, features).
            key: Shape (N, S, features); ``None`` is the value.
            query_mask: Which queries count, booleans (N, T); ``None`` is the mask that it carries.
            value_mask: Which values count, booleans (N, S); ``None`` is the mask that it carries.
            key_mask: Which keys count, booleans (N, S); ``None`` is the mask that it carries.
            attention_mask: Which keys each query may look at, booleans (N, T, S) or with an axis for
                the heads (N, heads, T, S); sizes may be 1.
            return_attention_scores: Whether the scores are returned, too.
            use_causal_mask: Whether query t sees keys up to t only.

        Returns:
            A tensor (N, T, outputs), or a list of it and of the scores (N, heads, T, S).
        """
        needs_scores = bool(self.dropout) or return_attention_scores or query.ndim != 3
        places = AttentionShapes(self.name, self._axes, query.shape, value.shape)
        masks = [place_key_masks(value_mask, key_mask), attention_mask]
        queries = None if query_mask is None else places.spread(query_mask.unsqueeze(-1))
        is_causal = use_causal_mask and not needs_scores and self.sliding_window is None
        is_causal = is_causal and queries is None and all(mask is None for mask in masks)
        if not is_causal:
            masks += places.make_limits(use_causal_mask, self.sliding_window, query.device)
        mask = join_masks(*(places.spread(one) for one in masks if one is not None))
        heads = self.project_all(query, value, value if key is None else key)
        if needs_scores:
            made, scores = self._attend_with_scores(*heads, join_masks(mask, queries))
        else:
            made = attend(
                *heads, scale=self._scale, mask=mask, query_mask=queries, is_causal=is_causal
            )
        if self._gate_dense is not None:
            made = made * self._gate_dense(query)
        outputs = self._output_dense(made)
        if query_mask is not None:
            set_mask(outputs, query_mask)
        return [outputs, scores] if return_attention_scores else outputs

    def project_all(
        self, query: Tensor, value: Tensor, key: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return query, key and value for each head, shape (N, …, heads, features)."""
        layers = self._query_dense, self._key_dense, self._value_dense
        if query is key is value and can_multiply_jointly(layers, query):
            query, key, value = multiply_jointly(layers, query)
            return query, key, value
        return layers[0](query), layers[1](key), layers[2](value)

    def _attend_with_scores(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        fits = torch.einsum(self._equations.scores, key, query * self._scale)
        scores = masked_softmax(fits, mask, len(self._axes))
        used = scores if self._dropout_layer is None else self._dropout_layer(scores)
        return torch.einsum(self._equations.outputs, used, value), scores

    def _note_activity(self, outputs: Any) -> None:
        """Do nothing: the projections record their penalties, as in Keras."""
