"""``Lambda``: wraps a function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kplug.components.arguments import refusal
from kplug.components.contracts import check_call, find_signature
from kplug.dialect.lambda_layers import KIND
from kplug.errors import ContractError
from kplug.graph import TensorSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.shape_inference import shapes_of
from kplug.registry import REGISTRY, Resolved, get_kind, look_up, parse_spec, resolve
from kplug.registry.building.recorded_lookups import note
from kplug.registry.building.reverse_lookup import find_component_of, suggest_name
from kplug.registry.quoting import quote
from kplug.support.nested import find_leaves

_FUNCTION = "It is called with the inputs, and with arguments= by name."


class Lambda(Layer):
    """Outputs function(inputs, **arguments).

    A file holds the name of the function, never its code. So a model with the layer is saved only if
    the function is a registered one, such as ``kplug.register("activation", "double", double)`` makes it.

    Args:
        function: A callable of a tensor, or of what the layer is called on; or the name of a registered
            one. It is given ``mask`` and ``training`` if it has parameters of these names.
        output_shape: Shape of one sample of the output, or a function from the input shape to the
            output shape, both with the batch in front. ``None`` finds it by running the function on
            tensors without memory.
        mask: The mask of the outputs, or a function ``(inputs, mask)`` that returns it; ``None`` is none.
        arguments: Further keyword arguments of the function.

    Raises:
        ContractError: The function cannot be called.
        ResolutionError: No function has the name.

    Example:
        >>> import torch
        >>> Lambda(lambda x, power: x**power, arguments={"power": 2})(torch.tensor([[3.0]]))
        tensor([[9.]])

    Reference:
        ``keras.layers.Lambda``, which stores the function's code.
    """

    def __init__(
        self,
        function: Callable[..., Any] | str | Mapping[str, Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.is_watched = True  # it runs user code
        self._names: dict[str, str] = {}
        self.function = self._load("function", function)
        if not callable(self.function):
            raise ContractError(
                f"Lambda takes a function, got {quote(function)}",
                hint="Give a callable of the inputs, such as lambda x: 2 * x.",
            )
        self._given_shape = self._load("output_shape", output_shape)
        self.mask = self._load("mask", mask)
        if arguments is not None and not isinstance(arguments, Mapping):
            raise refusal("Lambda", "arguments", arguments, "None or a dict of arguments by name")
        self.arguments = dict(arguments or {})
        self.supports_masking = self._makes_masks = mask is not None
        signature = find_signature(self.function)
        known = () if signature is None else signature.parameters
        self._passed = tuple(name for name in ("mask", "training") if name in known)
        passed = {**dict.fromkeys(self._passed), **self.arguments}
        check_call(self.function, (None,), passed, "the function of Lambda", _FUNCTION)

    def _load(self, role: str, given: Any) -> Any:
        """Return a function, resolved from its name if necessary, and remember the name."""
        if not isinstance(given, (str, Mapping)):
            return given
        if isinstance(given, str) and not (spec := parse_spec(given)).kwargs:
            choice = look_up(get_kind(KIND), spec)
            component, found = choice.component, REGISTRY.load(choice.component)
            # Not `resolve`, which enforces an activation's contract: one tensor argument.
            if inspect.isfunction(found):
                self._names[role] = component.qualified_name
                note(given, Resolved(KIND, found, component, choice.rule))
                return found
        resolved = resolve(KIND, given, where=f"{self.name}.{role}")
        self._names[role] = str(resolved.spec)
        return resolved.object

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Return the function's result for the inputs."""
        given = {"mask": mask, "training": training}
        passed = {name: given[name] for name in self._passed}
        return self.function(inputs, **{**passed, **self.arguments})

    def infer_specs(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[TensorSpec, ...]:
        """Return shapes and types of the outputs: as given, or inferred by running the function."""
        if self._given_shape is None:
            return super().infer_specs(args, kwargs)
        (first, *_) = find_leaves(args, TensorSpec)
        self.declare_for(shapes_of(args[0]))
        if callable(self._given_shape):
            shape = self._given_shape(shapes_of(args[0]))
        else:
            shape = (first.shape[0], *self._given_shape)
        return (TensorSpec(tuple(shape), first.dtype),)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the given mask, or the result of the mask function."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, with names in place of functions.

        Raises:
            ContractError: A function is no registered one.
        """
        return {
            **super().get_config(),
            "function": self._describe("function", self.function),
            "output_shape": self._describe("output_shape", self._given_shape),
            "mask": self._describe("mask", self.mask),
            "arguments": self.arguments,
        }

    def _describe(self, role: str, given: Any) -> Any:
        if role in self._names:
            return self._names[role]
        if not callable(given):
            return given
        component = find_component_of(REGISTRY, get_kind(KIND), given)
        if component is None:
            name = suggest_name(given)
            raise ContractError(
                f"layer {self.name!r} cannot be described: its {role} is code without a name",
                hint=f"Register it here and where the file is loaded, under a name of its own: "
                f"kplug.register({KIND!r}, {name!r}, …); or write a Layer; or save the weights alone, "
                "with save_weights.",
            )
        return component.qualified_name
