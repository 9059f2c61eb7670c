"""Regularization losses: penalties of layers' weights and outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kplug.backend.write_guard import WriteGuard
from kplug.graph import list_modules
from kplug.layers.base.layer import Layer
from kplug.layers.base.weight_store import TensorFunction
from kplug.registry.building.reverse_lookup import name_of
from kplug.registry.component_facts import is_non_mutating
from kplug.regularizers.adapt import require_penalty
from kplug.training.model_protocol import TrainableModel, WeightFunction


@dataclass(frozen=True, slots=True)
class Penalties:
    """The regularizers of a model.

    Args:
        weights: Each regularizer with the weight it is applied to.
        activities: The layers' lists of penalties of their last call.
    """

    weights: tuple[WeightFunction, ...] = ()
    activities: tuple[list[Tensor], ...] = ()

    def add_to(self, loss: Tensor | None, share: float = 1.0) -> Tensor | None:
        """Return the loss with all penalties, and empty the lists of the layers.

        ``share`` is a factor of the penalties that depend on the data, those of activities.
        """
        for regularizer, weight in self.weights:
            penalty = require_penalty(regularizer(weight), regularizer)
            loss = penalty if loss is None else loss + penalty
        for found in self.activities:
            for penalty in found:
                if share != 1.0:
                    penalty = penalty * share
                loss = penalty if loss is None else loss + penalty
            found.clear()
        return loss

    @torch.no_grad()
    def with_fixed_weights(self) -> Penalties:
        """Return the penalties with those of the weights computed once, for weights that do not change."""
        total = Penalties(self.weights).add_to(None)
        if total is None:
            return self
        return Penalties(((lambda _: total, total),), self.activities)

    def discard(self) -> None:
        """Empty the layers' lists, if the loss of a call is not computed."""
        for found in self.activities:
            found.clear()


def find_penalties(model: TrainableModel) -> Penalties:
    """Return the penalties of a built model.

    A frozen layer has penalties of its activities but not of its weights, as in Keras 3.
    """
    weights = [(_guard(regularizer), weight) for regularizer, weight in model.weight_penalties()]
    return Penalties(tuple(weights), find_activity_penalties(model).activities)


def find_activity_penalties(model: TrainableModel) -> Penalties:
    """Return those that the layers of a built model add when they are called."""
    # Lists of all layers, not only those with an activity regularizer: add_loss fills them too.
    found = [each.activity_penalties for each in list_modules(model) if isinstance(each, Layer)]
    return Penalties(activities=tuple(found))


def _guard(regularizer: TensorFunction) -> TensorFunction:
    """Return a regularizer that protects the weight from in-place changes by a user's code."""
    if is_non_mutating(regularizer):
        return regularizer
    guard = WriteGuard(f"regularizer {name_of(regularizer)!r}")

    def penalize(weight: Tensor) -> Any:
        return require_penalty(guard.call(regularizer, (weight,), {}), regularizer)

    return penalize
