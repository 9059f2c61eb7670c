"""Recurrent layers under torch.compile and torch.func: the same numbers and gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from kplug import layers
from kplug.layers.recurrent.base.fused_kernels import _can_narrow_lstm
from kplug.models import Sequential
from tests.layers.inputs import draw


@pytest.fixture(autouse=True)
def _forget_graphs() -> Iterator[None]:
    """Each layer's call is the same code to torch, which compiles it for 8 layers at most."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def _states_of(layer: Any) -> list[Tensor]:
    return [state.clone() for state in getattr(layer, "states", None) or []]


CASES: dict[str, Any] = {
    "SimpleRNN": lambda: layers.SimpleRNN(3),
    "SimpleRNN without bias": lambda: layers.SimpleRNN(3, use_bias=False, return_sequences=True),
    "LSTM": lambda: layers.LSTM(3, return_sequences=True),
    "LSTM without bias": lambda: layers.LSTM(3, use_bias=False),
    "LSTM of float64": lambda: layers.LSTM(3, dtype="float64"),
    "LSTM with states": lambda: layers.LSTM(3, return_state=True),
    "LSTM of Keras 2": lambda: layers.LSTM(3, recurrent_activation="hard_sigmoid"),
    "GRU": lambda: layers.GRU(3, go_backwards=True),
    "GRU of Keras 2": lambda: layers.GRU(3, reset_after=False),
    "stacked": lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(3)),
    "stateful": lambda: layers.GRU(3, stateful=True),
}


QUICK = ("LSTM", "GRU")
MARKED = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]


@pytest.mark.slow
@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("has_mask", [False, True])
def test_one_graph(name: str, has_mask: bool) -> None:
    layer = CASES[name]()
    x = draw(2, 4, 2)
    mask = torch.tensor([[1, 1, 0, 0], [1, 0, 1, 1]]).bool() if has_mask else None
    found = []
    for function in (layer, torch.compile(layer, fullgraph=True, backend="aot_eager")):
        layer(x, mask=mask)  # builds it, and makes states
        if name == "stateful":
            layer.reset_states([draw(2, 3, seed=1)])
        ours_x = x.clone().requires_grad_()
        outputs = function(ours_x, mask=mask)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        for parameter in layer.parameters():
            parameter.grad = None
        sum(
            (one * torch.arange(1.0, one.numel() + 1).view(one.shape)).sum() for one in outputs
        ).backward()
        gradients = [ours_x.grad, *(parameter.grad for parameter in layer.parameters())]
        found.append([*outputs, *gradients, *_states_of(layer)])
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_functional_call(name: str) -> None:
    layer = CASES[name]()
    x = draw(2, 4, 2)
    layer(x)
    parameters = {key: value.detach() for key, value in layer.named_parameters()}

    def total(values: dict[str, Tensor]) -> Tensor:
        # A stateful layer writes into its buffers, which torch.func allows for its own tensors only.
        buffers = {key: torch.zeros_like(value) for key, value in layer.named_buffers()}
        outputs = torch.func.functional_call(layer, {**values, **buffers}, (x,))
        outputs = outputs if isinstance(outputs, list) else [outputs]
        return torch.stack([one.square().sum() for one in outputs]).sum()

    gradients = torch.func.grad(total)(parameters)
    if name == "stateful":
        layer.reset_states()
    outputs = layer(x)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    torch.stack([one.square().sum() for one in outputs]).sum().backward()  # type: ignore[no-untyped-call]
    for key, parameter in layer.named_parameters():
        torch.testing.assert_close(gradients[key], parameter.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", ["LSTM", "GRU", "Bidirectional"])
def test_training_as_one_graph(name: str) -> None:
    """``jit_compile`` trains as the plain step does."""
    histories = []
    for is_compiled in (False, True):
        torch.manual_seed(0)
        model = Sequential([layers.Input((6, 2)), CASES[name](), layers.Flatten(), layers.Dense(1)])
        model.ensure_built()
        model.set_weights([draw(*weight.shape, seed=3).numpy() for weight in model.weights])
        model.compile("adam", "mse", jit_compile=is_compiled)
        x, y = draw(32, 6, 2).numpy(), draw(32, 1, seed=1).numpy()
        history = model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0)
        histories.append(torch.tensor(history.history["loss"]))
    torch.testing.assert_close(*histories, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bfloat16", "float16"])
@pytest.mark.parametrize("is_narrow", [False, True], ids=["wide input", "narrow input"])
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_autocast_on_any_processor(kind: str, is_narrow: bool, dtype: torch.dtype) -> None:
    layer = getattr(layers, kind)(3, return_sequences=True)
    x = draw(2, 4, 2)
    expected = layer(x).detach()
    with torch.autocast("cpu", dtype):
        found = layer(x.to(dtype) if is_narrow else x)
    found.float().sum().backward()
    torch.testing.assert_close(found.detach().float(), expected, rtol=0.0, atol=0.02)
    assert all(weight.grad is not None for weight in layer.parameters())


def test_what_a_processor_has_is_found_without_fake_tensors() -> None:
    with FakeTensorMode():
        found = _can_narrow_lstm.__wrapped__(torch.bfloat16)
    assert found == _can_narrow_lstm.__wrapped__(torch.bfloat16)
