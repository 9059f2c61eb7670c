"""Compiled models train as the library's own loop does, also after a reload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_optimizer
import torch
from kplug_pytorch_optimizer import optimizers
from kplug_pytorch_optimizer.table import OPTIMIZERS

import kplug
from kplug.layers import Dense
from kplug.models import Sequential, load_model

X = np.random.default_rng(0).normal(size=(48, 4)).astype("float32")
Y = X.sum(1, keepdims=True)
BATCHES = [(torch.tensor(X[at : at + 16]), torch.tensor(Y[at : at + 16])) for at in (0, 16, 32)]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "AliG": {"max_lr": 0.1},
    "BSAM": {"num_data": 48},
    "Ranger21": {"num_iterations": 100},
}
SHARP = ("FriendlySAM", "LookSAM", "SAM")
CLOSING = (*SHARP, "AliG", "BSAM", "WSAM")
WRAPPERS = ("Lookahead", "Magma", "OrthoGrad", "ScheduleFreeWrapper", "TRAC")
SECOND_ORDER = ("AdaHessian", "SophiaH")
FOR_MATRICES = ("AdaGO", "AdaMuon", "Muon", "MuonClip", "NorMuon")
A_FEW = {
    *WRAPPERS,
    *SECOND_ORDER,
    *CLOSING,
    "AdaBelief",
    "FAdam",
    "Gravity",
    "Muon",
    "QHAdam",
    "Ranger21",
    "SOAP",
}
ALL = [pytest.param(name, marks=() if name in A_FEW else pytest.mark.slow) for name in OPTIMIZERS]

# The library's own warnings, for example about a retained graph.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


def make_model(class_name: str) -> Any:
    torch.manual_seed(0)
    model = Sequential([Dense(8, activation="tanh", input_shape=(4,)), Dense(1)])
    name = f"kplug-pytorch-optimizer/{class_name.lower()}"
    model.compile({"name": name, "args": ARGUMENTS.get(class_name, {})}, "mse")
    return model


def make_original(class_name: str, model: Any) -> Any:
    """Return the library's optimizer, created as its documentation shows."""
    made = getattr(pytorch_optimizer, class_name)
    parameters = list(model.parameters())
    if class_name in WRAPPERS:
        wrapper = made(torch.optim.Adam(parameters))
        if class_name == "ScheduleFreeWrapper":
            wrapper.train()
        return wrapper
    if class_name in SHARP:
        return made(parameters, torch.optim.Adam)
    if class_name == "WSAM":
        return made(model, parameters, torch.optim.Adam)
    if class_name in FOR_MATRICES:
        matrices = [p for p in parameters if p.ndim >= 2]
        others = [p for p in parameters if p.ndim < 2]
        return made([{"params": matrices, "use_muon": True}, {"params": others, "use_muon": False}])
    return made(parameters, **ARGUMENTS.get(class_name, {}))


def train_by_hand(model: Any, optimizer: torch.optim.Optimizer, class_name: str) -> list[float]:
    losses = []
    for x, y in BATCHES:
        found: list[float] = []

        def closure(x: Any = x, y: Any = y, found: list[float] = found) -> Any:
            optimizer.zero_grad()
            loss = (model(x) - y).square().mean()
            loss.backward(create_graph=class_name in SECOND_ORDER)
            found.append(loss.item())
            return loss.detach()

        if class_name in (*SHARP, "AliG", "BSAM") and type(optimizer).__module__.startswith(
            "pytorch"
        ):
            loss = closure()  # as the library's documentation has it
            optimizer.step((lambda loss=loss: float(loss)) if class_name == "AliG" else closure)
        elif class_name in CLOSING:
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        losses.append(found[0])
    return losses


@pytest.mark.parametrize("class_name", ALL)
def test_trains_as_the_library_does_by_hand(class_name: str) -> None:
    by_hand, by_name = make_model(class_name), make_model(class_name)
    optimizer = make_original(class_name, by_hand)
    torch.manual_seed(1)
    expected = train_by_hand(by_hand, optimizer, class_name)
    torch.manual_seed(1)
    found = [float(by_name.train_on_batch(x, y)) for x, y in BATCHES]
    assert found == pytest.approx(expected, rel=1e-5)
    for ours, theirs in zip(by_name.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.sampled
@pytest.mark.parametrize("class_name", ALL)
def test_goes_on_after_a_load_as_if_nothing_had_happened(class_name: str, tmp_path: Path) -> None:
    model = make_model(class_name)
    model.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.random.seed(0)
    further = model.fit(X, Y, batch_size=16, shuffle=False, verbose=0).history["loss"]
    np.random.seed(0)
    found = loaded.fit(X, Y, batch_size=16, shuffle=False, verbose=0).history["loss"]
    assert type(loaded.optimizer) is type(model.optimizer)
    assert found == pytest.approx(further, rel=1e-5)


@pytest.mark.parametrize("class_name", ALL)
def test_by_name_it_takes_groups_in_any_loop(class_name: str) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    setting = {"A2Grad": "beta", "AliG": "max_lr"}.get(class_name, "lr")  # two have no rate
    optimizer = kplug.optimizers.get(
        {
            "name": f"kplug-pytorch-optimizer/{class_name.lower()}",
            "args": ARGUMENTS.get(class_name, {}),
        },
        model.named_parameters(),
        {"bias$": {setting: 0.125}},
    )
    assert isinstance(optimizer, torch.optim.Optimizer)
    for group in optimizer.param_groups:
        is_of_biases = all(parameter.ndim == 1 for parameter in group["params"])
        assert (group[setting] == 0.125) is is_of_biases
    train_by_hand(model, optimizer, class_name)


def test_a_wrapper_takes_an_optimizer_by_name() -> None:
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("kplug-pytorch-optimizer/lookahead(adabelief(lr=0.01), k=2)", "mse")
    model.fit(X, Y, verbose=0)
    assert isinstance(model.optimizer.optimizer, pytorch_optimizer.AdaBelief)


def test_a_wrapper_of_second_derivatives_trains() -> None:
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("kplug-pytorch-optimizer/lookahead(adahessian(lr=0.1))", "mse")
    losses = model.fit(X, Y, epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]


@pytest.mark.parametrize("name", ["schedulefreesgd", "splus"])
def test_averages_are_put_in_and_taken_out(name: str) -> None:
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile(f"kplug-pytorch-optimizer/{name}(lr=0.1)", "mse")
    model.fit(X, Y, verbose=0)
    trained = model.get_weights()[0].copy()
    model.optimizer.eval()
    assert not np.array_equal(model.get_weights()[0], trained)
    model.optimizer.train()
    np.testing.assert_allclose(model.get_weights()[0], trained, rtol=1e-4)


def test_a_perturbed_step_around_an_optimizer_of_ours() -> None:
    by_name, by_hand = make_model("SAM"), make_model("SAM")
    by_name.compile("sam(kplug/sgd(lr=0.1, momentum=0.9), rho=0.1)", "mse")
    optimizer = pytorch_optimizer.SAM(
        list(by_hand.parameters()), torch.optim.SGD, rho=0.1, lr=0.1, momentum=0.9
    )
    expected = train_by_hand(by_hand, optimizer, "SAM")
    found = [float(by_name.train_on_batch(x, y)) for x, y in BATCHES]
    assert found == pytest.approx(expected, rel=1e-5)


def test_accumulation_inside_a_perturbed_step_is_refused() -> None:
    model = make_model("SAM")
    model.compile("sam(kplug/sgd(gradient_accumulation_steps=2))", "mse")
    with pytest.raises(kplug.KplugError, match="SGD accumulates the gradients of several batches"):
        model.fit(X, Y, verbose=0)


def test_trac_says_which_optimizers_it_takes() -> None:
    with pytest.raises(Exception, match="does not take") as caught:
        optimizers.TRAC([torch.nn.Parameter(torch.zeros(2))], "kplug/adam")
    assert "torch/adam" in str(caught.value)
