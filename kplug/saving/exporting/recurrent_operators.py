"""torch's recurrent operators in graphs, for sequences of any length.

torch finds the shapes of their results by running them step by step, which fixes the number of time steps.
While a model is traced, their results have shapes alone. On the way to ONNX torch takes the graph apart once
more; there, operators of the same arguments stand for them.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

_OPERATORS = {
    "lstm": torch.ops.aten.lstm.input,
    "gru": torch.ops.aten.gru.input,
    "rnn_tanh": torch.ops.aten.rnn_tanh.input,
}
_KEYS = (torch._C.DispatchKey.CompositeImplicitAutograd, torch._C.DispatchKey.Autograd)


@contextlib.contextmanager
def any_length() -> Iterator[None]:
    """Let torch's recurrent operators take sequences whose length is unknown, while a graph is made."""
    former = [(operator, dict(operator.py_kernels)) for operator in _OPERATORS.values()]
    try:
        for operator in _OPERATORS.values():
            operator.py_kernels.update(dict.fromkeys(_KEYS, _make_results))
            operator._dispatch_cache.clear()
        yield
    finally:
        for operator, kernels in former:
            operator.py_kernels.update(kernels)
            operator._dispatch_cache.clear()


def _make_results(
    sequences: Tensor,
    states: Tensor | Sequence[Tensor],
    weights: Sequence[Tensor],  # noqa: ARG001 - the operators' arguments
    has_biases: bool,  # noqa: ARG001
    layers: int,  # noqa: ARG001
    dropout: float,  # noqa: ARG001
    train: bool,  # noqa: ARG001
    is_bidirectional: bool,
    batch_first: bool,  # noqa: ARG001
) -> tuple[Tensor, ...]:
    given = [states] if isinstance(states, Tensor) else list(states)
    width = given[0].shape[2] * (2 if is_bidirectional else 1)
    outputs = sequences.new_empty((*sequences.shape[:2], width))
    return outputs, *(torch.empty_like(each) for each in given)


@functools.cache
def _define_stand_ins() -> dict[Any, Any]:
    """Define operators with the arguments of torch's, whose shapes ``run_decompositions`` finds."""
    found = {}
    for name, operator in _OPERATORS.items():
        arguments = str(operator._schema).partition("(")[2]
        torch.library.define(f"kplug::exported_{name}", f"({arguments}")
        torch.library.register_fake(f"kplug::exported_{name}", _make_results)
        found[operator] = getattr(torch.ops.kplug, f"exported_{name}").default
    return found


def put_stand_ins(program: torch.export.ExportedProgram) -> None:
    """Replace torch's recurrent operators in a graph by those that ``list_translations`` translates."""
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            node.target = _define_stand_ins().get(node.target, node.target)


def list_translations() -> dict[Any, Callable[..., Any]]:
    """Return the translations of the stand-ins to ONNX."""
    from onnxscript import opset18
    from onnxscript.function_libs.torch_lib.ops.core import aten_gru, aten_lstm

    functions = {"lstm": aten_lstm, "gru": aten_gru, "rnn_tanh": _make_rnn_tanh(opset18)}
    stand_ins = _define_stand_ins()
    return {stand_ins[_OPERATORS[name]]: function for name, function in functions.items()}


def _make_rnn_tanh(opset: Any) -> Callable[..., Any]:
    """Return the translation of ``rnn_tanh``, which torch lacks."""

    def rnn_tanh(
        sequences: Any,
        state: Any,
        weights: Sequence[Any],
        has_biases: bool,
        layers: int,
        dropout: float,
        train: bool,
        is_bidirectional: bool,
        batch_first: bool,
    ) -> tuple[Any, Any]:
        del dropout, train  # of training
        if layers != 1 or is_bidirectional:
            raise NotImplementedError("rnn_tanh with several layers or two directions")
        kernel, recurrent, *biases = weights
        bias = opset.Unsqueeze(opset.Concat(*biases, axis=0), [0]) if has_biases else None
        made, last = opset.RNN(
            opset.Transpose(sequences, perm=[1, 0, 2]) if batch_first else sequences,
            opset.Unsqueeze(kernel, [0]),
            opset.Unsqueeze(recurrent, [0]),
            bias,
            None,
            state,
            hidden_size=kernel.shape[0],
        )
        outputs = opset.Squeeze(made, [1])
        return opset.Transpose(outputs, perm=[1, 0, 2]) if batch_first else outputs, last

    return rnn_tanh
