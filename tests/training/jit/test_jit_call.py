"""Inputs are bound to a compiled graph, and its outputs return to their places in the results."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.training.jit.captured_state import TensorReference
from kplug.training.jit.jit_call import JitCall, Output, fill_outputs

NUMBERS = torch.tensor([0.1, 0.2], dtype=torch.float64)


def make_call(**changes: Any) -> JitCall:
    options: dict[str, Any] = {
        "paths": ["model.weight"],
        "leaves": [1],
        "takes_numbers": True,
        "fixed": [],
        "result": None,
        "outcome": None,
    }
    return JitCall(**(options | changes))


def bind(call: JitCall, container: dict[str, Tensor]) -> None:
    call.bind({"model.weight": TensorReference(container, "weight")})


def test_inputs_are_held_tensors_then_batch_then_numbers_then_fixed_ones() -> None:
    weight, fixed = torch.ones(2, requires_grad=True), torch.full((1,), 7.0)
    call = make_call(fixed=[fixed])
    bind(call, {"weight": weight})
    leaves = [torch.zeros(3), torch.arange(4.0)]
    inputs = call.list_inputs(leaves, NUMBERS)
    assert len(inputs) == 4
    assert inputs[0].data_ptr() == weight.data_ptr()
    assert not inputs[0].requires_grad
    assert inputs[1] is leaves[1]
    assert inputs[2] is NUMBERS
    assert inputs[3] is fixed
    assert call.moving == slice(1, 3)


def test_numbers_are_left_out_where_the_graph_takes_none() -> None:
    call = make_call(takes_numbers=False, leaves=[0, 1])
    bind(call, {"weight": torch.ones(2)})
    leaves = [torch.zeros(3), torch.arange(4.0)]
    assert [each.numel() for each in call.list_inputs(leaves, NUMBERS)] == [2, 3, 4]
    assert call.moving == slice(1, 3)


def test_a_call_stays_bound_when_values_change_and_not_when_another_tensor_is_held() -> None:
    container = {"weight": torch.ones(2)}
    call = make_call()
    bind(call, container)
    container["weight"].fill_(5.0)
    assert call.is_bound()
    kept, container["weight"] = container["weight"], torch.ones(2)
    assert not call.is_bound()
    container["weight"] = kept
    assert call.is_bound()
    bind(call, {"weight": torch.zeros(2)})
    assert call.held[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("replacement", [None, "text", torch.eye(2).to_sparse()])
def test_a_call_is_not_bound_where_no_dense_tensor_is_held_any_more(replacement: Any) -> None:
    container: dict[str, Any] = {"weight": torch.ones(2)}
    call = make_call()
    bind(call, container)
    container["weight"] = replacement
    assert not call.is_bound()
    del container["weight"]
    assert not call.is_bound()


def test_freezing_a_weight_unbinds_a_call() -> None:
    weight = torch.ones(2, requires_grad=True)
    call = make_call()
    bind(call, {"weight": weight})
    weight.requires_grad_(False)
    assert not call.is_bound()


def test_outputs_fill_their_places_and_other_values_stay() -> None:
    outputs = [torch.tensor(1.0), torch.tensor(2.0)]
    filled = fill_outputs([Output(1), {"loss": (Output(0), None, 1)}], outputs)
    assert filled[0] is outputs[1]
    assert filled[1]["loss"][0] is outputs[0]
    assert filled[1]["loss"][1:] == (None, 1)
    assert fill_outputs(Output(1), outputs) is outputs[1]
