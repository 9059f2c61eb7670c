"""What the methods of a layer need of it."""
# ruff: noqa: D102 - the methods say themselves what they do

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import torch
from torch import Tensor, nn

from kplug.errors import KplugError
from kplug.graph import Node, Operation, Shape
from kplug.layers.base.building import HoldsWeights
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.mask_propagation import PassesMasks
from kplug.layers.base.weight_store import TensorFunction
from kplug.metrics import Mean
from kplug.weak_links import WeakLink
from kplug.write_guard import WriteGuard

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class AnyLayer(HoldsWeights, PassesMasks, Operation, Protocol):
    """A layer as its methods see it; ``Layer`` says what the attributes mean."""

    training: bool
    output_count: int
    defers_build_errors: bool
    is_watched: bool
    takes_several: bool
    input_spec: InputSpec | Sequence[InputSpec | None] | None
    activity_penalties: list[Tensor]
    activity_regularizer: Any
    batch_input_shape: Any
    _torch_dtype: torch.dtype
    _trainable: bool
    _output_keys: tuple[str, ...]
    _users: list[WeakLink[Node]]
    _call_names: tuple[str, ...]
    _takes_training: bool
    _takes_mask: bool
    _makes_masks: bool
    _names_weights: bool
    _leaves_masks: bool
    _noted_in_call: object
    _loss_functions: tuple[Callable[[], Tensor], ...]
    _added_metrics: Mapping[str, Mean]
    _write_guards: dict[str, WriteGuard]
    _parameters: dict[str, nn.Parameter | None]

    @property
    def trainable(self) -> bool: ...
    @property
    def dtype(self) -> str: ...
    @property
    def weights(self) -> list[Tensor]: ...

    def register_parameter(self, name: str, param: nn.Parameter | None) -> None: ...
    def register_buffer(self, name: str, tensor: Tensor | None) -> None: ...

    def convert_inputs(self, inputs: Any) -> Any: ...
    def build(self, input_shape: Any) -> None: ...
    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any: ...
    def compute_output_shape(self, input_shape: Any) -> Any: ...
    def declare_for(self, input_shape: Any) -> None: ...
    def materialize(self) -> None: ...
    def resolve_slots(self) -> list[KplugError]: ...

    def weight_penalties(self) -> list[tuple[TensorFunction, Tensor]]: ...
    def named_weights(self) -> list[tuple[str, Tensor]]: ...
    def set_weights(self, weights: Sequence[Any]) -> None: ...
    def add_loss(self, loss: Any, inputs: Any = None) -> None: ...
    def note_loss(self, loss: Tensor) -> None: ...
    def note_metric(self, name: str, value: Tensor) -> None: ...

    def _connect(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any: ...
    def _count_outputs(self, kwargs: Mapping[str, Any]) -> int: ...
    def _call_with_care(
        self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any: ...
    def _note_activity(self, outputs: Any) -> None: ...
    def _check_shapes(self, inputs: Any, cause: BaseException | None = None) -> None: ...
    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None: ...
    def _ensure_values(self) -> None: ...
    def _adjust_first_values(self, filled: set[str]) -> None: ...
    def _declare_from_what_is_known(self) -> None: ...
    def _walk(self) -> Iterator[tuple[str, Tensor]]: ...
    def _name_metric(self, name: str | None, aggregation: str) -> str: ...
    def _flatten_layers(self) -> Sequence[AnyLayer]: ...


def method(
    function: Callable[Concatenate[AnyLayer, _Arguments], _Result],
) -> Callable[Concatenate[Any, _Arguments], _Result]:
    """Return a function as a method of ``Layer``: for type checkers, of any subclass.

    pyright takes what a subclass assigns for the type that an attribute has there, which need not be the
    protocol's.
    """
    return function
