"""``Bidirectional``: runs a recurrent layer forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.components.arguments import refusal
from kplug.components.configurable import read_config
from kplug.errors import ArgumentValueError
from kplug.layers.base.layer import Layer
from kplug.layers.base.shapes import is_shape
from kplug.layers.serialization import copy_layer, read_inner, serialize

_MERGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "concat": lambda first, second: torch.cat([first, second], dim=-1),
    "sum": torch.add,
    "ave": lambda first, second: (first + second) / 2,
    "mul": torch.mul,
}
_NEEDED = ("go_backwards", "return_sequences", "return_state", "stateful")
_SHARED = _NEEDED[1:]


class Bidirectional(Layer):
    """Runs two recurrent layers over sequences, one from each end, and merges their outputs.

    Both layers are new ones, made with the arguments of ``layer``.

    Args:
        layer: A recurrent layer, such as ``LSTM``; its arguments are used, its weights are not.
        merge_mode: ``"concat"``, ``"sum"``, ``"ave"`` (the mean) or ``"mul"``; ``None`` for a list of
            both outputs.
        weights: Arrays that replace the initial values, those of the forward layer first.
        backward_layer: The layer that runs from the end; by default a copy of ``layer`` that runs backwards.

    Raises:
        ArgumentValueError: ``layer`` is not recurrent, the two do not go together, or there is no such
            merge mode.

    Example:
        >>> from kplug.layers import GRU
        >>> layer = Bidirectional(GRU(3, return_sequences=True))
        >>> layer(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 6])

    Reference:
        Schuster & Paliwal, 1997; ``keras.layers.Bidirectional``.
    """

    supports_masking = True
    _makes_masks = False

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(weights=weights, **kwargs)
        _require_recurrent("layer", layer)
        if merge_mode is not None and merge_mode not in tuple(_MERGES):
            allowed = "'concat', 'sum', 'ave', 'mul' or None"
            raise refusal("Bidirectional", "merge_mode", merge_mode, allowed)
        self.merge_mode = merge_mode
        name = layer.name.removeprefix("forward_")
        self.forward_layer = copy_layer(layer, name=f"forward_{name}")
        if backward_layer is None:
            turned = not layer.go_backwards
            backward_layer = copy_layer(layer, name=f"backward_{name}", go_backwards=turned)
        _require_recurrent("backward_layer", backward_layer)
        self.backward_layer = backward_layer
        _require_pair(self.forward_layer, self.backward_layer)
        for one in (self.forward_layer, self.backward_layer):
            # Outputs at masked time steps must not depend on the direction.
            one.zero_output_for_mask = one.return_sequences
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        self.stateful = layer.stateful
        self.input_spec = layer.input_spec
        states = 2 * (self.forward_layer.output_count - 1)
        self.output_count = (2 if merge_mode is None else 1) + states

    def build(self, input_shape: Any) -> None:
        """Build both layers."""
        shape = tuple(input_shape if is_shape(input_shape) else input_shape[0])
        self.forward_layer.declare_for(shape)
        self.backward_layer.declare_for(shape)
        self.input_spec = self.forward_layer.input_spec

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:  # fmt: skip
        """Return the merged outputs.

        Args:
            sequences: Shape (N, time, features); or a list of them and the initial states.
            initial_state: The initial states of the forward layer, then those of the backward one.
            mask: Booleans, shape (N, time).
            training: Whether dropout drops.

        Returns:
            A tensor, two without a merge mode; with ``return_state`` followed by the last states, those
            of the forward layer first.
        """
        del training  # the layers' own modes determine it
        if isinstance(sequences, (list, tuple)):
            sequences, *given = sequences
            initial_state = given or initial_state
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        half = 0 if initial_state is None else len(initial_state) // 2
        states = (None, None) if not half else (initial_state[:half], initial_state[half:])
        first = self.forward_layer(sequences, initial_state=states[0], mask=mask)
        second = self.backward_layer(sequences, initial_state=states[1], mask=mask)
        made = [one if self.return_state else [one] for one in (first, second)]
        outputs = [one[0] for one in made]
        if self.return_sequences:
            outputs[1] = outputs[1].flip(1)
        if self.merge_mode is not None:
            outputs = [_MERGES[self.merge_mode](*outputs)]
        outputs += [state for one in made for state in one[1:]]
        return outputs if self.output_count > 1 else outputs[0]

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - it only cuts the mask
        """Return the mask of the sequences, if they are returned; states have none."""
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        count = 2 if self.merge_mode is None else 1
        rest: list[Any] = [None] * (self.output_count - count)
        return [mask if self.return_sequences else None] * count + rest

    trace_masks = compute_mask  # it adds no operation

    def reset_states(self) -> None:
        """Clear the states of stateful layers."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    def reset_state(self) -> None:
        """Clear the kept states; Keras 3's name for ``reset_states``."""
        self.reset_states()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "layer": serialize(self.forward_layer),
            "backward_layer": serialize(self.backward_layer),
            "merge_mode": self.merge_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras."""
        config = read_config(cls, config)
        inner = {
            name: read_inner(config[name])
            for name in ("layer", "backward_layer")
            if config.get(name) is not None
        }
        return super().from_config({**config, **inner})


def _require_recurrent(argument: str, layer: Any) -> None:
    if not isinstance(layer, Layer) or not all(hasattr(layer, name) for name in _NEEDED):
        raise refusal("Bidirectional", argument, layer, "a recurrent layer, such as LSTM(3)")


def _require_pair(forward: Any, backward: Any) -> None:
    if forward.go_backwards == backward.go_backwards:
        raise ArgumentValueError(
            "Bidirectional",
            "backward_layer",
            backward,
            "a layer whose go_backwards is not that of the forward layer",
        )
    for name in _SHARED:
        if getattr(forward, name) != getattr(backward, name):
            wanted = f"a layer with {name}={getattr(forward, name)}, as the forward layer"
            raise ArgumentValueError("Bidirectional", "backward_layer", backward, wanted)
