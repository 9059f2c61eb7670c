"""Protocols of models that can be saved; the one for layers is ``kplug.layers.Layer``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from kplug.errors import KplugError
from kplug.layers.base.layer import Layer
from kplug.training.model_protocol import TrainableModel


@runtime_checkable
class LayeredModel(Protocol):
    """A model: layers, which may be models themselves."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def built(self) -> bool:
        """Whether it has weights."""

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers in the model's order."""

    @property
    def trainable_weights(self) -> Sequence[Tensor]:
        """The weights that training changes."""

    def ensure_built(self) -> None:
        """Create the weights if missing; raise ``NotBuiltError`` if impossible."""

    def named_weights(self) -> Sequence[tuple[str, Tensor]]:
        """Return names, with ``/`` before those of inner layers, and all weights in Keras's order."""

    def resolve_slots(self) -> Sequence[KplugError]:
        """Resolve the components of all layers, and return the problems."""

    def modules(self) -> Iterator[nn.Module]:
        """Return the model and every module in it."""


class CompilableModel(TrainableModel, LayeredModel, Protocol):
    """A model that can continue its training."""

    built_shape: Any

    @property
    def optimizer(self) -> Any:
        """The current optimizer."""
