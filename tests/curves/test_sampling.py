"""Curves are what the components say."""

from __future__ import annotations

import math

import pytest
import torch

from kplug.cli.show import CURVED
from kplug.curves.curve import Curve
from kplug.curves.sampling import SAMPLERS, sample, sample_together
from kplug.registry import get_kind, parse_spec


def _sample(kind: str, text: str) -> Curve:
    curve = sample(get_kind(kind), parse_spec(text))
    assert curve is not None
    return curve


def test_the_kinds_with_a_curve() -> None:
    assert tuple(sorted(CURVED)) == tuple(sorted(SAMPLERS))


@pytest.mark.parametrize(
    ("kind", "text", "function"),
    [
        ("activation", "tanh", math.tanh),
        ("activation", "softmax", lambda x: 1 / (1 + math.exp(-x))),
        ("regularizer", "l1(0.5)", lambda w: 0.5 * abs(w)),
        ("loss", "mse", lambda p: (1 - p) ** 2),
        ("loss", "hinge", lambda p: max(1 - p, 0)),
        ("loss", "bce", lambda p: -math.log(p)),
        ("loss", "categorical_crossentropy", lambda p: -math.log(p)),
        ("loss", "sparse_categorical_crossentropy", lambda p: -math.log(p)),
        ("constraint", "non_neg", lambda w: max(w, 0)),
        ("constraint", "max_norm(2.0)", lambda w: w * min(1, 2 / math.hypot(w, 1))),
        ("schedule", "exponential_decay(0.1, 100, 0.5)", lambda step: 0.1 * 0.5 ** (step / 100)),
    ],
)
def test_values(kind: str, text: str, function: object) -> None:
    curve = _sample(kind, text)
    assert callable(function)
    x = [int(each) for each in curve.x] if kind == "schedule" else curve.x
    assert curve.y == pytest.approx([function(each) for each in x], abs=1e-4)


def test_a_loss_of_probabilities_is_asked_for_probabilities_alone() -> None:
    curve = _sample("loss", "dice_loss(smooth=1e-5, thresh=None)")
    assert (curve.x[0], curve.x[-1]) == pytest.approx((0.01, 0.99))


def test_a_loss_of_class_ids_is_not_given_one_hot_vectors() -> None:
    """Keras 2's takes the two numbers of such a vector for two ids, of which no answer is the best."""
    curve = _sample("loss", "kplug-keras2/sparse_categorical_crossentropy")
    assert curve.y == pytest.approx([-math.log(p) for p in curve.x], abs=1e-4)


def test_a_schedule_is_drawn_at_whole_steps_for_about_twice_its_own() -> None:
    x = _sample("schedule", "exponential_decay(0.1, 300, 0.9)").x
    assert 600 <= x[-1] < 800
    assert all(step == int(step) for step in x)


def test_an_initializer_is_how_many_values_there_are() -> None:
    curve = _sample("initializer", "glorot_uniform")
    assert sum(curve.y) == 128 * 128
    assert _sample("initializer", "glorot_uniform") == curve  # the same each time
    assert sum(_sample("initializer", "ones").y) == 128 * 128


def test_an_optimizer_is_its_path_through_the_valley() -> None:
    curve = _sample("optimizer", "sgd(lr=0.05)")
    steps = [*range(100), *range(100, 1001, 10)]
    assert curve.x == pytest.approx([-(0.95**step) for step in steps], abs=1e-5)
    assert curve.y == pytest.approx([0.6 * 0.5**step for step in steps], abs=1e-5)
    weight = torch.tensor([-1.0, 0.6], requires_grad=True)
    adam = torch.optim.Adam([weight], lr=0.01)
    for _ in range(1000):
        weight.grad = weight.detach() * torch.tensor([1.0, 10.0])
        adam.step()
    path = _sample("optimizer", "torch/adam(lr=0.01)")
    assert (path.x[-1], path.y[-1]) == pytest.approx(tuple(weight.tolist()), abs=1e-5)


@pytest.mark.parametrize("text", ["sgd(lr=10.0)", "sgd(lr=0.0)"])
def test_an_optimizer_that_leads_away_or_nowhere_has_no_path(text: str) -> None:
    assert sample(get_kind("optimizer"), parse_spec(text)) is None


def test_what_is_no_function_of_one_number_has_no_curve() -> None:
    assert sample(get_kind("regularizer"), parse_spec("orthogonal_regularizer")) is None


def test_the_state_of_the_generator_stays() -> None:
    torch.manual_seed(3)
    _sample("initializer", "he_normal")
    first = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(first, torch.rand(1))


def _sample_together(kind: str, *texts: str) -> list[Curve | None]:
    return sample_together(get_kind(kind), list(map(parse_spec, texts)))


def test_losses_are_drawn_over_the_variable_that_suits_most() -> None:
    mse, crossentropy, binary = _sample_together("loss", "mse", "bce", "binary_focal_crossentropy")
    assert mse is not None
    assert crossentropy is not None
    assert binary is not None
    assert mse.x == crossentropy.x == binary.x
    assert mse.y == pytest.approx([(1 - p) ** 2 for p in mse.x], abs=1e-6)
    wide = _sample("loss", "mse")
    assert _sample_together("loss", "mse", "mae")[0] == wide


def test_what_is_no_function_of_that_variable_has_no_curve() -> None:
    first, second = _sample_together("regularizer", "l1(0.5)", "orthogonal_regularizer")
    assert first == _sample("regularizer", "l1(0.5)")
    assert second is None
    assert _sample_together("regularizer", "orthogonal_regularizer") == [None]
