"""Losses by name on torch's conventions."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import kplug
from kplug import losses
from kplug.errors import ArgumentValueError, ContractError
from kplug.losses import Criterion, TorchConvention

GENERATOR = torch.Generator().manual_seed(0)
SCORES = torch.randn(2, 3, 5, 4, generator=GENERATOR)
LABELS = torch.randint(0, 3, (2, 5, 4), generator=GENERATOR)
SHARES = torch.rand(2, 3, 5, 4, generator=GENERATOR)

ORACLES: list[tuple[str, Tensor, Tensor, Tensor]] = [
    (
        "sparse_categorical_crossentropy(from_logits=True)",
        SCORES,
        LABELS,
        F.cross_entropy(SCORES, LABELS),
    ),
    (
        "categorical_crossentropy(from_logits=True)",
        SCORES,
        F.one_hot(LABELS, 3).movedim(-1, 1).float(),
        F.cross_entropy(SCORES, LABELS),
    ),
    (
        "binary_crossentropy(from_logits=True)",
        SCORES,
        SHARES,
        F.binary_cross_entropy_with_logits(SCORES, SHARES),
    ),
    ("torch/cross_entropy_loss", SCORES, LABELS, F.cross_entropy(SCORES, LABELS)),
    ("mse", SCORES[..., 0], SHARES[..., 0], F.mse_loss(SCORES[..., 0], SHARES[..., 0])),
    ("mse", SCORES[:, 0, 0], SHARES[:, 0, 0], F.mse_loss(SCORES[:, 0, 0], SHARES[:, 0, 0])),
    (
        "mse",
        SCORES[:, 0, 0, 0],
        SHARES[:, 0, 0, :1],
        F.mse_loss(SCORES[:, 0, 0, :1], SHARES[:, 0, 0, :1]),
    ),
    (
        "sparse_categorical_crossentropy(from_logits=True)",
        SCORES[:, :, 0, 0],
        LABELS[:, 0, 0],
        F.cross_entropy(SCORES[:, :, 0, 0], LABELS[:, 0, 0]),
    ),
]


@pytest.mark.parametrize(("name", "inputs", "targets", "expected"), ORACLES)
def test_it_is_called_as_torchs_and_computes_the_same(
    name: str, inputs: Tensor, targets: Tensor, expected: Tensor
) -> None:
    criterion = losses.get(f"torch_convention({name})")
    assert isinstance(criterion, nn.Module)
    torch.testing.assert_close(criterion(inputs, targets), expected)


def test_the_gradient_reaches_the_input() -> None:
    inputs = SCORES.clone().requires_grad_()
    losses.get("torch_convention(kl_divergence)")(inputs.softmax(1), SHARES).backward()
    assert inputs.grad is not None
    assert inputs.grad.shape == SCORES.shape


def test_the_layout_may_be_the_other_one() -> None:
    name = "torch_convention(categorical_crossentropy, data_format='channels_last')"
    last = SHARES.movedim(1, -1).softmax(-1)
    torch.testing.assert_close(
        losses.get(name)(last, last), losses.get("categorical_crossentropy")(last, last)
    )


def test_weights_are_for_samples_or_places() -> None:
    criterion = losses.get("torch_convention(sparse_categorical_crossentropy(from_logits=True))")
    values = F.cross_entropy(SCORES, LABELS, reduction="none")
    weights = torch.rand(2, 5, 4)
    torch.testing.assert_close(criterion(SCORES, LABELS, weights), (values * weights).mean())
    one_each = torch.tensor([0.5, 2.0])
    torch.testing.assert_close(
        criterion(SCORES, LABELS, one_each), (values * one_each[:, None, None]).mean()
    )


def test_a_mask_of_the_predictions_counts() -> None:
    mask = torch.tensor([[True, False, True, True], [True, True, False, False]])
    inputs = SCORES[:, :, 0].clone()
    inputs._keras_mask = mask  # type: ignore[attr-defined]
    criterion = losses.get("torch_convention(sparse_categorical_crossentropy(from_logits=True))")
    values = F.cross_entropy(SCORES[:, :, 0], LABELS[:, 0], reduction="none")
    torch.testing.assert_close(criterion(inputs, LABELS[:, 0]), values[mask].mean())


def make_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 3, 1))


@pytest.mark.parametrize("as_module", [False, True])
def test_fit_of_a_torch_network_takes_it(as_module: bool) -> None:
    name = "torch_convention(sparse_categorical_crossentropy(from_logits=True))"
    ours, theirs = make_network(), make_network()
    model = kplug.Sequential([ours])
    model.compile(
        "torch/sgd(lr=0.1)",
        losses.get(name) if as_module else name,
        metrics=["torch_convention(sparse_categorical_accuracy)"],
        device="cpu",
    )
    history = model.fit(SCORES, LABELS, batch_size=2, epochs=2, verbose=0).history
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    expected = []
    for _ in range(2):
        loss = F.cross_entropy(theirs(SCORES), LABELS)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        expected.append(loss.item())
    assert history["loss"] == pytest.approx(expected, rel=1e-5)
    assert "sparse_categorical_accuracy" in history
    row = next(row for row in model.components if row.slot == "loss")
    assert row.name == "kplug/torch_convention"
    assert row.arguments["data_format"] == "channels_first"


def test_what_it_wraps_is_recorded() -> None:
    found = kplug.resolve("loss", "torch_convention(huber(delta=2.0))")
    assert found.children["loss"].component.qualified_name == "kplug/huber"
    assert str(found.spec).startswith(
        "kplug/torch_convention(data_format='channels_first', loss=kplug/huber("
    )


def test_its_configuration_makes_it_again() -> None:
    loss = TorchConvention("huber(delta=2.0)")
    again = TorchConvention.from_config(loss.get_config())
    assert again.loss.get_config() == loss.loss.get_config()
    described = losses.serialize(loss)
    assert losses.deserialize(described).loss.delta == 2.0  # type: ignore[union-attr]
    assert losses.as_loss(Criterion(loss)) is loss


def test_it_is_copied_with_a_module() -> None:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.criterion = losses.get("torch_convention(mse)")

    network = copy.deepcopy(Network())
    assert network.criterion(torch.ones(2), torch.zeros(2)).item() == 1.0
    assert not list(network.parameters())
    assert "mean_squared_error" in repr(network)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        losses.get("torch_convention(mse, data_format='NCHW')")
    assert str(caught.value) == (
        "torch_convention: argument 'data_format' is 'NCHW'; allowed: 'channels_first' or 'channels_last'"
    )
    with pytest.raises(ContractError, match="torch_convention: there is no loss to adapt"):
        TorchConvention(None)


def test_arrays_stay_as_they_are() -> None:
    criterion = losses.get("torch_convention(mse)")
    assert criterion(np.ones((2, 3)), np.zeros((2, 3))).item() == 1.0
