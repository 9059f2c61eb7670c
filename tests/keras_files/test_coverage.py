"""The architectures of these tests contain every layer that kplug has."""

from __future__ import annotations

from typing import Any

import kplug
from kplug.builtins.layers import COMPONENTS


def test_every_layer_occurs(architectures: list[Any], library: Any) -> None:
    found: set[str] = set()
    for one in architectures:
        found |= {type(module).__name__ for module in one.build(library).modules()}
    targets = {str(getattr(entry, "target", entry)) for entry in COMPONENTS.values()}
    classes = {getattr(kplug.layers, target.rpartition(":")[2], None) for target in targets}
    names = {one.__name__ for one in classes if one is not None}
    names.remove("Lambda")  # tests/layers/test_lambda_layer.py compares its files
    names.remove("SpectralNormalization")  # tests/layers/test_wrapper.py does
    names -= {"LocallyConnected1D", "LocallyConnected2D"}  # Keras 3 has none
    assert names - found == set()
    assert len(architectures) >= 30


def test_architectures_differ(architectures: list[Any]) -> None:
    names = [str(one) for one in architectures]
    assert len(set(names)) == len(names)
    assert sum(len(one.inputs) > 1 for one in architectures) >= 5
