"""Settings that were changed after a layer was built: a file that could not be loaded is not written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug import Sequential, layers, load_model
from kplug.errors import ContractError


class Scale(layers.Layer):
    def __init__(self, size: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.calls = 0

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight("factor", (self.size,))

    def call(self, inputs: Any) -> Any:
        self.calls = self.calls + 1
        return inputs * self.factor.sum()


CASES: list[tuple[Any, str, Any, str]] = [
    (
        layers.Dense(4, name="a"),
        "units",
        16,
        "its 'kernel' has the shape (3, 4), and what would be made has (3, 16)",
    ),
    (
        layers.Dense(4, name="a"),
        "units",
        0,
        "Dense: argument 'units' is 0; allowed: an integer >= 1",
    ),
    (
        Scale(name="a"),
        "size",
        5,
        "its 'factor' has the shape (3,), and what would be made has (5,)",
    ),
]


@pytest.mark.parametrize("extension", [".keras", ".h5"])
@pytest.mark.parametrize(("layer", "name", "value", "found"), CASES)
def test_a_layer_that_would_be_made_otherwise_is_refused(
    layer: Any, name: str, value: Any, found: str, extension: str, tmp_path: Path
) -> None:
    layer = type(layer).from_config(layer.get_config())
    model = Sequential([layers.Input((3,)), layer])
    model.predict(np.ones((1, 3)), verbose=0)
    kept, path = getattr(layer, name), tmp_path / f"m{extension}"
    setattr(layer, name, value)
    with pytest.raises(ContractError) as caught:
        model.save(path)
    assert str(caught.value) == (
        f"layer 'a' was changed after it was built, so no file can stand for it: {found}\n"
        "  Set it back, or make a new layer with the setting; weights alone can be saved by "
        "model.save_weights."
    )
    assert not path.exists()
    setattr(layer, name, kept)
    model.save(path)
    assert load_model(path, {"Scale": Scale}, compile=False).count_params() == model.count_params()


@pytest.mark.parametrize(
    ("layer", "shape", "name", "value"),
    [
        (layers.Conv2D(2, 3, name="a"), (6, 6, 1), "filters", 5),
        (layers.Conv2D(2, 3, name="a"), (6, 6, 1), "kernel_size", (2, 2)),
        (layers.Embedding(5, 2, name="a"), (3,), "output_dim", 7),
        (layers.MultiHeadAttention(2, 3, name="a"), (4, 2), "num_heads", 1),
    ],
)
def test_other_layers(layer: Any, shape: Any, name: str, value: Any, tmp_path: Path) -> None:
    from kplug import Model

    inputs = layers.Input(shape)
    is_attention = isinstance(layer, layers.MultiHeadAttention)
    model = Model(inputs, layer(inputs, inputs) if is_attention else layer(inputs))
    model.ensure_built()
    setattr(layer, name, value)
    with pytest.raises(ContractError, match="layer 'a' was changed after it was built"):
        model.save(tmp_path / "m.keras")


def test_settings_that_make_no_other_weights_may_change(tmp_path: Path) -> None:
    model = Sequential([layers.Conv2D(2, 3, padding="same", input_shape=(6, 6, 1))])
    model.ensure_built()
    model.layers[0].strides = (2, 2)
    model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras", compile=False).layers[0].strides == (2, 2)
