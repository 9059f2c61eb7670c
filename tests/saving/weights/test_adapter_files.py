"""Low-rank adapters in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from kplug import Sequential, layers, lora
from kplug.errors import WeightsError
from kplug.layers.low_rank_adapters import find_adapters
from kplug.saving import load_lora, save_lora


def make(hidden: int = 6) -> Any:
    torch.manual_seed(0)
    dense = layers.Dense(hidden, activation="tanh", input_dim=4, name="dense")
    return Sequential([dense, layers.TorchModule(nn.Linear(hidden, 3), name="linear")])


def adapt(model: Any, alpha: float | None = 3.0) -> Any:
    lora(model, {"*.kernel": 2, "*.weight": 1}, alpha)
    for adapter in find_adapters(model).values():
        nn.init.normal_(adapter.b)
    return model


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_lora(adapt(make()), tmp_path / "adapters.safetensors")
    return tmp_path / "adapters.safetensors"


def test_the_file_holds_the_adapters_alone(file: Path) -> None:
    with safe_open(file, "pt") as opened:
        shapes = {name: opened.get_slice(name).get_shape() for name in list(opened.keys())}
    assert shapes == {
        "dense.kernel.lora_a": [4, 2],
        "dense.kernel.lora_b": [2, 6],
        "linear.module.weight.lora_a": [1, 6],
        "linear.module.weight.lora_b": [3, 1],
    }


@pytest.mark.parametrize("is_adapted", [False, True])
def test_the_base_model_with_the_file_is_the_adapted_model(file: Path, is_adapted: bool) -> None:
    x = torch.randn(2, 4)
    other = adapt(make()) if is_adapted else make()
    for adapter in find_adapters(other).values():
        nn.init.ones_(adapter.b)
    load_lora(other, file)
    torch.testing.assert_close(other(x), adapt(make())(x))
    assert len(other.trainable_weights) == 4


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (
            lambda: make(7),
            "has matrices of shapes (4, 2) and (2, 7), the file's have (4, 2) and (2, 6)",
        ),
        (lambda: adapt(make(), 5.0), "counts with alpha=5, the file's with 3"),
        (lambda: nn.Linear(4, 6), "the module lacks ('dense.kernel', 'linear.module.weight')"),
    ],
)
def test_what_does_not_fit_changes_nothing(file: Path, other: Any, text: str) -> None:
    module = other()
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    with pytest.raises(WeightsError) as caught:
        load_lora(module, file)
    assert text in str(caught.value)
    after = module.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert after.keys() == before.keys()


@pytest.mark.parametrize(
    "metadata", [None, {}, {"kplug_lora": "[]"}, {"kplug_lora": '{"w": 1.0}'}, {"kplug_lora": "{"}]
)
def test_other_files_are_refused(metadata: Any, tmp_path: Path) -> None:
    save_file({"w.lora_a": torch.zeros(2)}, tmp_path / "other.safetensors", metadata)
    with pytest.raises(WeightsError, match=r"other\.safetensors"):
        load_lora(make(), tmp_path / "other.safetensors")


def test_scalars_in_a_file_are_refused(tmp_path: Path) -> None:
    path, alphas = tmp_path / "other.safetensors", {"kplug_lora": '{"weight": 1.0}'}
    tensors = {f"weight.lora_{part}": torch.zeros(()) for part in "ab"}
    save_file(tensors, path, alphas)
    with pytest.raises(WeightsError, match="has matrices of shapes"):
        load_lora(nn.Linear(2, 2), path)


def test_a_module_without_adapters_has_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="has no low-rank adapters"):
        save_lora(make(), tmp_path / "adapters.safetensors")
