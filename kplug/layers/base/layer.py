"""``Layer``: what every layer is, ours and yours.

A layer's life: it is made (its components only named), connected or called (its input shape known, its
weights declared), and used (components looked up, weights filled, tensors computed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self

from kplug.arguments import require_flag
from kplug.backend import DTypeLike, auto_name, dtype_name, to_dtype, to_tensor
from kplug.backend.masks import as_masks, attach_masks, find_masks
from kplug.errors import ArgumentValueError
from kplug.graph import Node, in_mode, is_symbolic
from kplug.layers.base.building import Building, marking_built
from kplug.layers.base.constructor_arguments import (
    list_kept_arguments,
    refuse_keywords,
    watching_arguments,
    without_switches,
)
from kplug.layers.base.documentation import complete_documentation
from kplug.layers.base.mask_propagation import (
    fill_masks,
    name_arguments,
    set_output_masks,
    takes_mask,
)
from kplug.layers.base.shapes import holds_arrays, standardize_input_shape
from kplug.layers.base.single_input import asks_for_one, refuse_several
from kplug.layers.base.tracked_containers import require_initialized
from kplug.regularizers.adapt import require_penalty

_call_module = nn.Module.__call__


class Layer(Building):
    """A computation with weights; an ``nn.Module`` that is built when its input shape is known.

    A subclass writes ``call``, and ``build`` if it has weights. Its constructor passes what it does
    not know on to this one, and hands component arguments to ``add_slot``.

    A layer starts in evaluation mode, as Keras's do: called by itself, a dropout layer drops nothing.
    ``fit`` puts a model's layers into training mode, ``layer.train()`` does it by hand.

    Args:
        name: Unique in a model; made from the class if it is left out.
        trainable: Whether training changes the weights.
        dtype: Type of the weights; float inputs are cast to it. ``None`` is ``floatx()``.
        activity_regularizer: A regularizer of the outputs. Its penalty is divided by the batch size.
        input_shape: Shape of one sample, for a model's first layer.
        input_dim: The same for samples that are rows: ``input_shape=(input_dim,)``.
        batch_input_shape: Shape with the batch size, or ``None`` for it, in front.
        batch_size: Goes with ``input_shape``.
        weights: Arrays that replace the initial values.

    Attributes:
        output_count: How many tensors ``call`` returns; a class with several sets it.
        casts_integers: Whether integers are cast to the layer's type too, as a class whose
            weights are multiplied with the inputs wants it.
        supports_masking: Whether a mask of the inputs is one of the outputs, or ``compute_mask``
            makes one of it. A class that writes ``compute_mask`` supports masks.
        slots: The constructor arguments that name components, by name.
        input_spec: What shapes the layer takes, or ``None`` for all.
        activity_penalties: Penalties of the calls since they were last cleared.

    Raises:
        ArgumentError: A keyword that the class does not know.
        ArgumentValueError: A value outside its range.

    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight("factor", input_shape[-1:], initializer="ones")
        ...
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> layer = Scale(name="scale")
        >>> layer(torch.full((1, 3), 2.0)).detach()
        tensor([[2., 2., 2.]])
        >>> layer.get_weights()
        [array([1., 1., 1.], dtype=float32)]

    Reference:
        Keras's ``Layer``; here a layer is called like a module, so hooks and ``torch.func`` work.
    """

    output_count: int = 1
    casts_integers: bool = False
    supports_masking: bool = False
    activity_regularizer: Any
    _takes_training: bool = False
    _call_names: tuple[str, ...] = ("inputs",)
    _takes_mask: bool = False
    # Whether it may make a mask of inputs that carry none.
    _makes_masks: bool = False
    # Whether the layers inside see to the masks, as in a model.
    _leaves_masks: bool = False
    _has_warned_of_mask: bool = False

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: DTypeLike = None,
        activity_regularizer: object = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        weights: Sequence[Any] | None = None,
        **unknown: object,
    ) -> None:
        super().__init__()
        refuse_keywords(type(self), unknown)
        self.training = False
        self.name = self._check_name(name)
        self.built = False
        self.slots = {}
        self.inbound_nodes = []
        self.outbound_nodes = []
        self.activity_penalties = []
        self._torch_dtype = to_dtype(dtype)
        self._device = None
        self._trainable = require_flag(type(self).__name__, "trainable", trainable)
        self._entries = []
        self._initial_weights = weights
        self._is_ready = False
        self.batch_input_shape = standardize_input_shape(
            type(self).__name__, input_shape, input_dim, batch_input_shape, batch_size
        )
        self.add_slot("activity_regularizer", "regularizer", activity_regularizer)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._call_names = name_arguments(cls.call)
        cls._takes_training = "training" in cls._call_names
        cls._takes_mask = takes_mask(cls._call_names)
        if "call" in vars(cls) and "takes_several" not in vars(cls):
            cls.takes_several = not asks_for_one(cls.call)
        if "compute_mask" in vars(cls):
            cls.supports_masking = True
            cls._makes_masks = vars(cls).get("_makes_masks", True)
        if "build" in vars(cls):
            cls.build = marking_built(vars(cls)["build"])  # type: ignore[method-assign, assignment]
        if "__init__" in vars(cls):
            cls.__init__ = watching_arguments(vars(cls)["__init__"])  # type: ignore[method-assign]
        complete_documentation(cls)

    def _check_name(self, name: object) -> str:
        if name is None:
            return auto_name(type(self).__name__)
        if not isinstance(name, str) or not name or "/" in name:
            raise ArgumentValueError(type(self).__name__, "name", name, "a text without '/'")
        return name

    @property
    def dtype(self) -> str:
        """Name of the type of the weights."""
        return dtype_name(self._torch_dtype)

    # -- what subclasses write ----------------------------------------------------------------

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs.

        Args:
            inputs: A tensor, or nested tensors, as the layer is called with.
            args: Further arguments of the call.
            kwargs: Further keyword arguments. A parameter named ``training`` is given the mode.

        Returns:
            A tensor, or a list of tensors if ``output_count`` is more than 1.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call(self, inputs)")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return the mask of the output; a layer that makes masks writes it.

        Args:
            inputs: What the layer was called on.
            previous_mask: Its mask, booleans of shape (N, time), or ``None``; nested like ``inputs``.

        Returns:
            A mask or ``None``, or a list with one for each output.
        """
        return previous_mask

    # -- calling -----------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Connect the layer if ``inputs`` is symbolic, else compute.

        Args:
            inputs: A tensor, an array, a symbolic tensor, or a list of these.
            args: Further arguments for ``call``.
            kwargs: Further keyword arguments; ``training`` sets the mode for this call.

        Returns:
            What ``call`` returns; symbolic for symbolic inputs.

        Raises:
            DataError: The inputs do not have the shape that the layer takes, or are several.
        """
        if (
            kwargs
            or args
            or not self._is_ready
            or not isinstance(inputs, Tensor)
            or inputs.dtype is not self._torch_dtype
            or self._makes_masks
            or getattr(inputs, "_keras_mask", None) is not None
        ):
            return self._call_with_care(inputs, args, kwargs)
        try:
            return _call_module(self, inputs)
        except (RuntimeError, IndexError) as error:
            self._check_shapes(inputs, error)
            raise

    def _call_with_care(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._is_ready:
            require_initialized(self)
        if not self.takes_several:
            refuse_several(self.name, inputs)
        if is_symbolic((inputs, args, kwargs)):
            return self._connect((inputs, *args), kwargs)
        masks = find_masks(inputs)
        if self._leaves_masks and not self._takes_mask and kwargs.get("mask") is not None:
            masks = as_masks(kwargs.pop("mask"))
        inputs = attach_masks(self._convert(inputs), masks)
        self._prepare(inputs)
        if self._takes_mask:
            masks = fill_masks(self._call_names, (inputs, *args), kwargs, masks)
        outputs = self._compute(inputs, args, kwargs)
        if not self._makes_masks and (masks is None or self._leaves_masks):
            return outputs
        return set_output_masks(self, inputs, outputs, masks)

    def _compute(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        is_training = kwargs.pop("training", None)
        modules = () if is_training is None else self.modules()
        try:
            with in_mode(modules, bool(is_training)):
                return _call_module(self, inputs, *args, **kwargs)
        except (RuntimeError, IndexError) as error:
            self._check_shapes(inputs, error)
            raise

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs and note their penalty; what ``nn.Module`` calls."""
        if self._takes_training and "training" not in kwargs:
            kwargs["training"] = self.training
        outputs = self.call(*args, **kwargs)
        if self.activity_regularizer is not None:
            self._note_activity(outputs)
        return outputs

    def _note_activity(self, outputs: Any) -> None:
        for output in outputs if isinstance(outputs, (list, tuple)) else (outputs,):
            if not output.is_meta:
                regularizer = self.activity_regularizer
                penalty = require_penalty(regularizer(output), regularizer)
                self.activity_penalties.append(penalty / output.shape[0])

    def _connect(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        outputs = Node(self, args, kwargs, self._count_outputs(kwargs)).output_tensors
        return outputs[0] if len(outputs) == 1 else outputs

    def _count_outputs(self, kwargs: Mapping[str, Any]) -> int:  # noqa: ARG002 - for subclasses
        """Return how many tensors a call with these keyword arguments makes."""
        return self.output_count

    def _convert(self, inputs: Any) -> Any:
        """Return inputs as tensors, floats of the layer's type."""
        if isinstance(inputs, Tensor):
            is_cast = self.casts_integers or inputs.is_floating_point()
            # Under autocast the types of activations are torch's choice.
            if is_cast and (inputs.is_meta or not torch.is_autocast_enabled(inputs.device.type)):
                return inputs.to(self._torch_dtype)
            return inputs
        if isinstance(inputs, dict):
            return {key: self._convert(part) for key, part in inputs.items()}
        if isinstance(inputs, (list, tuple)) and holds_arrays(inputs):
            parts = [self._convert(part) for part in inputs]
            return parts if isinstance(inputs, list) else tuple(parts)
        return self._convert(to_tensor(inputs))

    # -- configuration -----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return what ``from_config`` needs to make the layer again, without its weights.

        Components are specs with qualified names, such as ``kplug/l2(l2=0.01)``. Other arguments of the
        constructor are in it if the layer keeps them as attributes of the same names, with values that
        JSON can hold; a class that keeps them in another form writes ``get_config``.
        """
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype,
        }
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = self.batch_input_shape
        for name, slot in self.slots.items():
            if slot.is_argument:
                config[name] = slot.to_config()
        for name, value in list_kept_arguments(self).items():
            config.setdefault(name, value)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what ``get_config`` returned, here or in Keras."""
        return cls(**without_switches(config))

    def extra_repr(self) -> str:
        """Return what torch prints of the layer besides its class."""
        return f"name={self.name!r}"
