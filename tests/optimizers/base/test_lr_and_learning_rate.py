"""The learning rate: two spellings, decay, schedules, torch's schedulers, K."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from typing_extensions import Unpack

import kplug
from kplug import backend as K, optimizers, schedules
from kplug.components.types import ScheduleLike
from kplug.errors import ArgumentError, ArgumentValueError, ContractError, UnknownComponentError
from tests.optimizers.optimizer_classes import CLASSES
from tests.optimizers.small_training import make_parameter

NAMES = {"AdamW": "adamw", "ScheduleFreeAdamW": "schedule_free_adamw"}


def measure_steps(optimizer: optimizers.Optimizer, parameter: torch.Tensor, n: int) -> list[float]:
    moved = []
    for _ in range(n):
        before = parameter.item()
        optimizer.step()
        moved.append(before - parameter.item())
    return moved


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_both_spellings_mean_the_same(optimizer_class: type[optimizers.Optimizer]) -> None:
    by_lr, by_rate = optimizer_class(lr=0.25), optimizer_class(learning_rate=0.25)
    assert by_lr.lr == by_lr.learning_rate == by_rate.lr == by_rate.learning_rate == 0.25
    by_rate.learning_rate = 0.5
    assert by_rate.lr == by_rate.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_both_spellings_together_are_refused(optimizer_class: type[optimizers.Optimizer]) -> None:
    with pytest.raises(ArgumentError) as caught:
        optimizer_class(lr=0.1, learning_rate=0.2)
    name = NAMES.get(optimizer_class.__name__, optimizer_class.__name__.lower())
    assert str(caught.value) == (
        f"{name}: 'lr' and 'learning_rate' are two spellings of one "
        "argument, and both were given: lr=0.1, learning_rate=0.2\n  Give one of them."
    )


def test_the_default_typed_out_counts_as_given() -> None:
    with pytest.raises(ArgumentError, match="two spellings"):
        optimizers.Adam(lr=0.001, learning_rate=0.1)


@pytest.mark.parametrize("value", [1, np.float32(0.5), np.array(0.5), torch.tensor(0.5)])
def test_any_number_is_a_rate(value: float) -> None:
    optimizer = optimizers.SGD(lr=value)
    assert optimizer.lr == float(value)
    assert json.dumps(optimizer.get_config()["lr"])


BAD_RATES = [("lr", value) for value in (-0.1, float("nan"), float("inf"), True, None)]
BAD_RATES += [("learning_rate", value) for value in (-0.1, float("nan"), float("inf"), True)]


@pytest.mark.parametrize(("spelling", "value"), BAD_RATES)
def test_other_rates_are_refused(spelling: str, value: object) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        optimizers.Adam(**{spelling: value})  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"adam: argument {spelling!r} is {value!r}; allowed: a finite number >= 0, or a "
        "learning-rate schedule"
    )


def test_a_refused_rate_leaves_the_old_one() -> None:
    optimizer = optimizers.SGD(lr=0.5)
    with pytest.raises(ArgumentValueError, match="'lr' is -1"):
        optimizer.lr = -1
    assert optimizer.lr == 0.5


def test_k_reads_and_writes_the_rate() -> None:
    optimizer = optimizers.SGD(lr=0.5)
    assert float(K.get_value(optimizer.lr)) == 0.5
    K.set_value(optimizer.lr, 0.25)
    assert optimizer.lr == 0.25
    assert int(K.get_value(optimizer.iterations)) == 0


def test_a_copied_rate_is_a_plain_number() -> None:
    rate = optimizers.SGD(lr=0.5).lr
    assert type(pickle.loads(pickle.dumps(rate))) is float


def test_epsilon_none_is_the_backends_at_that_moment() -> None:
    before = K.epsilon()
    K.set_epsilon(1e-3)
    try:
        optimizer = optimizers.Adam(epsilon=None)
    finally:
        K.set_epsilon(before)
    assert optimizer.get_config()["epsilon"] == 1e-3
    assert optimizers.Adam().get_config()["epsilon"] == before


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_decay_lowers_the_step_and_not_the_rate(momentum: float) -> None:
    parameter = make_parameter()
    optimizer = optimizers.SGD(lr=0.5, decay=1.0, momentum=momentum).build([parameter])
    velocity, expected = 0.0, []
    for index in range(3):
        velocity = momentum * velocity + 0.5 / (1 + index)
        expected.append(velocity)
    assert measure_steps(optimizer, parameter, 3) == pytest.approx(expected)
    assert optimizer.lr == optimizer.param_groups[0]["lr"] == 0.5


def test_decay_is_per_group() -> None:
    slow, fast = make_parameter(), make_parameter()
    optimizer = optimizers.SGD(lr=0.5, decay=1.0).build([fast])
    optimizer.add_param_group({"params": [slow], "lr": 0.25})
    optimizer.step()
    optimizer.step()
    assert [1 - fast.item(), 1 - slow.item()] == pytest.approx([0.75, 0.375])


@pytest.mark.parametrize("optimizer_class", [optimizers.SGD, optimizers.Lion])
def test_a_group_may_have_a_decay_of_its_own(
    optimizer_class: type[optimizers.Optimizer],
) -> None:
    plain, decaying = make_parameter(), make_parameter()
    optimizer = optimizer_class(0.5).build([plain])
    optimizer.add_param_group({"params": [decaying], "decay": 1.0})
    assert measure_steps(optimizer, plain, 3) == pytest.approx([0.5] * 3)
    assert decaying.item() == pytest.approx(1.0 - (0.5 + 0.25 + 0.5 / 3))


SCHEDULERS: list[Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]] = [
    lambda opt: torch.optim.lr_scheduler.StepLR(opt, step_size=1, gamma=0.5),
    lambda opt: torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=4),
    lambda opt: torch.optim.lr_scheduler.LambdaLR(opt, lambda step: 1 / (1 + step)),
    lambda opt: torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9),
]


@pytest.mark.parametrize("is_built_first", [True, False])
@pytest.mark.parametrize("index", range(len(SCHEDULERS)))
def test_torch_schedulers_drive_it(index: int, is_built_first: bool) -> None:
    parameter, reference = make_parameter(), make_parameter()
    theirs = torch.optim.SGD([reference], lr=0.5)
    their_scheduler = SCHEDULERS[index](theirs)
    ours = optimizers.SGD(lr=0.5)
    if is_built_first:
        ours.build([parameter])
    scheduler = SCHEDULERS[index](ours)
    ours.build([parameter])
    for _ in range(4):
        ours.step()
        scheduler.step()
        theirs.step()
        their_scheduler.step()
        assert ours.lr == theirs.param_groups[0]["lr"]
    assert parameter.item() == reference.item()


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_reduce_on_plateau_drives_it(optimizer_class: type[optimizers.Optimizer]) -> None:
    optimizer = optimizer_class(lr=0.5).build([make_parameter()])
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=0)
    optimizer.step()
    for _ in range(2):
        scheduler.step(1.0)
    assert optimizer.lr == pytest.approx(0.05)


def test_one_cycle_drives_rate_and_momentum() -> None:
    optimizer = optimizers.Adam(lr=0.1).build([make_parameter()])
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    assert optimizer.beta_1 == optimizer.param_groups[0]["betas"][0] != 0.9


HALVING = schedules.ExponentialDecay(0.5, decay_steps=1, decay_rate=0.5)


@pytest.mark.parametrize("spelling", ["lr", "learning_rate"])
def test_a_schedule_sets_the_rate_of_each_step(spelling: str) -> None:
    parameter = make_parameter()
    optimizer = optimizers.SGD(**{spelling: HALVING}).build([parameter])  # type: ignore[arg-type]
    assert optimizer.lr == 0.5
    assert measure_steps(optimizer, parameter, 3) == pytest.approx([0.5, 0.25, 0.125])
    assert optimizer.lr == 0.0625


def test_a_schedule_and_decay_multiply() -> None:
    parameter = make_parameter()
    optimizer = optimizers.SGD(lr=HALVING, decay=1.0).build([parameter])
    assert measure_steps(optimizer, parameter, 3) == pytest.approx([0.5, 0.25 / 2, 0.125 / 3])


@pytest.mark.parametrize(
    "rate",
    [
        "exponential_decay(0.5, 1, 0.5)",
        {
            "class_name": "ExponentialDecay",
            "config": {"initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.5},
        },
        lambda step: 0.5 * 0.5**step,
        HALVING,
    ],
)
def test_what_can_be_a_schedule(rate: ScheduleLike) -> None:
    parameter = make_parameter()
    optimizer = optimizers.SGD(rate).build([parameter])
    assert measure_steps(optimizer, parameter, 3) == pytest.approx([0.5, 0.25, 0.125])


def test_a_function_of_nothing_is_asked_at_every_step() -> None:
    rates = iter([0.5, 0.5, 0.125])
    parameter = make_parameter()
    optimizer = optimizers.SGD(lr=lambda: next(rates)).build([parameter])
    assert measure_steps(optimizer, parameter, 2) == pytest.approx([0.5, 0.125])


def test_a_schedule_inside_a_spec() -> None:
    optimizer = optimizers.get("adam(learning_rate=exponential_decay(0.5, 1, 0.5))")
    assert isinstance(optimizer, optimizers.Adam)
    assert optimizer.lr == 0.5


def test_a_number_does_not_replace_a_schedule() -> None:
    optimizer = optimizers.SGD(lr=HALVING)
    with pytest.raises(ContractError) as caught:
        optimizer.lr = 0.1
    assert str(caught.value) == (
        "sgd: the learning rate follows the schedule ExponentialDecay and cannot be set to a number\n"
        "  Make the optimizer with a number as lr, or set another schedule."
    )


def test_a_schedule_can_replace_a_number() -> None:
    parameter = make_parameter()
    optimizer = optimizers.SGD(lr=3.0).build([parameter])
    optimizer.lr = HALVING
    assert measure_steps(optimizer, parameter, 2) == pytest.approx([0.5, 0.25])


def test_a_negative_schedule_is_refused() -> None:
    with pytest.raises(ArgumentValueError, match="sgd: argument 'lr' is -1"):
        optimizers.SGD(lr=lambda step: -1.0)


class OfPlugin(optimizers.RuleOptimizer):
    """The rule of a plugin, with a plain number as the default of its rate."""

    @optimizers.takes_common
    def __init__(self, lr: Any = 0.5, **common: Unpack[optimizers.CommonArguments]) -> None:
        self._start(lr, common)


def test_a_rule_of_a_plugin_takes_both_spellings() -> None:
    assert OfPlugin().lr == 0.5
    assert OfPlugin(lr=0.25).lr == OfPlugin(learning_rate=0.25).lr == 0.25
    with pytest.raises(ArgumentError, match=r"lr=0\.5, learning_rate=0\.25"):
        OfPlugin(0.5, learning_rate=0.25)


class WithoutCommon(optimizers.RuleOptimizer):
    def __init__(self, lr: Any = 0.5) -> None:
        self._start(lr, {})


class Undecorated(optimizers.RuleOptimizer):
    def __init__(self, lr: Any = 0.5, **common: Unpack[optimizers.CommonArguments]) -> None:
        self._start(lr, common)


class OtherSpelling(optimizers.RuleOptimizer):
    def __init__(self, name: str = "other", learning_rate: Any = 0.5) -> None:
        self._start(learning_rate, {"name": name})


class BothSpellings(optimizers.RuleOptimizer):
    def __init__(self, lr: Any = 0.5, learning_rate: Any = None) -> None:
        self._start(lr, {"learning_rate": learning_rate})


@pytest.mark.parametrize("rule", [WithoutCommon, Undecorated, OtherSpelling, BothSpellings])
def test_whatever_a_constructor_calls_the_rate_it_takes_both_spellings(rule: Any) -> None:
    assert rule().lr == 0.5
    for spelling in ("lr", "learning_rate"):
        assert rule(**{spelling: 0.25}).lr == 0.25
        assert rule.from_config({spelling: 0.25}).get_config()["lr"] == 0.25
        with kplug.scope(optimizers={"rule": rule}):
            found: Any = optimizers.get(f"rule({spelling}=0.25)")
            assert found.lr == 0.25
    with pytest.raises(ArgumentError, match="two spellings of one argument"):
        rule(lr=0.25, learning_rate=0.25)


def test_a_rate_by_position_and_by_name_is_refused() -> None:
    assert OtherSpelling("x", 0.25).lr == 0.25
    with pytest.raises(ArgumentError, match=r"lr=0\.25, learning_rate=0\.5"):
        OtherSpelling("x", 0.5, lr=0.25)  # type: ignore[call-arg]


def test_a_rule_refuses_a_keyword_that_no_optimizer_has() -> None:
    with pytest.raises(ArgumentError, match="undecorated has no argument 'clip_norm'"):
        Undecorated(clip_norm=1.0)  # type: ignore[call-arg]


@pytest.mark.parametrize("spelling", ["lr", "learning_rate"])
@pytest.mark.parametrize("rate", ["1e-3", "0.1", " .5 "])
def test_a_number_in_quotes_is_told_of_its_argument(spelling: str, rate: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        optimizers.get(f"adam({spelling}={rate!r})")
    assert str(caught.value) == (
        f"adam: argument {spelling!r} is {rate!r}; "
        "allowed: a finite number >= 0, or a learning-rate schedule"
    )


def test_a_schedule_that_nobody_offers_is_told_of_its_argument() -> None:
    with pytest.raises(UnknownComponentError, match=r"^lr: no schedule is named 'zzz'\n"):
        optimizers.Adam(lr="zzz")
