"""The keys of the state that each optimizer keeps for a weight."""

from __future__ import annotations

import torch

from kplug import optimizers
from kplug.optimizers.base.state_keys import counts_per_weight, list_keys


def test_keys_follow_the_settings_of_the_group() -> None:
    assert list_keys(optimizers.Adam(), {"amsgrad": True}) == {
        "step",
        "exp_avg",
        "exp_avg_sq",
        "max_exp_avg_sq",
    }
    assert list_keys(optimizers.Adam(), {"amsgrad": False}) == {"step", "exp_avg", "exp_avg_sq"}
    assert list_keys(optimizers.SGD(), {"momentum": 0.9}) == {"momentum_buffer"}
    assert list_keys(optimizers.SGD(), {"momentum": 0.0}) == set()


def test_rules_of_others_are_unknown_whatever_they_are_called() -> None:
    theirs = torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))])
    assert list_keys(theirs, theirs.param_groups[0]) == set()
    assert counts_per_weight(theirs)
    assert not counts_per_weight(optimizers.Lion())
