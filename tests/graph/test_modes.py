"""Training and evaluation mode for a block."""

from __future__ import annotations

import pytest
from torch import nn

from kplug.graph import in_mode


@pytest.mark.parametrize("is_training", [True, False])
def test_each_module_returns_to_its_own_mode(is_training: bool) -> None:
    trained, evaluated = nn.Dropout().train(), nn.Dropout().eval()
    with in_mode([trained, evaluated], is_training):
        assert (trained.training, evaluated.training) == (is_training, is_training)
    assert (trained.training, evaluated.training) == (True, False)


def test_a_module_may_be_listed_twice() -> None:
    module = nn.Dropout().train()
    with in_mode([module, module], is_training=False):
        assert not module.training
    assert module.training
