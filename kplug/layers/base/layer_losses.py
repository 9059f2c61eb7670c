"""What a layer adds to the training loss, and what is applied to its weights after each update."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from torch import Tensor

from kplug.layers.base.weight_store import WeightHolder

TensorFunction: TypeAlias = "Callable[[Tensor], Tensor]"


class Penalized(WeightHolder):
    """The penalties side of a layer."""

    activity_penalties: list[Tensor]

    def weight_penalties(self) -> list[tuple[TensorFunction, Tensor]]:
        """Return the regularizers and the weights that they are applied to, inner layers included.

        A frozen weight has no penalty, as in Keras 3.
        """
        return self._collect("regularizer")

    def weight_constraints(self) -> list[tuple[TensorFunction, Tensor]]:
        """Return the constraints and the weights that they are applied to after each update."""
        return self._collect("constraint")

    def _collect(self, role: str) -> list[tuple[TensorFunction, Tensor]]:
        self._ensure_values()
        found: dict[tuple[int, int], tuple[TensorFunction, Tensor]] = {}
        for holder in self._holders():
            for entry in holder._entries:
                component = getattr(entry, role).value
                weight = holder._weight_of(entry)
                if component is not None and weight.requires_grad:
                    found[id(component), id(weight)] = (component, weight)
        return list(found.values())

    def regularization_losses(self) -> list[Tensor]:
        """Return the penalty of each regularized weight as it is now, as 0-d tensors."""
        return [regularizer(weight) for regularizer, weight in self.weight_penalties()]

    @property
    def losses(self) -> list[Tensor]:
        """Weight penalties, and the activity penalties of calls since they were last cleared."""
        activity = [one for holder in self._holders() for one in holder.activity_penalties]
        return self.regularization_losses() + activity

    def add_loss(self, loss: Tensor) -> None:
        """Add a scalar to the training loss of this call; use it inside ``call``.

        Args:
            loss: A 0-d tensor. It counts like an activity penalty: collected and cleared each step.
        """
        if not loss.is_meta:
            self.activity_penalties.append(loss)

    def clear_losses(self) -> None:
        """Forget the activity penalties, inner layers included."""
        for holder in self._holders():
            holder.activity_penalties.clear()

    def _holders(self) -> Iterator[Penalized]:
        """Yield this layer and the layers inside it."""
        for module in self.modules():
            if isinstance(module, Penalized):
                yield module
