"""Models reduced to what saving looks at: names, layers, weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kplug.layers import Layer
from tests.saving.whole_files import make


class StandInLayer(Layer):
    """A layer that has weights of given shapes and computes nothing."""

    def __init__(self, name: str, shapes: dict[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.name = name  # as a person may set it, whatever the constructor refuses
        for index, (weight, shape) in enumerate(shapes.items()):
            values = torch.full(shape, float(index)) + torch.rand(shape)
            self.register_parameter(weight, nn.Parameter(values))
        self.built = True


class StandInModel(Layer):
    """A model: layers, and possibly a weight of its own."""

    def __init__(self, name: str, layers: Sequence[Layer], own: Tensor | None = None) -> None:
        super().__init__(name=name)
        self._held = list(layers)
        if own is not None:
            self.scale = nn.Parameter(own)
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        return [*self._held]

    def ensure_built(self) -> None:
        """Its weights are there from the start."""


MakeModel = Callable[..., StandInModel]


@pytest.fixture
def make_layer() -> Callable[[str, dict[str, tuple[int, ...]]], StandInLayer]:
    return StandInLayer


@pytest.fixture
def make_model() -> MakeModel:
    """Return a factory: ``make_model(dense={"kernel": (3, 4)}, flatten={})``; random weights."""

    def make(*layers: Layer, own: Tensor | None = None, **shapes: Any) -> StandInModel:
        made = [StandInLayer(name, weights) for name, weights in shapes.items()]
        return StandInModel("standin", [*layers, *made], own)

    return make


@pytest.fixture
def keras2_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of files as Keras 2.2.4 with h5py 2 writes them, by hand.

    ``keras2_file({"dense_1": {"dense_1/kernel:0": array}}, group="model_weights")``
    """

    def write(
        layers: dict[str, dict[str, Any]], group: str = "/", backend: bytes = b"tensorflow"
    ) -> Path:
        path = tmp_path / "keras2.h5"
        with h5py.File(path, "w") as file:
            root = file.require_group(group)
            root.attrs["layer_names"] = np.asarray([name.encode() for name in layers])
            root.attrs["backend"] = backend
            root.attrs["keras_version"] = b"2.2.4"
            for name, weights in layers.items():
                layer = root.create_group(name)
                # NumPy makes float64 of an empty list, and so did Keras.
                layer.attrs["weight_names"] = np.asarray([weight.encode() for weight in weights])
                for weight, values in weights.items():
                    layer.create_dataset(weight, data=values)
        return path

    return write


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the bytes of one model in both formats."""
    folder, model = tmp_path_factory.mktemp("saved"), make()
    for extension in (".keras", ".h5"):
        model.save(folder / f"m{extension}")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}
