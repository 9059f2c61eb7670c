"""Traces a model with ``torch.export``, and explains in which layer that fails."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from kplug.errors import ComputationError, ContractError, KplugError
from kplug.graph import in_mode, list_modules
from kplug.layers import Layer
from kplug.saving.exporting.input_signature import (
    list_dynamic_axes,
    make_examples,
    name_inputs,
)
from kplug.saving.exporting.recurrent_operators import any_length
from kplug.support.nested import find_leaves
from kplug.training.devices import find_device

_READS = "a value of a tensor is read in Python, as by if, int(), .item() or .numpy()"


class TracedModel(NamedTuple):
    """A model as a graph of torch's operations.

    Args:
        program: The graph with the weights.
        inputs: The names of its inputs.
        outputs: The names of its outputs.
    """

    program: torch.export.ExportedProgram
    inputs: list[str]
    outputs: list[str]


class _FixedSize(NamedTuple):
    """An axis that was to vary, and the layer after which it had one size."""

    layer: Layer
    input: str
    axis: int
    size: int


class _Notes:
    """What is found while the model runs; not of the module, whose attributes torch sets back."""

    def __init__(self, input_names: list[str]) -> None:
        self._input_names = input_names
        self._sizes: list[tuple[str, int, Any]] = []
        self.output_names: list[str] = []
        self.fixed: _FixedSize | None = None

    def begin(self, inputs: Any) -> None:
        """Note the sizes that vary."""
        pairs = zip(self._input_names, find_leaves(inputs, Tensor), strict=True)
        self._sizes = [
            (name, axis, size)
            for name, tensor in pairs
            for axis, size in enumerate(tensor.shape)
            if _find_value(size) is None
        ]

    def look(self, layer: Any, *_: Any) -> None:
        """Note a layer after which a size no longer varies; inner layers come first."""
        if self.fixed is None:
            for name, axis, size in self._sizes:
                value = _find_value(size)
                if value is not None:
                    self.fixed = _FixedSize(layer, name, axis, value)
                    return


class _Entry(nn.Module):
    """Calls the model, and looks after each layer whether it fixed a size."""

    def __init__(self, model: Any, notes: _Notes) -> None:
        super().__init__()
        self.model, self._notes = model, notes

    def forward(self, inputs: Any) -> Any:
        """Return the model's outputs."""
        self._notes.begin(inputs)
        watched = [each for each in list_modules(self.model) if isinstance(each, Layer)]
        handles = [layer.register_forward_hook(self._notes.look) for layer in watched]
        try:
            outputs = self.model(inputs)
        finally:
            for handle in handles:
                handle.remove()
        self._notes.output_names = _name_outputs(self.model, outputs)
        return outputs


def _find_value(size: Any) -> int | None:
    """Return the size of an axis if it is a constant."""
    found: int | None = size.node.maybe_as_int() if isinstance(size, torch.SymInt) else int(size)
    return found


def _name_outputs(model: Any, outputs: Any) -> list[str]:
    if isinstance(outputs, dict):
        return [str(key) for key in outputs]
    count = len(list(find_leaves(outputs, Tensor)))
    names = list(getattr(model, "output_names", ()))
    if len(names) == count:
        return names
    return ["outputs"] if count == 1 else [f"outputs_{place}" for place in range(count)]


def trace(model: Any, signature: Any) -> TracedModel:
    """Return a built model as a graph.

    Args:
        model: The model.
        signature: A ``TensorSpec`` for each input, nested as they are.

    Raises:
        ContractError: It cannot be a graph; the message names the layer and the reason.
    """
    names = name_inputs(model, signature)
    notes = _Notes(names)
    entry = _Entry(model, notes)
    examples = make_examples(signature, find_device(model))
    modes = in_mode([entry, *list_modules(model)], False)
    with torch.no_grad(), modes, any_length(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own code
        try:
            program = torch.export.export(
                entry,
                (examples,),
                dynamic_shapes=(list_dynamic_axes(signature),),
                strict=False,
            )
        except Exception as error:
            if isinstance(error, KplugError) and not isinstance(error, ComputationError):
                raise
            raise _explain(model, notes.fixed, error) from error
    _forget_places(program)
    return TracedModel(program, names, notes.output_names)


def _forget_places(program: torch.export.ExportedProgram) -> None:
    """Remove the paths of source files, which are this machine's, from the graph."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)


def _explain(model: Any, fixed: _FixedSize | None, error: Exception) -> ContractError:
    if fixed is not None:
        return ContractError(
            f"model {model.name!r} cannot be exported for inputs of any size: {describe(fixed.layer)} "
            f"fixes axis {fixed.axis} of input {fixed.input!r} at {fixed.size}, as a loop over it in "
            "Python does",
            hint="Give that axis one size: model.export(…, input_signature=[kplug.Input(batch_shape=…)]); "
            "or compute without such a loop: with torch's operations, or with an RNN around a cell.",
        )
    if "constraints violated" in str(error).lower():
        return ContractError(
            f"model {model.name!r} cannot be exported for inputs of any size: its layers fit together for "
            f"some sizes alone: {' '.join(str(error).split())[:300]}",
            hint="Give the sizes: model.export(…, input_signature=[kplug.Input((256, 256, 3))]).",
        )
    layer = _find_layer(error)
    where = "" if layer is None or layer is model else f"{describe(layer)}: "
    cause = error.__cause__ if isinstance(error, ComputationError) and error.__cause__ else error
    text = str(cause).lower()
    if "DataDependent" in type(cause).__name__ or "data-dependent" in text or ".numpy()" in text:
        reason = _READS
    else:
        reason = f"{type(cause).__name__}: {first_line(cause)}"
    return ContractError(
        f"model {model.name!r} cannot be exported: {where}{reason}",
        hint="A graph holds operations of torch alone, the same for all inputs: torch.where chooses "
        "between values, and what only Python can compute goes before or after the model.",
    )


def describe(layer: Layer) -> str:
    """Return a layer's name and class, for messages."""
    return f"layer {layer.name!r} ({type(layer).__name__})"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")


def _find_layer(error: BaseException) -> Layer | None:
    """Return the innermost layer whose call raised an error."""
    found: Layer | None = None
    step = error.__traceback__
    while step is not None:
        owner = step.tb_frame.f_locals.get("self")
        if isinstance(owner, Layer):
            found = owner
        step = step.tb_next
    return found
