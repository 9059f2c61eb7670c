"""Activation layers, whose parameters are arguments or weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug import activations
from kplug.backend import to_tensor
from kplug.components.arguments import refusal, require_number
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.errors import ArgumentError, DataError
from kplug.graph import Shape
from kplug.graph.operators import calls_layers_for
from kplug.layers.base.axes import find_axes, known_sizes, lacks_axis, require_integers
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.single_softmax import warn_of_single_softmax
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots
from kplug.registry import Spec
from kplug.registry.component_facts import is_non_mutating


class Activation(Layer):
    """Outputs activation(inputs).

    Args:
        activation: A component, such as ``"relu"`` or ``"relu(max_value=6)"``.

    Example:
        >>> import torch
        >>> Activation("relu")(torch.tensor([[-1.0, 2.0]]))
        tensor([[0., 2.]])

    Reference:
        ``keras.layers.Activation``.
    """

    ends_in_activation = True
    activation: Callable[[Tensor], Tensor]
    supports_masking = True

    def __init__(self, activation: ActivationLike, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_slot("activation", "activation", activation)

    def _show_component(self, name: str, component: Any) -> None:
        super()._show_component(name, component)
        if name == "activation":
            self.is_watched = not all(map(is_non_mutating, (type(self), component)))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the activated inputs, shape unchanged."""
        return self.activation(inputs)


@calls_layers_for("activations")
def _activate(tensor: Any, name: str, arguments: Mapping[str, Any]) -> Any:
    return Activation(Spec(f"kplug/{name}", kwargs=arguments))(tensor)


class Identity(Layer):
    """Outputs its inputs unchanged; a placeholder in an architecture.

    Example:
        >>> import torch
        >>> Identity()(torch.tensor([[1.0, 2.0]]))
        tensor([[1., 2.]])

    Reference:
        ``keras.layers.Identity``; ``torch.nn.Identity``.
    """

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs


class LeakyReLU(Layer):
    """Outputs x where x > 0, else negative_slope · x.

    Args:
        negative_slope: Slope of the negative part, >= 0.
        alpha: Keras 2's name of ``negative_slope``.

    Raises:
        ArgumentValueError: The slope is outside its range.
        ArgumentError: Both names are given.

    Example:
        >>> LeakyReLU()(torch.tensor([[-1.0, 2.0]]))
        tensor([[-0.3000,  2.0000]])

    Reference:
        Maas et al., 2013. The layer's slope is 0.3, that of Keras 3's function 0.2, torch's 0.01.
    """

    casts_integers = True
    supports_masking = True

    def __init__(
        self, negative_slope: float = 0.3, *, alpha: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if alpha is not None and negative_slope != 0.3:
            raise ArgumentError(
                "LeakyReLU: 'negative_slope' and 'alpha' are the same argument, and both are given",
                hint=f"Leave 'alpha' out: LeakyReLU(negative_slope={negative_slope!r}).",
            )
        slope = negative_slope if alpha is None else alpha
        self.negative_slope = require_number(
            "LeakyReLU", "negative_slope", slope, "a number >= 0", at_least=0.0
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the activated inputs, shape unchanged."""
        return activations.leaky_relu(inputs, self.negative_slope)


class PReLU(Layer):
    """Outputs x where x > 0, else alpha · x, with a learned alpha.

    Args:
        alpha_initializer: Initial values of alpha, which has the shape of one sample.
        alpha_regularizer: Penalty of alpha.
        alpha_constraint: Applied to alpha after each update.
        shared_axes: Axes along which alpha is shared; [1, 2] gives images one alpha per channel.

    Example:
        >>> PReLU("constant(0.5)")(torch.tensor([[-1.0, 2.0]])).detach()
        tensor([[-0.5000,  2.0000]])

    Reference:
        He et al., 2015. At 0 the slope is alpha, as in torch; Keras's is 0.
    """

    alpha: Tensor
    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        alpha_initializer: InitializerLike = "kplug/zeros",
        alpha_regularizer: RegularizerLike = None,
        alpha_constraint: ConstraintLike = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        add_weight_slots(self, "alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        allowed = "None, an axis, or a list of them; not 0, which is the batch"
        self.shared_axes: tuple[int, ...] | None = None
        if shared_axes is not None:
            self.shared_axes = require_integers(
                "PReLU", "shared_axes", shared_axes, allowed, at_least=0
            )
            if 0 in self.shared_axes:
                raise refusal("PReLU", "shared_axes", shared_axes, allowed)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Add alpha, with the shape of one sample, or 1 where it is shared."""
        shared = find_axes(self, self.shared_axes or (), input_shape)
        own = [axis for axis in range(1, len(input_shape)) if axis not in shared]
        axes = dict(zip(own, known_sizes(self, input_shape, own), strict=True))
        self.input_spec = InputSpec(len(input_shape), axes=axes)
        shape = [axes.get(axis, 1) for axis in range(1, len(input_shape))]
        self.alpha = add_slotted_weight(self, "alpha", shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the activated inputs, shape unchanged."""
        if inputs.ndim != self.alpha.ndim + 1:  # broadcasting would hide the error
            self._check_shapes(inputs)
        return torch.where(inputs > 0, inputs, self.alpha * inputs)


class ELU(Layer):
    """Outputs x where x > 0, else alpha · (exp(x) − 1).

    Args:
        alpha: The outputs approach −alpha for large negative inputs.

    Example:
        >>> ELU()(torch.tensor([[-1.0, 2.0]]))
        tensor([[-0.6321,  2.0000]])

    Reference:
        Clevert et al., 2016.
    """

    casts_integers = True
    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = require_number("ELU", "alpha", alpha)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the activated inputs, shape unchanged."""
        return activations.elu(inputs, self.alpha)


class ReLU(Layer):
    """Outputs max(x, 0), with an optional slope, ceiling and threshold.

    The output is max_value where x ≥ max_value, x where threshold ≤ x < max_value, and
    negative_slope · (x − threshold) where x < threshold.

    Args:
        max_value: Ceiling, >= 0; ``None`` for none.
        negative_slope: Slope below the threshold, >= 0.
        threshold: Inputs below it count as negative, >= 0.

    Example:
        >>> ReLU(6.0, name="relu_6")(torch.tensor([[-1.0, 2.0, 9.0]]))
        tensor([[0., 2., 6.]])

    Reference:
        ``keras.layers.ReLU``.
    """

    casts_integers = True
    supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else self._require("max_value", max_value)
        self.negative_slope = self._require("negative_slope", negative_slope)
        self.threshold = self._require("threshold", threshold)

    def _require(self, argument: str, value: object) -> float:
        return require_number("ReLU", argument, value, "a number >= 0", at_least=0.0)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the activated inputs, shape unchanged."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class Softmax(Layer):
    """Outputs exp(x) / Σ exp(x) along ``axis``.

    Args:
        axis: The axis of the classes, or a list of axes to normalize over together.

    Example:
        >>> Softmax()(torch.tensor([[0.0, 0.0, 5.0]]), mask=torch.tensor([[True, True, False]]))
        tensor([[0.5000, 0.5000, 0.0000]])

    Reference:
        ``keras.layers.Softmax``.
    """

    casts_integers = True
    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = require_integers("Softmax", "axis", axis, "an integer, or a list of them")
        self.axis = axes if isinstance(axis, (list, tuple)) else axis

    def find_output_activation(self) -> str:
        """Return the name of the softmax."""
        return activations.softmax.__name__

    def build(self, input_shape: Shape) -> None:
        """Warn once about a softmax over a single number; refuse an axis that the inputs lack."""
        axes = (self.axis,) if isinstance(self.axis, int) else self.axis
        ndim = len(input_shape)
        if not all(-ndim <= axis < ndim for axis in axes):
            raise lacks_axis(self, self.axis, input_shape)
        warn_of_single_softmax(self.name, input_shape, self.axis)

    def call(self, inputs: Tensor, mask: Any = None) -> Tensor:
        """Return the softmax of the inputs.

        Args:
            inputs: Any shape.
            mask: Where it is False or 0, the input is ignored and the output is 0; broadcast to the
                inputs. ``None`` masks nothing.

        Returns:
            A tensor of the shape of the inputs.
        """
        if mask is None:
            return activations.softmax(inputs, self.axis)
        kept = self._read_mask(inputs, mask)
        lowest = torch.finfo(inputs.dtype).min
        shares = activations.softmax(torch.where(kept, inputs, lowest), self.axis)
        return torch.where(kept, shares, 0.0)  # fully masked rows are 0

    def _read_mask(self, inputs: Tensor, mask: Any) -> Tensor:
        found = to_tensor(mask).to(inputs.device)
        sizes = zip(reversed(found.shape), reversed(inputs.shape), strict=False)
        if found.ndim > inputs.ndim or any(one not in (1, other) for one, other in sizes):
            raise DataError(
                f"layer {self.name!r}: a mask of shape {tuple(found.shape)} does not fit inputs of "
                f"shape {tuple(inputs.shape)}"
            )
        return found if found.dtype is torch.bool else found > 0.5
