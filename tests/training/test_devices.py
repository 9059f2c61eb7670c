"""Where a model computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import backend, layers
from kplug.errors import ArgumentValueError
from kplug.models import Sequential
from kplug.training.devices import find_device, list_devices, move, move_state, read_device

X, Y = np.ones((8, 3), "float32"), np.zeros(8, "float32")


def make_model(**options: Any) -> Sequential:
    return Sequential([layers.Dense(2, **options), layers.Dense(1)])


def pretend(monkeypatch: pytest.MonkeyPatch, *, cuda: int = 0, mps: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ({}, ["cpu"]),
        ({"cuda": 2}, ["cuda", "cpu"]),
        ({"mps": True}, ["mps", "cpu"]),
        ({"cuda": 1, "mps": True}, ["cuda", "mps", "cpu"]),
    ],
)
def test_auto_takes_the_fastest_device(
    monkeypatch: pytest.MonkeyPatch, machine: dict[str, Any], expected: list[str]
) -> None:
    pretend(monkeypatch, **machine)
    assert list_devices() == expected
    assert read_device("auto", make_model()) == torch.device(expected[0])
    assert read_device(None, make_model()) is None
    assert read_device("cpu", make_model()) == torch.device("cpu")


def test_mps_is_left_out_where_it_lacks_the_type(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, mps=True)
    backend.set_floatx("float64")
    try:
        assert list_devices() == ["cpu"]
    finally:
        backend.set_floatx("float32")


@pytest.mark.parametrize("device", ["cuda", "cuda:5", "gpu", "tpu:0", 3.5, "meta"])
def test_devices_that_are_not_there_are_refused(
    monkeypatch: pytest.MonkeyPatch, device: Any
) -> None:
    pretend(monkeypatch)
    model = make_model(input_shape=(3,))
    with pytest.raises(ArgumentValueError) as caught:
        model.compile(loss="mse", device=device)
    assert str(caught.value) == (
        f"compile: argument 'device' is {device!r}; allowed: 'auto', None, or 'cpu'"
    )
    assert model.compiled is None


def test_a_number_of_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, cuda=2)
    assert read_device("cuda:1", make_model()) == torch.device("cuda:1")
    with pytest.raises(ArgumentValueError, match="'auto', None, or 'cuda' or 'cpu'"):
        read_device("cuda:2", make_model())


@pytest.mark.parametrize("has_shape", [True, False])
def test_compile_moves_the_model_as_soon_as_it_has_weights(
    monkeypatch: pytest.MonkeyPatch, has_shape: bool
) -> None:
    moves: list[torch.device] = []
    monkeypatch.setattr("kplug.training.devices.find_device", lambda model: torch.device("meta"))
    monkeypatch.setattr(Sequential, "to", lambda self, device: moves.append(device))
    model = make_model(**({"input_shape": (3,)} if has_shape else {}))
    model.compile(loss="mse", device="cpu")
    assert moves == ([torch.device("cpu")] if has_shape else [])
    if not has_shape:
        model.fit(X, Y, verbose=0)
        assert moves == [torch.device("cpu")]


def test_auto_leaves_a_model_where_somebody_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, cuda=2)
    model = make_model(input_shape=(3,))
    model.ensure_built()
    monkeypatch.setattr("kplug.training.devices.find_device", lambda model: torch.device("cuda", 1))
    assert read_device("auto", model) is None


@pytest.mark.parametrize("fused", [False, True])
def test_the_state_of_an_optimizer_goes_where_its_weights_are(fused: bool) -> None:
    weight = torch.nn.Parameter(torch.ones(3, device="meta"))
    optimizer = torch.optim.Adam([weight])
    optimizer.param_groups[0]["fused"] = fused
    optimizer.state[weight] = {"step": torch.tensor(1.0), "exp_avg": torch.ones(3)}
    move_state(optimizer)
    state = optimizer.state[weight]
    assert {name: value.device.type for name, value in state.items()} == {
        "step": "meta" if fused else "cpu",  # torch's rule, too
        "exp_avg": "meta",
    }
    move_state(object())


def test_copies_within_the_host_share_memory() -> None:
    tensor = torch.ones(3)
    assert move(tensor, torch.device("cpu")) is tensor
    assert move(tensor, torch.device("cpu"), torch.float64).dtype is torch.float64


def test_a_model_without_weights_is_on_the_cpu() -> None:
    assert find_device(Sequential([layers.Flatten(input_shape=(3,))])) == torch.device("cpu")


@pytest.mark.gpu
def test_a_gpu_is_taken_and_gives_what_the_cpu_gives() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    histories = []
    for device in ("cpu", "auto"):
        torch.manual_seed(0)
        model = make_model(input_shape=(3,))
        model.compile("adam", "mse", metrics=["mae"], device=device)
        histories.append(model.fit(X, Y, epochs=3, batch_size=4, shuffle=False, verbose=0).history)
    assert find_device(model).type == "cuda"
    for name, values in histories[0].items():
        assert histories[1][name] == pytest.approx(values, rel=1e-4)


@pytest.mark.gpu
def test_copies_to_a_gpu_are_right() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    cuda = torch.device("cuda")
    for _ in range(20):
        tensor = torch.randn(1000)
        assert torch.equal(move(tensor.clone(), cuda, torch.float64).cpu(), tensor.double())
