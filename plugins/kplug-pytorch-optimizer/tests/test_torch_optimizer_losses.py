"""Each loss on Keras's targets and axes, against the library on its own."""

from __future__ import annotations

from typing import Any

import pytest
import pytorch_optimizer
import torch
from kplug_pytorch_optimizer.adapted import LOSSES
from torch import Tensor

import kplug
from kplug.losses import get


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def draw_classes(number: int, *shape: int) -> Tensor:
    return torch.randint(0, number, shape, generator=torch.Generator().manual_seed(1))


def one_hot(ids: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(ids, 3).float()


ROWS, ROW_IDS = 2 * draw(6, 3) - 1, draw_classes(3, 6)
IMAGES, IMAGE_IDS = 2 * draw(2, 4, 5, 3) - 1, draw_classes(3, 2, 4, 5)
SCORES, LABELS = draw(6, 1), draw_classes(2, 6, 1).float()
MAPS, MASKS = draw(2, 4, 5, 1), draw_classes(2, 2, 4, 5, 1).float()

ROW_TARGETS = [ROW_IDS, ROW_IDS[:, None], ROW_IDS.float(), one_hot(ROW_IDS)]
IMAGE_TARGETS = [IMAGE_IDS, IMAGE_IDS[..., None], one_hot(IMAGE_IDS)]
TEMPERATURES = {"t1": 0.8, "t2": 1.2}

# The loss and its arguments, predictions and targets of ours in all their forms, and the library's.
CASES: list[tuple[str, dict[str, Any], Tensor, list[Tensor], Tensor, Tensor]] = [
    *[
        (name, {}, SCORES, [LABELS, LABELS[:, 0], LABELS.long()], SCORES, LABELS)
        for name in ("bce_focal_loss", "bce_loss", "focal_loss", "focal_tversky_loss")
    ],
    *[
        (name, {}, SCORES, [LABELS, LABELS[:, 0], LABELS.long()], SCORES, LABELS)
        for name in ("lovasz_hinge_loss", "soft_f1_loss", "tversky_loss")
    ],
    ("binary_bi_tempered_logistic_loss", TEMPERATURES, SCORES, [LABELS], SCORES, LABELS),
    ("bi_tempered_logistic_loss", TEMPERATURES, ROWS, ROW_TARGETS, ROWS, ROW_IDS),
    ("bi_tempered_logistic_loss", TEMPERATURES, IMAGES, IMAGE_TARGETS, IMAGES, IMAGE_IDS),
    ("focal_cosine_loss", {}, ROWS, ROW_TARGETS, ROWS, ROW_IDS),
    ("ldam_loss", {"num_class_list": [3, 2, 1]}, ROWS, ROW_TARGETS, ROWS, ROW_IDS),
    *[
        (name, {"mode": mode}, ours, targets, ours.movedim(-1, 1), theirs)
        for name in ("dice_loss", "jaccard_loss")
        for mode, ours, targets, theirs in (
            ("multiclass", IMAGES, IMAGE_TARGETS, IMAGE_IDS),
            ("multilabel", IMAGES, IMAGE_TARGETS[-1:], one_hot(IMAGE_IDS).movedim(-1, 1)),
            ("binary", MAPS, [MASKS, MASKS[..., 0]], MASKS.movedim(-1, 1)),
        )
    ],
]


def test_every_loss_has_a_case() -> None:
    assert {name for name, *_ in CASES} == LOSSES.keys()


@pytest.mark.parametrize(("name", "arguments", "predictions", "targets", "theirs", "wanted"), CASES)
def test_the_value_is_the_library_s(
    name: str,
    arguments: dict[str, Any],
    predictions: Tensor,
    targets: list[Tensor],
    theirs: Tensor,
    wanted: Tensor,
) -> None:
    expected = getattr(pytorch_optimizer, LOSSES[name])(**arguments)(theirs, wanted)
    loss: Any = get({"name": f"kplug-pytorch-optimizer/{name}", "args": arguments})
    for target in targets:
        torch.testing.assert_close(loss(target, predictions), expected)


def test_class_weights_are_a_list() -> None:
    arguments = {"num_class_list": [3, 2, 1], "weight": [1.0, 2.0, 3.0]}
    loss: Any = get({"name": "ldam_loss", "args": arguments})
    original = pytorch_optimizer.LDAMLoss([3, 2, 1], weight=torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(loss(ROW_IDS, ROWS), original(ROWS, ROW_IDS))


def test_the_bare_name_of_a_common_loss_is_left_to_others() -> None:
    assert kplug.resolve("loss", "bce_loss").component.origin.distribution == "torch"
    assert kplug.resolve("loss", "soft_f1_loss").component.origin.distribution.endswith("optimizer")
