"""The modules inside a module, and their training or evaluation mode."""

from __future__ import annotations

import pytest
from torch import nn

from kplug.graph import in_mode, leave_training, list_modules


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


def test_modules_are_listed_as_torch_lists_them() -> None:
    shared, single = nn.Sequential(nn.Tanh(), nn.ReLU()), nn.Flatten()
    outer = nn.Sequential(nn.Sequential(shared, single), shared, nn.Sigmoid())
    outer.register_module("nothing", None)
    outer.append(nn.ModuleDict({"inner": nn.Sequential(single)}))
    assert list_modules(outer) == list(outer.modules())


def test_a_single_module_in_training_mode_puts_all_into_evaluation_mode() -> None:
    calls = []

    class Noticing(nn.Module):
        def train(self, mode: bool = True) -> Noticing:
            calls.append(mode)
            return super().train(mode)

    inner = nn.Dropout()
    outer = nn.Sequential(Noticing(), nn.Sequential(inner)).eval()
    calls.clear()
    leave_training(outer)
    assert calls == []
    inner.train()
    leave_training(outer)
    assert calls == [False]
    assert not any(module.training for module in outer.modules())
