"""The protocol of a model that can be trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from kplug.callbacks import History
from kplug.training.compiled import Compiled
from kplug.training.devices import ModelOnDevice

WeightFunction = tuple[Callable[[Tensor], Tensor], Tensor]
"""A regularizer or constraint, with the weight that it is for."""


class TrainableModel(ModelOnDevice, Protocol):
    """A model as training sees it; ``kplug.Model`` says what the attributes mean."""

    name: str
    compiled: Compiled | None
    built_optimizer: torch.optim.Optimizer | None
    optimized: list[Tensor]
    history: History | None
    stop_training: bool
    first_epoch: int | None
    when_fit_starts: Callable[[Any], None] | None
    resumed_position: Any
    lists_layers: bool
    _told: frozenset[str]

    @property
    def input_count(self) -> int | None:
        """The number of inputs, if the model's class declares it."""

    @property
    def has_shape_of_data(self) -> bool:
        """Whether the input shape was inferred from the first data."""

    def find_input_shape(self) -> Any:
        """Return the shape of the inputs, nested as they are, or None while it is unknown."""

    def find_input_dtype(self) -> Any:
        """Return the dtype of the inputs, or one for each of them."""

    def find_text_readers(self) -> list[Callable[[Any], Tensor] | None]:
        """Return for each input the function that encodes texts as numbers, or None; none if unknown."""

    def ensure_built(self) -> None:
        """Create the weights, if the input shape is known and they do not exist yet."""

    def build_for(self, input_shape: Any, /) -> None:
        """Create the weights for inputs of a shape."""

    def named_weights(self) -> list[tuple[str, Tensor]]:
        """Return the weights with their names."""

    def weight_penalties(self) -> list[WeightFunction]:
        """Return the regularizers of the trainable weights."""

    def weight_constraints(self) -> list[WeightFunction]:
        """Return the constraints of the weights."""

    @property
    def metrics(self) -> list[Any]:
        """All metrics, including attributes of the model and its layers."""

    @property
    def losses(self) -> list[Tensor]:
        """The penalties of weights, and of the last call."""

    def predict_step(self, data: Any, /) -> Any:
        """Return the outputs for a batch."""

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """Return the loss of a batch."""

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        """Update the metrics with a batch, and return the logs."""

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of all metrics by name."""

    def __call__(self, inputs: Any, /) -> Any:
        """Return the outputs."""

    # The methods of torch modules.

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Return the parameters with their names."""

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Return the buffers with their names."""

    def state_dict(self) -> dict[str, Any]:
        """Return the parameters and the persistent buffers by name."""

    def modules(self) -> Iterator[nn.Module]:
        """Return the module and all modules inside."""

    def zero_grad(self) -> None:
        """Clear the gradients."""

    def train(self) -> Any:
        """Go into training mode."""

    def eval(self) -> Any:
        """Go into evaluation mode."""
