"""Low-rank adapters of layers, against Keras's ``enable_lora``."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug import Sequential, layers, load_model
from kplug.errors import ArgumentValueError, ContractError, NotBuiltError, ResolutionError
from kplug.layers.base.lora import get_unadapted, list_adapter
from tests.layers.inputs import draw

IDS = torch.tensor([[0, 4, 1], [2, 2, 3]])
CASES: dict[str, tuple[str, Tensor, dict[str, Any]]] = {
    "dense": ("Dense", draw(3, 4), {"units": 5, "activation": "tanh"}),
    "dense of sequences": ("Dense", draw(3, 2, 4), {"units": 5, "use_bias": False}),
    "regularized": ("Dense", draw(3, 4), {"units": 5, "kernel_regularizer": "l2"}),
    "heads": (
        "EinsumDense",
        draw(2, 3, 4),
        {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"},
    ),
    "joined heads": (
        "EinsumDense",
        draw(2, 3, 2, 4),
        {"equation": "abcd,cde->abe", "output_shape": (None, 5), "activation": "relu"},
    ),
    "no matrix product": (
        "EinsumDense",
        draw(2, 3, 4),
        {"equation": "abc,dc->abd", "output_shape": (None, 5)},
    ),
    "sequence": ("Conv1D", draw(2, 6, 3), {"filters": 4, "kernel_size": 3, "padding": "causal"}),
    "images": ("Conv2D", draw(2, 5, 5, 3), {"filters": 4, "kernel_size": 3, "strides": 2}),
    "groups": ("Conv2D", draw(2, 5, 5, 4), {"filters": 6, "kernel_size": 2, "groups": 2}),
    "volumes": ("Conv3D", draw(1, 3, 3, 3, 2), {"filters": 3, "kernel_size": 2}),
    "embedding": ("Embedding", IDS, {"input_dim": 5, "output_dim": 4}),
}


def make_pair(name: str, alpha: float | None = None) -> tuple[Any, Any, Tensor]:
    """Return a layer of kplug and one of Keras with adapters and the same weights, and inputs."""
    kind, inputs, arguments = CASES[name]
    ours, theirs = getattr(layers, kind)(**arguments), getattr(keras.layers, kind)(**arguments)
    ours.build_for(tuple(inputs.shape))
    theirs.build(tuple(inputs.shape))
    for layer in (ours, theirs):
        layer.enable_lora(2, alpha)
    ours.set_weights([draw(*weight.shape, seed=i) for i, weight in enumerate(ours.weights)])
    theirs.set_weights(ours.get_weights())
    return ours, theirs, inputs


@pytest.mark.parametrize("alpha", [None, 5.0])
@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients_are_keras(name: str, alpha: float | None) -> None:
    ours, theirs, inputs = make_pair(name, alpha)
    made, expected = ours(inputs), theirs(inputs)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
    found: list[Any] = []
    wanted: list[Any] = []
    for layer, outputs, all_weights in ((ours, made, found), (theirs, expected, wanted)):
        (outputs.square().sum() + sum(layer.losses)).backward()
        all_weights += [getattr(weight, "value", weight).grad for weight in layer.weights]
    assert [grad is None for grad in found] == [grad is None for grad in wanted]
    for own, other in zip(found, wanted, strict=True):
        if own is not None:
            torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_names_shapes_and_configurations_are_keras(name: str) -> None:
    ours, theirs, _ = make_pair(name, 4)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert [w.name for w in ours.trainable_weights] == [w.name for w in theirs.trainable_weights]
    assert [tuple(w.shape) for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    assert [w.dtype for w in ours.weights] == [w.value.dtype for w in theirs.weights]
    keys = ("lora_rank", "lora_alpha")
    assert [ours.get_config()[key] for key in keys] == [theirs.get_config()[key] for key in keys]
    np.testing.assert_allclose(
        getattr(ours, ours.adapted_weight).detach().numpy(),
        getattr(theirs, ours.adapted_weight).detach().numpy(),
        rtol=1e-5,
        atol=1e-5,
    )


def test_a_is_drawn_and_b_is_zero_so_the_outputs_stay() -> None:
    x = draw(2, 40)
    layer: Any = layers.Dense(50, input_dim=40)
    before = layer(x).detach()
    layer.enable_lora(20)
    assert torch.equal(layer(x), before)
    limit = np.sqrt(6 / 40)
    assert limit * 0.9 < layer.lora_kernel_a.abs().max() <= limit
    assert not layer.lora_kernel_b.any()


def test_the_constructor_enables_it_with_its_alpha() -> None:
    layer = layers.Conv2D(3, 2, lora_rank=2, lora_alpha=8, input_shape=(4, 4, 1))
    assert len(layer.weights) == 4
    assert (layer.lora_enabled, layer.lora_rank, layer.lora_alpha) == (True, 2, 8)
    # Keras's Dense and Embedding lose alpha here.
    assert layers.Dense(3, lora_rank=2, lora_alpha=8, input_dim=2).lora_alpha == 8
    assert "lora_rank" not in layers.Dense(3).get_config()


def test_the_kernel_stays_frozen_when_the_layer_is_trained_again() -> None:
    layer: Any = layers.Dense(3, input_dim=2)
    layer.enable_lora(1)
    layer.trainable = False
    assert not layer.trainable_weights
    layer.trainable = True
    assert [w.name for w in layer.trainable_weights] == ["bias", "lora_kernel_a", "lora_kernel_b"]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_types_of_weights(dtype: str) -> None:
    layer: Any = layers.Dense(3, input_dim=4, dtype=dtype)
    layer.enable_lora(2)
    torch.nn.init.ones_(layer.lora_kernel_b)
    assert {str(w.dtype) for w in layer.trainable_weights[1:]} == {"torch.float32"}
    x = draw(2, 4).to(getattr(torch, dtype))
    made = layer(x)
    assert made.dtype == layer.kernel.dtype == x.dtype
    torch.testing.assert_close(made, x @ layer.kernel + layer.bias, rtol=2e-2, atol=2e-2)


class Doubled(layers.Dense):
    """A plugin's layer, which reads the kernel in its own call."""

    def call(self, inputs: Tensor) -> Tensor:
        return 2.0 * (inputs @ self.kernel)


def test_a_subclass_computes_with_the_merged_kernel() -> None:
    x = draw(2, 4)
    layer: Any = Doubled(3, input_dim=4)
    before = layer(x).detach()
    layer.enable_lora(2)
    torch.nn.init.ones_(layer.lora_kernel_b)
    added = 2.0 * x @ (layer.lora_kernel_a @ layer.lora_kernel_b)
    torch.testing.assert_close(layer(x), before + added)


def test_attention_with_adapters_does_not_join_its_products() -> None:
    x = draw(2, 4, 6)
    layer: Any = layers.MultiHeadAttention(2, 3)
    before = layer(x, x).detach()
    layer.query_dense.enable_lora(2)
    torch.testing.assert_close(layer(x, x), before)
    torch.nn.init.ones_(layer.query_dense.lora_kernel_b)
    assert (layer(x, x) - before).abs().max() > 1e-3


def test_merging_leaves_a_layer_without_adapter() -> None:
    x = draw(2, 4)
    layer: Any = layers.Dense(3, input_dim=4)
    layer.enable_lora(2)
    torch.nn.init.ones_(layer.lora_kernel_b)
    made = layer(x).detach()
    kplug.merge_lora(layer)
    torch.testing.assert_close(layer(x), made)
    assert [w.name for w in layer.weights] == ["kernel", "bias"]
    assert "lora_rank" not in layer.get_config()
    layer.enable_lora(3)
    torch.testing.assert_close(layer(x), made)


def test_copies_have_adapters_of_their_own() -> None:
    layer: Any = layers.Dense(3, input_dim=4)
    layer.enable_lora(2)
    twin = copy.deepcopy(layer)
    torch.nn.init.ones_(twin.lora_kernel_b)
    assert not layer.lora_kernel_b.any()
    assert twin.lora_enabled


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: layers.Dense(3).enable_lora(2), NotBuiltError, "has no kernel yet"),
        (lambda: layers.Dense(3, input_dim=2).enable_lora(0), ArgumentValueError, "'rank' is 0"),
        (lambda: layers.Dense(3, lora_rank=0), ArgumentValueError, "'lora_rank' is 0"),
        (
            lambda: layers.Dense(3, input_dim=2).enable_lora(1, -1.0),
            ArgumentValueError,
            "'lora_alpha' is -1.0",
        ),
        (
            lambda: layers.Dense(3, input_dim=2, lora_rank=1).enable_lora(1),
            ContractError,
            "has an adapter of rank 1",
        ),
        (
            lambda: layers.Dense(3, input_dim=2, kernel_constraint="non_neg").enable_lora(1),
            ContractError,
            "has a constraint",
        ),
        (
            lambda: layers.Dense(3, input_dim=2).enable_lora(1, a_initializer="he_unifrom"),
            ResolutionError,
            "he_unifrom",
        ),
    ],
)
def test_refusals(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_a_refused_adapter_changes_nothing() -> None:
    layer = layers.Dense(3, input_dim=2)
    with pytest.raises(ResolutionError):
        layer.enable_lora(1, b_initializer="zeroes")
    assert len(layer.trainable_weights) == len(layer.weights) == 2
    layer.enable_lora(1)
    with pytest.raises(ContractError, match="has an adapter of rank 1"):
        layer.enable_lora(1)


def make_model() -> Any:
    torch.manual_seed(0)
    model = Sequential(
        [
            layers.Embedding(5, 4, input_shape=(3,), name="words"),
            layers.Conv1D(4, 2, activation="relu", name="pairs"),
            layers.Flatten(),
            layers.Dense(6, activation="tanh", name="hidden"),
            layers.Dense(1, name="score"),
        ]
    )
    adapted: list[Any] = [model.layers[place] for place in (0, 1, 3)]
    for layer in adapted:
        layer.enable_lora(2)
        torch.nn.init.normal_(list_adapter(layer)[1], std=0.1)
    return model


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras's own
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_files_of_whole_models_go_both_ways(ending: str, tmp_path: Path) -> None:
    model, x = make_model(), IDS.numpy()
    expected = model.predict(x, verbose=0)
    ours, theirs = str(tmp_path / f"ours{ending}"), str(tmp_path / f"theirs{ending}")
    model.save(ours)
    read = keras.models.load_model(ours)
    made = read(IDS).detach().numpy()
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-6)
    read.save(theirs)
    for path in (ours, theirs):
        made = load_model(path, compile=False)
        np.testing.assert_allclose(made.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-6)
        assert made.layers[3].lora_enabled
        assert len(made.layers[3].trainable_weights) == 3


def test_a_loaded_adapter_can_be_trained(tmp_path: Path) -> None:
    # Keras sets both matrices to zero, so that neither has a gradient ever again.
    model = make_model()
    model.save(tmp_path / "model.keras")
    made = load_model(tmp_path / "model.keras", compile=False)
    layer: Any = made.layers[3]
    assert layer.lora_kernel_a.abs().max() > 0.1
    assert not layer.lora_kernel_b.any()
    made.compile("sgd", "mse")
    made.fit(IDS.numpy(), np.ones((2, 1)), verbose=0)
    assert layer.lora_kernel_b.any()


@pytest.mark.parametrize("ending", [".weights.h5", ".safetensors"])
def test_files_of_weights_have_merged_kernels(ending: str, tmp_path: Path) -> None:
    model, x = make_model(), IDS.numpy()
    expected = model.predict(x, verbose=0)
    model.save_weights(tmp_path / f"model{ending}")
    for other in (make_model(), _without_adapters(make_model())):
        other.load_weights(tmp_path / f"model{ending}")
        np.testing.assert_allclose(other.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-6)


def _without_adapters(model: Any) -> Any:
    kplug.merge_lora(model)
    return model


def test_a_training_state_has_the_adapters_to_the_bit(tmp_path: Path) -> None:
    models = [make_model(), make_model()]
    for model in models:
        model.compile("adam", "mse")
    first, second = models
    y = np.ones((2, 1), dtype="float32")
    first.fit(IDS.numpy(), y, epochs=2, verbose=0)
    first.save_state(tmp_path / "state.h5")
    second.load_state(tmp_path / "state.h5")
    for model in models:
        model.fit(IDS.numpy(), y, epochs=2, verbose=0)
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_adapters_and_biases_are_trained() -> None:
    model = make_model()
    model.compile("adam", "mse")
    before = {name: weight.detach().clone() for name, weight in model.named_weights()}
    model.fit(IDS.numpy(), np.ones((2, 1)), epochs=2, verbose=0)
    frozen = {
        id(get_unadapted(layer)) for layer in model.layers if getattr(layer, "lora_enabled", False)
    }
    for name, weight in model.named_weights():
        assert torch.equal(weight, before[name]) is (id(weight) in frozen), name
