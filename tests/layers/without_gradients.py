"""Runs layers forward and backward on inputs that need no gradient, and says which one it is at.

``python -m tests.layers.without_gradients NAME…``: a kernel that ends the process ends this one.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from kplug_authoring.checks.layer_inputs import calls_of
from kplug_authoring.checks.subject import Subject, leaves
from kplug_authoring.suites import get_suite
from torch import Tensor

from kplug.registry import REGISTRY, Component, get_kind
from kplug.registry.building.example_loading import find_own_example
from kplug.support.nested import map_leaves
from tests.contract.examples import find_examples


def list_layers() -> list[str]:
    """Return the qualified names of all layers that are installed."""
    return [each.qualified_name for each in REGISTRY.components(get_kind("layer"))]


def list_calls(component: Component) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield layers and what they are called with: the contract's inputs, and data of ranks 2 to 5."""
    kind = get_kind("layer")
    name = f"layer/{component.qualified_name}"
    subject = Subject(
        component, find_examples().get(name) or find_own_example(component), get_suite(kind)
    )
    yield subject.make(), calls_of(subject)
    for size in ((5,), (6, 5), (6, 6, 5), (6, 6, 6, 5)):
        values = torch.randn(2, *size, generator=torch.Generator().manual_seed(0)).abs()
        yield subject.make(), (values,)


def run(layer: Any, inputs: tuple[Any, ...]) -> None:
    """Train on inputs as they lie in memory, and on views with moved axes."""
    layer.train()
    for move in (torch.clone, turn):
        outputs = list(leaves(layer(*map_leaves(list(inputs), Tensor, move))))
        trained = [each for each in outputs if each.requires_grad]
        if trained:
            torch.autograd.backward([each.sum() for each in trained])


def turn(values: Tensor) -> Tensor:
    """Return the same numbers with the last axis the slowest in memory."""
    return values.movedim(-1, 0).contiguous().movedim(0, -1)


def main(names: list[str]) -> None:
    """Run the layers of some names."""
    warnings.simplefilter("ignore")
    components = {each.qualified_name: each for each in REGISTRY.components(get_kind("layer"))}
    for name in names:
        print(name, flush=True)
        for layer, inputs in list_calls(components[name]):
            # Not every layer takes all of these.
            with contextlib.suppress(Exception):
                run(layer, inputs)


if __name__ == "__main__":
    main(sys.argv[1:])
