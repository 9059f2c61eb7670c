"""The weights of a layer as lists: in Keras's order, read and set as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from kplug.arguments import require_flag
from kplug.backend import NumpyArray, get_value
from kplug.errors import NotBuiltError
from kplug.layers.base.layer_losses import Penalized
from kplug.layers.base.weight_entry import assign_weights, count_elements


class WeightLists(Penalized):
    """The part of a layer that lists its weights."""

    def named_weights(self) -> list[tuple[str, Tensor]]:
        """Return names and weights in Keras's order.

        Own weights come first, those that training changes before the others, then those of the
        layers and modules inside, in the order in which they were set.

        Returns:
            Pairs; the name of an inner layer's weight is ``attribute/name``.
        """
        self._ensure_values()
        unique = {id(weight): (name, weight) for name, weight in reversed(list(self._walk()))}
        return list(reversed(list(unique.values())))

    def _walk(self) -> Iterator[tuple[str, Tensor]]:
        for is_trainable in (True, False):
            for entry in self._entries:
                if entry.is_trainable is is_trainable:
                    yield entry.name, self._weight_of(entry)
        yield from _own_tensors(self)
        for name, child in self._modules.items():
            if isinstance(child, WeightLists):
                inner = child.named_weights()
            else:
                inner = [] if child is None else list(_all_tensors(child))
            for inner_name, weight in inner:
                yield f"{name}/{inner_name}", weight

    @property
    def weights(self) -> list[Tensor]:
        """All weights, in Keras's order and shapes; empty while the input shape is unknown."""
        return [weight for _, weight in self.named_weights()]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes; none while ``trainable`` is False."""
        return [weight for weight in self.weights if weight.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The other weights."""
        return [weight for weight in self.weights if not weight.requires_grad]

    def count_params(self) -> int:
        """Return how many numbers the weights hold.

        Raises:
            NotBuiltError: The layer has no weights yet, since its input shape is unknown.
        """
        weights = self.weights
        if not self.built:
            raise NotBuiltError(
                f"layer {self.name!r} has no weights yet: its input shape is unknown",
                hint="Give it an input_shape, or call it on data once.",
            )
        return count_elements(weights)

    def get_weights(self) -> list[NumpyArray]:
        """Return copies of all weights in NumPy; empty while the input shape is unknown."""
        return [get_value(weight) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights.

        Args:
            weights: Arrays with the shapes and in the order of ``get_weights()``.

        Raises:
            WeightsError: The number or a shape differs; nothing was assigned.
        """
        assign_weights(f"layer {self.name!r}", self.named_weights(), weights)

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer's weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = require_flag(type(self).__name__, "trainable", value)
        for entry in self._entries:
            if entry.is_trainable:
                weight = self._weight_of(entry)
                weight.requires_grad_(self._trainable and weight.is_floating_point())
        for child in self.children():
            if isinstance(child, WeightLists):
                child.trainable = self._trainable
            else:
                for parameter in child.parameters():
                    parameter.requires_grad_(self._trainable)


def _own_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters(recurse=False)
    yield from _persistent_buffers(module)


def _all_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for prefix, inner in module.named_modules():
        for name, tensor in _own_tensors(inner):
            yield (f"{prefix}.{name}" if prefix else name).replace(".", "/"), tensor


def _persistent_buffers(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in module.named_buffers(recurse=False):
        if name not in module._non_persistent_buffers_set:
            yield name, tensor
