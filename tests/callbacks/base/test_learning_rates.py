"""Learning rates of optimizers, read and set."""

from __future__ import annotations

import torch

from kplug import callbacks as kc
from tests.callbacks.fake_run import FakeModel, drive


def test_groups_keep_the_ratio_of_their_rates() -> None:
    model = FakeModel()
    model.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.5})
    drive(kc.LearningRateScheduler(lambda epoch: 0.2), [1.0], model)
    assert [group["lr"] for group in model.optimizer.param_groups] == [0.2, 0.1]
