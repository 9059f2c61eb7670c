"""Errors of losses and metrics say in which slot of ``compile`` the code stands."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kplug import losses, metrics
from kplug.errors import DataError
from kplug.registry import resolve
from kplug.training.compile_slots import FilledSlot, NamedMetric, OutputLoss

ONES = torch.ones(2, 1)


def fail_with_theirs(y_true: Tensor, y_pred: Tensor) -> Tensor:
    raise ZeroDivisionError("the user's own")


def fail_with_ours(y_true: Tensor, y_pred: Tensor) -> Tensor:
    raise DataError("no such data")


def make_loss(given: Any) -> OutputLoss:
    filled = FilledSlot("loss[score]", resolve("loss", given))
    loss = filled.object
    assert isinstance(loss, losses.Loss)
    return OutputLoss("score", 0, loss, 1.0, filled)


def make_metric(given: Any) -> NamedMetric:
    filled = FilledSlot("metrics[score][1]", resolve("metric", given))
    metric = filled.object
    assert isinstance(metric, metrics.Metric)
    return NamedMetric("given", metric, False, 0, filled)


def test_an_error_of_another_library_keeps_its_text_and_has_the_slot_as_a_note() -> None:
    with pytest.raises(ZeroDivisionError) as of_loss:
        make_loss(fail_with_theirs).compute(ONES, ONES, None)
    with pytest.raises(ZeroDivisionError) as of_metric:
        make_metric(fail_with_theirs).update(ONES, ONES, None)
    assert str(of_loss.value) == str(of_metric.value) == "the user's own"
    note = "kplug: raised by what was given to compile as "
    if hasattr(of_loss.value, "add_note"):
        assert getattr(of_loss.value, "__notes__", None) == [f"{note}loss[score]"]
        assert getattr(of_metric.value, "__notes__", None) == [f"{note}metrics[score][1]"]


def test_an_error_of_ours_has_the_slot_in_front() -> None:
    with pytest.raises(DataError, match=r"^loss\[score\]: no such data"):
        make_loss(fail_with_ours).compute(ONES, ONES, None)
    with pytest.raises(DataError, match=r"^metrics\[score\]\[1\]: no such data"):
        make_metric(fail_with_ours).update(ONES, ONES, None)
