"""Each loss on channels-last data against MONAI's on channels-first data."""

from __future__ import annotations

import pickle
from typing import Any

import monai.losses
import numpy as np
import pytest
import torch
from kplug_monai.table import LOSSES
from torch import Tensor

import kplug
from kplug.layers import Conv2D
from kplug.losses import get

CHANCE = torch.Generator().manual_seed(0)
EMBEDDINGS = torch.randn(4, 6, generator=CHANCE), torch.randn(4, 6, generator=CHANCE)
BOXES = torch.tensor([[0.0, 0.0, 2.0, 3.0]]), torch.tensor([[1.0, 1.0, 3.0, 3.0]])
DISTANCES = [[0.0, 1.0, 1.0], [1.0, 0.0, 0.5], [1.0, 0.5, 0.0]]


def draw(*shape: int) -> Tensor:
    return torch.rand(shape, generator=CHANCE)


def make_images(form: str, *spatial: int) -> tuple[Tensor, Tensor]:
    """Return targets and predictions with the channels last."""
    ids = torch.randint(0, 3, (2, *spatial), generator=CHANCE)
    one_hot = torch.nn.functional.one_hot(ids, 3).float()
    if form == "scalars":
        return draw(2, *spatial, 1), draw(2, *spatial, 1)
    targets = {"one_hot": one_hot, "two": one_hot[..., :2], "ids": ids, "ids_last": ids[..., None]}
    return targets[form], draw(2, *spatial, 2 if form == "two" else 3)


# The class, its arguments, the form of its images.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("AsymmetricUnifiedFocalLoss", {}, "two"),
    ("BoundaryLoss", {"softmax": True}, "one_hot"),
    ("DiceCELoss", {"softmax": True}, "one_hot"),
    ("DiceCELoss", {"softmax": True, "to_onehot_y": True}, "ids_last"),
    ("DiceFocalLoss", {"sigmoid": True}, "one_hot"),
    ("DiceLoss", {"include_background": False, "batch": True, "sigmoid": True}, "one_hot"),
    ("DiceLoss", {"softmax": True, "to_onehot_y": True}, "ids_last"),
    ("DiceLoss", {"weight": [1.0, 2.0, 0.5]}, "one_hot"),
    ("FocalLoss", {"gamma": 1.5}, "one_hot"),
    ("GeneralizedDiceFocalLoss", {"softmax": True}, "one_hot"),
    ("GeneralizedDiceLoss", {"softmax": True}, "one_hot"),
    ("GeneralizedWassersteinDiceLoss", {"dist_matrix": DISTANCES}, "ids"),
    ("GlobalMutualInformationLoss", {}, "scalars"),
    ("HausdorffDTLoss", {"softmax": True}, "one_hot"),
    ("LogHausdorffDTLoss", {"softmax": True}, "one_hot"),
    ("MCCLoss", {"softmax": True}, "one_hot"),
    ("SoftDiceclDiceLoss", {"softmax": True}, "one_hot"),
    ("SoftclDiceLoss", {"softmax": True}, "one_hot"),
    ("TverskyLoss", {"alpha": 0.3, "beta": 0.7, "softmax": True}, "one_hot"),
]
BY_RANK: list[tuple[str, str, str]] = [
    ("JukeboxLoss", "spatial_dims", "scalars"),
    ("LocalNormalizedCrossCorrelationLoss", "spatial_dims", "scalars"),
    ("NACLLoss", "dim", "ids"),
    ("SSIMLoss", "spatial_dims", "scalars"),
]
FLAT = {"BarlowTwinsLoss": EMBEDDINGS, "BoxGIoULoss": BOXES, "ContrastiveLoss": EMBEDDINGS}


def assert_equal(
    class_name: str, arguments: dict[str, Any], y_true: Tensor, y_pred: Tensor
) -> None:
    given = {
        key: np.array(value) if key == "dist_matrix" else value for key, value in arguments.items()
    }
    original = getattr(monai.losses, class_name)(**given)
    rank = y_pred.ndim
    moved = [each.movedim(-1, 1) if each.ndim == rank > 2 else each for each in (y_pred, y_true)]
    expected = original(*moved)
    name = LOSSES[class_name][0]
    loss: Any = get({"name": f"kplug-monai/{name}", "args": arguments})
    found = loss(y_true, y_pred)
    torch.testing.assert_close(found, expected.to(found.dtype))


def test_every_loss_has_a_case() -> None:
    assert {name for name, *_ in (*CASES, *BY_RANK)} | FLAT.keys() == LOSSES.keys()


@pytest.mark.parametrize("spatial", [(16, 13), (14, 13, 12)], ids=["2-D", "3-D"])
@pytest.mark.parametrize(("class_name", "arguments", "form"), CASES)
def test_the_value_is_monai_s(
    class_name: str, arguments: dict[str, Any], form: str, spatial: tuple[int, ...]
) -> None:
    assert_equal(class_name, arguments, *make_images(form, *spatial))


@pytest.mark.parametrize("spatial", [(16, 13), (14, 13, 12)], ids=["2-D", "3-D"])
@pytest.mark.parametrize(("class_name", "argument", "form"), BY_RANK)
def test_the_value_of_a_loss_that_is_told_the_rank(
    class_name: str, argument: str, form: str, spatial: tuple[int, ...]
) -> None:
    arguments = {argument: len(spatial), **({"classes": 3} if class_name == "NACLLoss" else {})}
    assert_equal(class_name, arguments, *make_images(form, *spatial))


@pytest.mark.parametrize("class_name", FLAT)
def test_the_value_of_a_loss_of_rows(class_name: str) -> None:
    assert_equal(class_name, {}, *FLAT[class_name])


def test_a_loss_can_be_pickled() -> None:
    loss: Any = get("kplug-monai/dice_loss(softmax=True)")
    y_true, y_pred = make_images("one_hot", 6, 5)
    assert pickle.loads(pickle.dumps(loss))(y_true, y_pred) == loss(y_true, y_pred)


def test_a_model_trains_with_one() -> None:
    y_true, x = make_images("one_hot", 8, 8)
    model = kplug.Sequential([Conv2D(3, 3, padding="same", input_shape=(8, 8, 3))])
    model.compile("adam", "dice_ce_loss(softmax=True)", metrics=["dice_metric(argmax=True)"])
    losses = model.fit(x, y_true, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    origins = {row.package.partition(" ")[0] for row in model.components}
    assert "kplug-monai" in origins


def test_a_misspelt_argument_is_named() -> None:
    with pytest.raises(kplug.KplugError, match="Did you mean 'softmax'"):
        get("dice_ce_loss(softmx=True)")
