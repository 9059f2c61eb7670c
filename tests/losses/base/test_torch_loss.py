"""torch's loss modules: their own numbers, in Keras's argument order."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import losses
from kplug.errors import ContractError, DataError, KplugWarning
from kplug.layers import Dense
from kplug.models import Sequential

GENERATOR = torch.Generator().manual_seed(3)
REAL = torch.randn(6, 3, generator=GENERATOR)
COLUMN = torch.randn(6, 1, generator=GENERATOR)
IDS = torch.tensor([0, 2, 1, 1, 0, 2])
LABELS = torch.tensor([0, 1, 1, 0, 1, 0])
CLASS_WEIGHTS = torch.tensor([1.0, 2.0, 0.5])

ELEMENTWISE: list[nn.Module] = [
    nn.MSELoss(),
    nn.L1Loss(),
    nn.SmoothL1Loss(),
    nn.HuberLoss(delta=0.5),
    nn.BCEWithLogitsLoss(),
    nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0])),
    nn.SoftMarginLoss(),
    nn.PoissonNLLLoss(),
    nn.HingeEmbeddingLoss(),
    nn.MSELoss(reduction="sum"),
    nn.MSELoss(reduction="none"),
]
OF_IDS: list[nn.Module] = [
    nn.CrossEntropyLoss(),
    nn.CrossEntropyLoss(weight=CLASS_WEIGHTS),
    nn.CrossEntropyLoss(ignore_index=2),
    nn.CrossEntropyLoss(label_smoothing=0.1, weight=CLASS_WEIGHTS),
    nn.CrossEntropyLoss(reduction="sum"),
    nn.NLLLoss(weight=CLASS_WEIGHTS, ignore_index=0),
    nn.MultiMarginLoss(),
]


@pytest.mark.parametrize("module", ELEMENTWISE, ids=str)
@pytest.mark.parametrize("targets", [LABELS, LABELS.float(), LABELS.unsqueeze(-1), LABELS.double()])
def test_elementwise_modules_give_torchs_number(module: nn.Module, targets: Tensor) -> None:
    expected = module(COLUMN, LABELS.float().unsqueeze(-1))
    assert torch.equal(losses.as_loss(module)(targets, COLUMN), expected)


class BySample(nn.Module):
    """Has no ``reduction``, and returns one value a sample."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).abs().mean(-1)


def test_a_module_without_reduction_may_return_a_value_a_sample() -> None:
    loss, targets = losses.as_loss(BySample()), torch.zeros(6, 3)
    values = REAL.abs().mean(-1)
    torch.testing.assert_close(loss(targets, REAL), values.mean())
    weights = torch.linspace(0.5, 2.5, 6)
    torch.testing.assert_close(loss(targets, REAL, weights), (weights * values).mean())
    model = Sequential([Dense(3, input_dim=3)])
    model.compile("sgd", BySample())
    history = model.fit(REAL, targets, batch_size=6, epochs=2, shuffle=False, verbose=0).history
    assert history["loss"][1] < history["loss"][0]


@pytest.mark.parametrize("module", OF_IDS, ids=str)
@pytest.mark.parametrize(
    "targets", [IDS, IDS.float(), IDS.unsqueeze(-1), IDS.unsqueeze(-1).float()]
)
def test_modules_of_class_ids_give_torchs_number(module: nn.Module, targets: Tensor) -> None:
    assert torch.equal(losses.as_loss(module)(targets, REAL), module(REAL, IDS))


def test_cross_entropy_of_distributions() -> None:
    targets = torch.softmax(torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), -1)
    module = nn.CrossEntropyLoss()
    assert torch.equal(losses.as_loss(module)(targets.double(), REAL), module(REAL, targets))


@pytest.mark.parametrize("module", [*ELEMENTWISE[:9], nn.KLDivLoss(reduction="batchmean")], ids=str)
def test_weights_of_one_change_nothing_elementwise(module: nn.Module) -> None:
    loss = losses.as_loss(module)
    torch.testing.assert_close(loss(LABELS, COLUMN, torch.ones(6)), loss(LABELS, COLUMN))


@pytest.mark.parametrize("module", OF_IDS, ids=str)
def test_weights_of_one_change_nothing_for_class_ids(module: nn.Module) -> None:
    loss = losses.as_loss(module)
    torch.testing.assert_close(loss(IDS, REAL, torch.ones(6)), loss(IDS, REAL))


def test_weights_act_on_single_samples() -> None:
    weights = torch.tensor([1.0, 2.0, 0.0, 1.0, 0.0, 3.0])
    values = nn.CrossEntropyLoss(reduction="none")(REAL, IDS)
    loss = losses.as_loss(nn.CrossEntropyLoss())(IDS, REAL, weights)
    torch.testing.assert_close(loss, (values * weights).sum() / 6)


def test_mask_leaves_samples_out() -> None:
    kept = torch.tensor([True, True, False, True, False, True])
    module = nn.CrossEntropyLoss(weight=CLASS_WEIGHTS)
    loss = losses.TorchLoss(module)(IDS, REAL, mask=kept)
    torch.testing.assert_close(loss, module(REAL[kept], IDS[kept]))


class TorchOrder(nn.Module):
    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return (2 * prediction - target).mean()


class KerasOrder(nn.Module):
    def forward(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (2 * y_pred - y_true).mean()


class OfIds(nn.Module):
    def forward(self, logits: Tensor, ids: Tensor) -> Tensor:
        return nn.functional.cross_entropy(logits, ids)


@pytest.mark.parametrize("module", [TorchOrder(), KerasOrder()], ids=["torch", "keras"])
def test_a_users_module_is_called_in_its_order(module: nn.Module) -> None:
    loss = losses.as_loss(module)
    assert loss(torch.zeros(3), torch.ones(3, 1)).item() == 2.0


def test_integer_targets_of_a_users_module_stay_integers() -> None:
    expected = nn.functional.cross_entropy(REAL, IDS)
    assert torch.equal(losses.as_loss(OfIds())(IDS, REAL), expected)


def test_a_users_module_of_one_number_warns_about_weights() -> None:
    loss = losses.as_loss(TorchOrder())
    with pytest.warns(KplugWarning, match="cannot act on single samples"):
        assert loss(torch.zeros(2), torch.ones(2, 1), [1.0, 2.0]).item() == 3.0


@pytest.mark.parametrize(
    "function", [nn.functional.binary_cross_entropy_with_logits, nn.functional.smooth_l1_loss]
)
def test_torch_functions_take_predictions_first(function: Any) -> None:
    targets = LABELS.float().unsqueeze(-1)
    assert torch.equal(losses.as_loss(function)(LABELS, COLUMN), function(COLUMN, targets))


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.TripletMarginLoss(), "forward(anchor, positive, negative)"),
        (nn.CTCLoss(), "forward(log_probs, targets, input_lengths, target_lengths)"),
    ],
)
def test_modules_with_other_arguments_are_refused(module: nn.Module, reason: str) -> None:
    with pytest.raises(ContractError) as caught:
        losses.as_loss(module)
    assert str(caught.value).startswith(f"{reason} cannot be used as a loss: missing a required")


def test_wrong_shapes_name_both() -> None:
    with pytest.raises(DataError) as caught:
        losses.as_loss(nn.MSELoss())(torch.zeros(6, 2), REAL)
    assert str(caught.value).startswith(
        "mse_loss: y_true has shape (6, 2) and y_pred has shape (6, 3); the two must have the same shape"
    )
    with pytest.raises(DataError) as caught:
        losses.as_loss(nn.CrossEntropyLoss())(torch.zeros(6, 2), REAL)
    assert str(caught.value) == (
        "cross_entropy_loss: y_true has shape (6, 2) and y_pred has shape (6, 3); the two must have "
        "the same shape\n  Give class ids of shape (N,) or (N, 1) with predictions of shape (N, classes)."
    )


def test_classes_on_the_last_axis_are_refused_where_torch_has_them_on_the_second() -> None:
    ids, p = torch.randint(0, 3, (2, 4, 5)), torch.randn(2, 4, 5, 3)
    one_hot = nn.functional.one_hot(ids, 3).float()
    loss = losses.as_loss(nn.CrossEntropyLoss())
    hint = (
        "\n  'torch/cross_entropy_loss' by name, and a module that kplug.channels_first adapted, have them "
        "on the last axis: class ids of shape (N, …) with predictions of shape (N, …, classes)."
    )
    with pytest.raises(DataError) as caught:
        loss(one_hot, p)
    assert str(caught.value) == (
        "cross_entropy_loss: y_true of shape (2, 4, 5, 3) has probabilities of classes on its last axis; "
        f"torch's module has the classes on axis 1{hint}"
    )
    with pytest.raises(DataError) as caught:
        loss(ids, p)
    assert str(caught.value).endswith(f"the two must have the same shape{hint}")
    expected = nn.CrossEntropyLoss()(p.movedim(-1, 1), one_hot.movedim(-1, 1))
    assert torch.equal(loss(one_hot.movedim(-1, 1), p.movedim(-1, 1)), expected)
    torch.testing.assert_close(
        losses.as_loss(kplug.channels_first(nn.CrossEntropyLoss()))(one_hot, p), expected
    )


def test_the_original_module_is_not_changed() -> None:
    module = nn.CrossEntropyLoss(weight=CLASS_WEIGHTS)
    losses.as_loss(module)(IDS, REAL, torch.ones(6))
    assert module.reduction == "mean"


def test_class_weights_follow_the_predictions() -> None:
    module = nn.CrossEntropyLoss(weight=CLASS_WEIGHTS.clone())
    loss = losses.TorchLoss(module)
    loss.align(IDS.to("meta"), REAL.to("meta"))
    assert module.weight is not None
    assert module.weight.device.type == "meta"
    assert loss._unreduced.weight.device.type == "meta"


def test_configuration_without_the_module_is_refused() -> None:
    loss = losses.TorchLoss(nn.MSELoss())
    with pytest.raises(ContractError) as caught:
        losses.TorchLoss.from_config(loss.get_config())
    assert str(caught.value) == (
        "the module 'custom/MSELoss' is not part of its configuration\n"
        "  Refer to it by name, such as 'torch/BCEWithLogitsLoss'."
    )
