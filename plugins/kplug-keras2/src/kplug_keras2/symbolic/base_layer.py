"""Keras 1's and 2's ``Layer`` API for subclasses."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

from torch.nn import Module

from kplug.layers import Layer
from kplug.support.nested import find_leaves
from kplug_keras2.arguments.renamed import as_of_shape
from kplug_keras2.symbolic.layer_losses import GraphLosses
from kplug_keras2.symbolic.updates import update
from kplug_keras2.symbolic.weight_components import taking_components


class Keras2Layer(GraphLosses):
    """Methods and attributes of Keras 2's ``Layer`` that kplug's lacks, for subclasses.

    Example:
        >>> from kplug_keras2.keras.layers import Layer
        >>> class Scale(Layer):
        ...     def call(self, x, mask=None):
        ...         return 2 * x
        >>> Scale().uses_learning_phase
        False
    """

    uses_learning_phase = False
    _uses_learning_phase = False
    stateful = False
    _lists_weights = False
    defers_build_errors = False  # the call raises them
    _weights_of_tensors: Sequence[tuple[Any, Any]] = ()

    def add_weight(self, *args: Any, **given: Any) -> Any:
        """Add a weight, with the arguments in the order of Keras 2, or of Keras 1: shape and initializer.

        A taken name gets a number.
        """
        if _is_kplugs(sys._getframe(1).f_globals["__name__"]):  # in kplug's order
            return super().add_weight(*args, **given)  # type: ignore[misc]
        is_keras_1 = bool(args) and not (args[0] is None or isinstance(args[0], str))
        read = {**dict(zip(_ORDER_1 if is_keras_1 else _ORDER_2, args, strict=False)), **given}
        name = read.get("name")
        if name is not None:
            read["name"] = self._find_free_name(name.replace("/", "_"))
        read["initializer"] = as_of_shape(read.get("initializer"))
        return super().add_weight(**read)  # type: ignore[misc]

    def _find_free_name(self, name: str) -> str:
        free, number = name, 0
        while getattr(self, free, None) is not None:
            number += 1
            free = f"{name}_{number}"
        return free

    def _own_weights(self, tensors: Any, is_trainable: bool) -> None:
        """Convert tensors that ``build`` created to weights; existing weights are unchanged.

        Attributes that hold such a tensor get the weight.
        """
        known = {id(one) for one in self.parameters()}  # type: ignore[attr-defined]
        known |= {id(one) for one in self.buffers()}  # type: ignore[attr-defined]
        for tensor in tensors:
            if id(tensor) in known:
                continue
            holders = [name for name, one in vars(self).items() if one is tensor]
            for name in holders:
                delattr(self, name)
            weight = self.add_weight(
                name=(holders or ["variable"])[0],
                shape=tuple(tensor.shape),
                initializer=functools.partial(_give, tensor.detach()),
                trainable=is_trainable,
            )
            for name in holders[1:]:
                setattr(self, name, weight)
            self._weights_of_tensors = [*self._weights_of_tensors, (tensor, weight)]

    def find_weight_of(self, tensor: Any) -> Any:
        """Return the weight for a tensor of ``build``, or else the tensor."""
        found = (weight for one, weight in self._weights_of_tensors if one is tensor)
        return next(found, tensor)

    @property
    def trainable_weights(self) -> Any:
        """The weights that training changes. Assigning a list converts its tensors to weights."""
        return super().trainable_weights  # type: ignore[misc]

    @trainable_weights.setter
    def trainable_weights(self, tensors: Any) -> None:
        self._own_weights(tensors, is_trainable=True)

    @property
    def non_trainable_weights(self) -> Any:
        """The other weights, likewise."""
        return super().non_trainable_weights  # type: ignore[misc]

    @non_trainable_weights.setter
    def non_trainable_weights(self, tensors: Any) -> None:
        self._own_weights(tensors, is_trainable=False)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Apply pairs of a variable and its new value; results of ``K.update`` are applied already."""
        del inputs
        for one in updates if isinstance(updates, list) else [updates]:
            if isinstance(one, tuple) and len(one) == 2:
                update(*one)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """Return the output shape; Keras 1's name of ``compute_output_shape``."""
        return super().compute_output_shape(input_shape)  # type: ignore[misc]

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a layer assigned before ``super().__init__`` is registered later."""
        if "_modules" in vars(self) or name.startswith("__"):
            super().__setattr__(name, value)
            return
        vars(self)[name] = value
        if next(find_leaves(value, Module), None) is not None:
            vars(self).setdefault("_set_early", []).append(name)

    def _finish_init(self) -> None:
        for name in vars(self).pop("_set_early", ()):
            if name in vars(self):
                setattr(self, name, vars(self).pop(name))

    def named_weights(self) -> list[tuple[str, Any]]:
        """Return names and weights; a class's own ``trainable_weights`` takes precedence."""
        found: list[tuple[str, Any]] = super().named_weights()  # type: ignore[misc]
        if not self._lists_weights or "_is_listing" in vars(self):
            return found
        vars(self)["_is_listing"] = True
        try:
            listed = [*self.trainable_weights, *self.non_trainable_weights]
        finally:
            del vars(self)["_is_listing"]
        names = {id(weight): name for name, weight in found}
        unique = {id(weight): weight for weight in listed if id(weight) in names}
        return [(names[key], weight) for key, weight in unique.items()]

    def __init_subclass__(cls, **options: Any) -> None:
        written = vars(cls).get("get_output_shape_for")
        if written is not None and "compute_output_shape" not in vars(cls):
            cls.compute_output_shape = written  # type: ignore[attr-defined]
        if "trainable_weights" in vars(cls):
            cls._lists_weights = True
        if "build" in vars(cls):
            cls.build = taking_components(cls.build)  # type: ignore[attr-defined]
        super().__init_subclass__(**options)

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Do nothing: calls check their inputs."""

    def _get_noise_shape(self, inputs: Any) -> Any:  # noqa: ARG002 - Keras passes it
        """Return the shape of a dropout layer's mask; ``None`` is that of the inputs."""
        return getattr(self, "noise_shape", None)

    @property
    def _initial_weights(self) -> None:
        return None


def _is_kplugs(module: str) -> bool:
    return module.partition(".")[0] == "kplug"


def _give(values: Any, shape: Any) -> Any:  # noqa: ARG001 - an initializer is given it
    return values


_ORDER_1 = ("shape", "initializer", "name", "trainable", "regularizer", "constraint")
_ORDER_2 = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")


class Wrapper(Layer):
    """The base class of wrapper layers, which store the wrapped one as ``layer``.

    Args:
        layer: The layer inside.
    """

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(**options)
        self.layer = layer

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, including the wrapped layer's."""
        inner = {"class_name": type(self.layer).__name__, "config": self.layer.get_config()}
        return {**super().get_config(), "layer": inner}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """Return the layer that a configuration describes."""
        from kplug.layers import deserialize

        return cls(
            deserialize(config["layer"]), **{k: v for k, v in config.items() if k != "layer"}
        )


def _build(self: Any, input_shape: Any = None) -> None:
    """Mark the layer as built; a subclass may omit the shape."""
    del input_shape
    self.built = True


# Not in the class, where this method requires a shape.
Wrapper.build = _build  # type: ignore[method-assign]
