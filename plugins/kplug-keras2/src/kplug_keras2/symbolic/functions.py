"""``K.function`` and ``K.gradients`` of symbolic tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

import torch
from torch import Tensor

from kplug import backend, non_mutating
from kplug.errors import GraphError, KplugError
from kplug.graph import Plan, SymbolicTensor, in_mode, is_symbolic, sort_nodes
from kplug.layers import Lambda, Layer
from kplug.support.nested import find_leaves
from kplug_keras2.symbolic.fixed_inputs import find_source, find_value
from kplug_keras2.symbolic.phase import running
from kplug_keras2.symbolic.sizes import as_tensor
from kplug_keras2.symbolic.weight_expressions import WeightExpressions


@non_mutating  # a watched layer gets copies, which have no derivative
class Gradient(Layer):
    """The derivative of a loss with respect to one tensor of the same graph.

    It is computed while the graph runs, so it can be differentiated again. Without gradients, as in
    ``predict``, the steps from the tensor to the loss are recomputed.

    Args:
        plan: Computes the loss from the tensor and further tensors; None for a weight's derivative.
    """

    def __init__(self, plan: Plan | None) -> None:
        super().__init__()
        self._plan = plan

    def call(self, inputs: Any) -> Any:
        """Return the derivative.

        Args:
            inputs: The loss, the tensor, and the further tensors.

        Raises:
            KplugError: The loss does not depend on the tensor.
        """
        loss, variable, *others = inputs
        if loss.is_meta:
            return torch.empty_like(variable)
        is_training = torch.is_grad_enabled()
        with torch.enable_grad():
            if self._plan is not None and not (loss.requires_grad and variable.requires_grad):
                variable = variable.detach().requires_grad_()
                (loss,) = self._plan.run([variable, *others])
            if not (loss.requires_grad and variable.requires_grad):
                raise KplugError(
                    "gradients: the loss does not depend on the variable through differentiable steps",
                    hint="Comparisons, rounding, argmax and K.stop_gradient cut the connection.",
                )
            (found,) = torch.autograd.grad(
                loss.sum(), variable, create_graph=is_training, allow_unused=True
            )
        return torch.zeros_like(variable) if found is None else found

    def convert_inputs(self, inputs: Any) -> Any:
        """Return the inputs as they are."""
        return inputs


def _differentiate(loss: SymbolicTensor, variable: Any) -> Any:
    """Return the symbolic derivative of a loss with respect to a symbolic tensor, or to a weight."""
    if not isinstance(variable, SymbolicTensor):
        return Gradient(None)([loss, variable])
    between: dict[Any, None] = {}
    for node in sort_nodes([loss], given={variable}):
        if variable in node.input_tensors or not between.keys().isdisjoint(node.parent_nodes):
            between[node] = None
    beside = dict.fromkeys(
        one
        for node in between
        for one in node.input_tensors
        if one is not variable and one.node not in between
    )
    if loss.node not in between:
        beside = {loss: None}
    return Gradient(Plan([variable, *beside], [loss]))([loss, variable, *beside])


def gradients(loss: Any, variables: Any) -> list[Any]:
    """Return the gradient of a loss with respect to each variable, symbolic where they are.

    Example:
        >>> from kplug.layers import Input
        >>> x = Input((2,))
        >>> compute = function([x], gradients(x * x, x))
        >>> compute([[[1.0, 3.0]]])[0].tolist()
        [[2.0, 6.0]]
    """
    wanted = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    if not is_symbolic((loss, wanted)):
        return list(backend.gradients(loss, wanted))
    for variable in wanted:
        if is_symbolic(variable) and not variable.node.is_input:
            variable.layer.register_forward_hook(_require_gradient)
    return [_differentiate(loss, variable) for variable in wanted]


def _names_gradients(code: CodeType) -> bool:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return "gradients" in code.co_names or any(map(_names_gradients, inner))


_call_lambda = Lambda.__call__


def _call_symbolically(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a ``Lambda``; functions that use ``gradients`` get symbolic tensors, as in Keras 2.

    An isolated eager tensor has no derivative with respect to another.
    """
    code = getattr(self.function, "__code__", None)
    if code is None or not _names_gradients(code) or not is_symbolic((args, kwargs)):
        return _call_lambda(self, *args, **kwargs)
    found = self.function(*args, **{**self.arguments, **kwargs})
    return found[0] if isinstance(found, list) and len(found) == 1 else found


OF_LAMBDAS: dict[str, Any] = {"__call__": _call_symbolically}


def _require_gradient(_layer: Any, _args: Any, outputs: Any) -> None:
    """Require gradients for a layer's outputs, also if it depends on no weight."""
    for one in find_leaves(outputs, Tensor) if torch.is_grad_enabled() else ():
        if one.is_floating_point() and not one.requires_grad:
            one.requires_grad_()


def function(
    inputs: Sequence[Any], outputs: Any, updates: Any = None, **_of_tensorflow: Any
) -> Callable[[Sequence[Any]], list[Any]]:
    """Return a function from a list of values of ``inputs`` to a list of NumPy values of ``outputs``.

    Args:
        inputs: Symbolic tensors; ``K.learning_phase()`` may be the last one.
        outputs: Symbolic or eager tensors.
        updates: Results of ``K.update`` and ``get_updates``, or pairs of a variable and its new value.
            They are applied when the function runs.
    """
    several = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    several = [as_tensor(one) for one in several]
    return SymbolicFunction(list(inputs), several, list(updates or ()))


class SymbolicFunction:
    """A function of arrays that runs a part of a graph, with gradients where it has some.

    Args:
        inputs: Symbolic tensors; a learning phase (0 or 1) may be the last.
        outputs: Symbolic and eager tensors.
        updates: Pairs of a variable and its new value, and steps of optimizers.
    """

    def __init__(self, inputs: list[Any], outputs: list[Any], updates: Sequence[Any] = ()) -> None:
        self._has_phase = bool(inputs) and not isinstance(inputs[-1], SymbolicTensor)
        self._inputs = inputs[:-1] if self._has_phase else inputs
        self._outputs = outputs
        self._steps = [one for one in updates if hasattr(one, "run")]
        self._pairs = [one for one in updates if isinstance(one, (list, tuple)) and len(one) == 2]
        wanted = [one.loss for one in self._steps] + [value for _, value in self._pairs]
        self._wanted = [*outputs, *wanted]
        self._expressions = WeightExpressions()
        symbolic = [one for one in self._wanted if isinstance(one, SymbolicTensor)]
        for tensor in symbolic:
            _ = tensor.spec  # builds all preceding layers
        self._fixed, stages = _find_stages(self._inputs, symbolic)
        given = [*self._inputs, *self._fixed]
        self._plans = []
        for stage in stages:
            self._plans.append(Plan(given, [find_source(one) for one in stage]))  # type: ignore[misc]
            given += stage
        self._plans.append(Plan(given, symbolic))
        nodes = [node for plan in self._plans for node in plan.nodes]
        self._layers = list(dict.fromkeys(node.layer for node in nodes))
        self._needs_gradients = bool(self._steps) or any(
            isinstance(layer, Gradient) for layer in self._layers
        )

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """Return the outputs in NumPy, for one value per input, including the phase if it is an input.

        Raises:
            GraphError: The number of values differs.
        """
        expected = len(self._inputs) + self._has_phase
        if len(values) != expected:
            raise GraphError(f"the function takes {expected} values, got {len(values)}")
        self.training = self._has_phase and bool(values[-1])
        fixed = [find_value(one) for one in self._fixed]
        tensors = [self._read(value) for value in [*values[: len(self._inputs)], *fixed]]
        modules = [module for layer in self._layers for module in layer.modules()]
        with (
            torch.set_grad_enabled(self._needs_gradients),
            in_mode(modules, self.training),
            running(self),
        ):
            *before, last = self._plans
            for plan in before:
                tensors += plan.run(tensors)
            made = iter(last.run(tensors))
            found = [next(made) if isinstance(one, SymbolicTensor) else one for one in self._wanted]
            values = [backend.get_value(one) for one in found[: len(self._outputs)]]
            self._write(found[len(self._outputs) :])
        return values

    def _write(self, found: list[Any]) -> None:
        """Run the steps, then assign all new values at once."""
        for step, loss in zip(self._steps, found, strict=False):
            step.run(loss)
        now = [self._expressions.compute(value) for value in found[len(self._steps) :]]
        for (variable, _), value in zip(self._pairs, now, strict=True):
            backend.update(variable, value)

    def _read(self, value: Any) -> Tensor:
        tensor: Any = backend.to_tensor(value)
        if not tensor.is_floating_point():
            return tensor  # type: ignore[no-any-return]
        tensor = backend.cast(tensor, backend.floatx()).detach()
        return tensor.requires_grad_() if self._needs_gradients else tensor  # type: ignore[no-any-return]


def _find_stages(
    inputs: Sequence[SymbolicTensor], wanted: Sequence[SymbolicTensor]
) -> tuple[list[SymbolicTensor], list[list[SymbolicTensor]]]:
    """Return the fixed inputs and the symbolic ones, in topological order."""
    fixed: dict[SymbolicTensor, None] = {}
    stages: list[list[SymbolicTensor]] = []
    while wanted:
        nodes = sort_nodes(wanted, given=set(inputs))
        sources = [one for node in nodes if node.is_input for one in node.output_tensors]
        fixed.update(dict.fromkeys(one for one in sources if find_value(one) is not None))
        stage = [one for one in sources if find_source(one) is not None]
        stages[:0] = [stage] if stage else []
        wanted = [source for one in stage if (source := find_source(one)) is not None]
    return list(fixed), stages


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Return a symbolic tensor, the input of a graph.

    Args:
        shape: Its shape, with the batch in front.
        ndim: The number of axes, if the shape is not given.
        dtype: Its type.
        sparse: Must be False.
        name: Its name.

    Raises:
        KplugError: ``sparse`` is true.
    """
    if sparse:
        raise KplugError(
            "placeholder: there is no sparse symbolic tensor",
            hint="Rows of scipy.sparse matrices are read by fit and predict as they are.",
        )
    from kplug.layers import Input

    sizes = (None,) * (ndim or 0) if shape is None else tuple(shape)
    return Input(batch_shape=sizes, dtype=dtype or backend.floatx(), name=name)
