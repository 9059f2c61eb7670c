"""``kplug.random``: the draws of Keras, the distributions that formulas say, and draws in graphs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import ops, random
from kplug.errors import KplugError
from kplug.layers import Dense, Dropout, Input
from kplug.models import Model

LOGITS = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, -1.0]])
ROWS = torch.arange(24).reshape(4, 6)
DRAWS: list[tuple[str, tuple[Any, ...]]] = [
    ("normal", ((3, 4), 0.5, 2.0)),
    ("uniform", ((3, 4), 1.0, 2.0)),
    ("randint", ((3, 4), 1, 9)),
    ("truncated_normal", ((3, 4), 0.5, 2.0)),
    ("categorical", (LOGITS, 7)),
    ("shuffle", (ROWS,)),
    ("shuffle", (ROWS, 1)),
    ("gamma", ((3, 4), 0.7)),
    ("binomial", ((3, 4), 9, 0.3)),
    ("beta", ((3, 4), 2.0, 0.5)),
]


@pytest.mark.parametrize(("name", "arguments"), DRAWS)
def test_draws_equal_those_of_keras(name: str, arguments: tuple[Any, ...]) -> None:
    theirs = pytest.importorskip("keras").random
    seeds = [(5, 5), (random.SeedGenerator(5), theirs.SeedGenerator(5))]
    for seed, other in seeds:
        for _ in range(2):
            found = getattr(random, name)(*arguments, seed=seed)
            expected = getattr(theirs, name)(*arguments, seed=other)
            torch.testing.assert_close(found, expected.cpu())


def test_names_are_those_of_keras() -> None:
    theirs = pytest.importorskip("keras").random
    assert set(random.__all__) == {name for name in dir(theirs) if name[0] != "_"}


N = 40_000
_EDGE = math.exp(-2) * 2 / math.sqrt(2 * math.pi)  # the density at two deviations
# Function, arguments after the shape, mean and variance by the formulas of the distributions.
MOMENTS: list[tuple[str, tuple[Any, ...], float, float]] = [
    ("normal", (3.0, 0.5), 3.0, 0.25),
    ("uniform", (-1.0, 3.0), 1.0, 16 / 12),
    ("randint", (2, 7), 4.0, (5**2 - 1) / 12),
    ("truncated_normal", (1.0, 3.0), 1.0, 9 * (1 - 2 * _EDGE / math.erf(math.sqrt(2)))),
    ("gamma", (0.7,), 0.7, 0.7),
    ("gamma", (4.0,), 4.0, 4.0),
    ("beta", (2.0, 3.0), 0.4, 6 / (25 * 6)),
    ("binomial", (12, 0.25), 3.0, 12 * 0.25 * 0.75),
]


@pytest.mark.parametrize(("name", "arguments", "mean", "variance"), MOMENTS)
def test_mean_and_variance_are_those_of_the_distribution(
    name: str, arguments: tuple[Any, ...], mean: float, variance: float
) -> None:
    draws = getattr(random, name)((N,), *arguments, seed=1).double()
    assert abs(float(draws.mean()) - mean) < 5 * math.sqrt(variance / N)
    assert float(draws.var()) == pytest.approx(variance, rel=0.05)


def test_classes_are_drawn_as_often_as_the_softmax_says() -> None:
    drawn = random.categorical(LOGITS, N, seed=1)
    shares = torch.stack([(drawn == one).double().mean(1) for one in range(3)], 1)
    np.testing.assert_allclose(shares, LOGITS.double().softmax(1), atol=5 * 0.5 / math.sqrt(N))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_shuffled_axis_holds_what_it_held(axis: int) -> None:
    shuffled = random.shuffle(ROWS, axis, seed=1)
    assert not torch.equal(shuffled, ROWS)
    assert torch.equal(shuffled.sort(axis).values, ROWS)


@pytest.mark.parametrize(("rate", "seed"), [(0.3, None), (0.3, 1), (0.0, 1), (1.0, 1), (1.0, None)])
def test_dropout_keeps_its_share_and_the_mean(rate: float, seed: int | None) -> None:
    torch.manual_seed(0)
    made = random.dropout(torch.ones(N), rate, seed=seed)
    kept = made != 0
    assert float(kept.double().mean()) == pytest.approx(1 - rate, abs=5 * 0.5 / math.sqrt(N))
    assert made[kept].tolist() == pytest.approx(
        [1 / (1 - rate)] * int(kept.sum()) if rate < 1 else []
    )


def test_a_mask_of_dropout_may_be_shared_along_an_axis() -> None:
    made = random.dropout(torch.ones(50, 4), 0.5, noise_shape=(None, 1), seed=2)
    assert {len(set(row)) for row in made.tolist()} == {1}


def test_a_seed_generator_goes_on_and_can_begin_anew() -> None:
    seeds = random.SeedGenerator(7, name="seeds")
    first, second = (random.normal((3,), seed=seeds) for _ in range(2))
    assert not torch.equal(first, second)
    again = random.SeedGenerator.from_config(json.loads(json.dumps(seeds.get_config())))
    assert torch.equal(random.normal((3,), seed=again), first)
    assert random.SeedGenerator(7).next().tolist() == [7, 0]


def test_layers_and_initializers_take_a_seed_generator() -> None:
    seed: Any = random.SeedGenerator(3)
    layers = [Dropout(0.5, seed=seed) for _ in range(2)]
    first, second = (layer(torch.ones(1, 50), training=True) for layer in layers)
    assert torch.equal(first, second)
    assert layers[0].get_config()["seed"] == 3
    made = kplug.initializers.RandomNormal(seed=random.SeedGenerator(3))((2, 3))
    assert torch.equal(made, kplug.initializers.RandomNormal(seed=random.SeedGenerator(3))((2, 3)))


def test_unseeded_draws_follow_the_seed_of_the_process() -> None:
    draws = []
    for _ in range(2):
        kplug.utils.set_random_seed(3)
        draws.append((random.SeedGenerator().state, random.beta((4,), 1.0, 2.0)))
    assert all(map(torch.equal, *draws))


def test_a_graph_draws_when_it_runs_and_is_saved(tmp_path: Path) -> None:
    inputs = Input((6,))
    noisy = ops.add(random.dropout(Dense(6)(inputs), 0.5, seed=3), 0.0)
    classes = random.categorical(noisy, 4, seed=1)
    assert (noisy.shape, classes.shape, classes.dtype) == ((None, 6), (None, 4), "int32")
    model = Model(inputs, [noisy, classes])
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    x = torch.ones(5, 6)
    for one, other in zip(model(x), again(x), strict=True):
        torch.testing.assert_close(one, other)
    assert not torch.equal(*Model(inputs, [random.shuffle(inputs, 1), inputs])(torch.rand(2, 6)))


@pytest.mark.parametrize("name", ["gamma", "beta", "binomial"])
def test_parameters_may_be_symbolic(name: str) -> None:
    strength = Input(batch_shape=(2, 3))
    rest = () if name == "gamma" else (0.5,)
    drawn = getattr(random, name)((2, 3), strength, *rest, seed=1)
    assert drawn.shape == (2, 3)
    given = torch.full((2, 3), 4.0)
    expected = getattr(random, name)((2, 3), given, *rest, seed=1)
    torch.testing.assert_close(Model(strength, drawn)(given), expected)


REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("uniform", ((2,),), {"dtype": "int32"}, "uniform: argument 'dtype' is 'int32'; allowed: a fl"),
    (
        "randint",
        ((2,), 0, 3),
        {"dtype": "float32"},
        "randint: argument 'dtype' is 'float32'; allow",
    ),
    (
        "categorical",
        (torch.zeros(3), 2),
        {},
        "categorical: the logits have shape (3,); (N, classes)",
    ),
    ("dropout", (torch.ones(2), 1.5), {}, "dropout: argument 'rate' is 1.5; allowed: a number in"),
    ("shuffle", (ROWS, 2), {}, "axis 2 is out of bounds for a tensor of shape (4, 6)"),
    (
        "normal",
        ((2,),),
        {"seed": "x"},
        "random: argument 'seed' is 'x'; allowed: an integer, a kplug",
    ),
    ("SeedGenerator", (1.5,), {}, "SeedGenerator: argument 'seed' is 1.5; allowed: an integer"),
]


@pytest.mark.parametrize(("name", "arguments", "named", "text"), REFUSED)
def test_what_does_not_fit_is_refused(
    name: str, arguments: tuple[Any, ...], named: dict[str, Any], text: str
) -> None:
    with pytest.raises(KplugError) as caught:
        getattr(random, name)(*arguments, **named)
    assert str(caught.value).startswith(text)
