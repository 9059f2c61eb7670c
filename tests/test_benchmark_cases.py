"""The benchmarks' models compute the same by hand as in kplug."""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kplug


def _import_benchmark(name: str) -> Any:
    sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
    try:
        return importlib.import_module(name)
    finally:
        del sys.path[0]


BY_HAND, MODULE = _import_benchmark("by_hand"), _import_benchmark("cases")
alone, CASES = MODULE.alone, MODULE.CASES
LONG = ("ResNet-18", f"chain of {BY_HAND.CHAIN} layers")
del sys.modules["by_hand"], sys.modules["cases"]  # no other test is to find them


def _weights(model: Any, layer: str) -> Iterator[list[Any]]:
    """Return the weights of each layer of a class, in the order in which the layers were made."""
    found = [each for each in model.layers if type(each).__name__ == layer]
    number = lambda each: int((re.search(r"\d+$", each.name) or [0])[0])  # noqa: E731
    return iter([each.get_weights() for each in sorted(found, key=number)])


def _convert(module: nn.Module, weights: list[Any]) -> list[Any]:
    """Return weights in torch's order."""
    if isinstance(module, nn.Linear):
        return [weights[0].T, weights[1]]
    if isinstance(module, nn.Conv2d):
        return [weights[0].transpose(3, 2, 0, 1), *weights[1:]]
    if isinstance(module, nn.LSTM):
        return [weights[0].T, weights[1].T, weights[2], np.zeros_like(weights[2])]
    if isinstance(module, nn.GRU):
        gates = [np.split(each, 3, -1) for each in weights]  # z, r, h in Keras; r, z, n in torch
        kernel, recurrent, bias = (np.concatenate([r, z, h], -1) for z, r, h in gates)
        return [kernel.T, recurrent.T, *bias]
    return weights


def _copy(model: Any, module: nn.Module) -> None:
    """Give kplug's weights to the module."""
    names = {"Linear": "Dense", "Conv2d": "Conv2D", "BatchNorm2d": "BatchNormalization"}
    names |= {"LayerNorm": "LayerNormalization", "Embedding": "Embedding"}
    names |= {"LSTM": "LSTM", "GRU": "GRU"}
    given = {name: _weights(model, layer) for name, layer in names.items()}
    attention = _weights(model, "MultiHeadAttention")
    done: set[nn.Module] = set()
    for each in module.modules():
        values: list[Any] = []
        targets = [
            value
            for name, value in (*each.named_parameters(recurse=False), *each.named_buffers())
            if name != "num_batches_tracked"
        ]
        if isinstance(each, BY_HAND.Block):
            *inner, kernel, bias = next(attention)
            values = [np.concatenate([one.reshape(128, -1).T for one in inner[::2]])]
            values += [np.concatenate([one.ravel() for one in inner[1::2]])]
            values += [kernel.reshape(-1, 128).T, bias]
            targets = [*each.project.parameters(), *each.join.parameters()]
            done |= {each.project, each.join}
        elif type(each).__name__ in names and each not in done:
            values = _convert(each, next(given[type(each).__name__]))
        else:
            continue
        for target, value in zip(targets, values, strict=True):
            target.data.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    assert not [name for name, rest in given.items() if next(rest, None)]


@pytest.mark.sampled
@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[pytest.mark.slow] * (each in LONG)) for each in CASES]
)
def test_equal_weights_have_equal_losses_by_hand_and_in_kplug(name: str) -> None:
    case = dataclasses.replace(CASES[name], steps=1, batch_size=6)
    model, loop = case.compile(kplug), BY_HAND.Loop(case, BY_HAND.HANDS[name]())
    _copy(model, loop.hand.module)
    x, y = (alone([torch.from_numpy(each) for each in arrays]) for arrays in case.data)
    logs = model.fit(x, y, batch_size=6, epochs=2, verbose=0).history
    steps = [loop.fit(1), loop.fit(1)]
    np.testing.assert_allclose(logs["loss"][0], steps[0][0], rtol=1e-4)
    np.testing.assert_allclose(logs["loss"][1], steps[1][0], rtol=1e-2)  # after a step of Adam
    metrics = [values[0] for key, values in logs.items() if not key.endswith("loss")]
    np.testing.assert_allclose(sorted(metrics), sorted(steps[0][1:]), rtol=1e-4)
