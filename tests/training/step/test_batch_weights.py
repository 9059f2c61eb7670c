"""Batches of different sizes, accumulated: the update is that of one batch, by hand in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kplug
from kplug.errors import ContractError
from kplug.layers import Dense, Input, Masking
from kplug.models import Functional, Sequential
from kplug.optimizers import SGD, MultiOptimizer, OptimizerMap
from kplug.training.jit import torch_compiler

SIZES = (5, 3, 1, 7)
RANDOM = np.random.default_rng(0)
# Numbers that float32 has: it is the type of targets and weights, and of numbers in regularizers.
X = RANDOM.normal(size=(sum(SIZES), 3)).astype("float32").astype("float64")
Y = RANDOM.normal(size=(len(X), 2)).astype("float32")
IDS = RANDOM.integers(0, 3, size=(len(X),))
WEIGHTS = RANDOM.uniform(0.5, 2.0, size=len(X)).astype("float32")
ACCUMULATING = "sgd(lr=0.1, momentum=0.5, gradient_accumulation_steps=4{})"


def cut(*arrays: Any, sizes: Any = SIZES) -> Iterator[Any]:
    """Yield the batches of these sizes again and again."""
    while True:
        start = 0
        for size in sizes:
            yield tuple(array[start : start + size] for array in arrays)
            start += size


def make_model(units: int = 2, **options: Any) -> Sequential:
    kplug.utils.set_random_seed(0)
    kind: Any = {"dtype": "float64"}
    return Sequential(
        [Dense(4, activation="tanh", input_shape=(3,), **kind, **options), Dense(units, **kind)]
    )


def train(model: Any, loss: Any, *arrays: Any, optimizer: str = "", **compiling: Any) -> None:
    model.compile(ACCUMULATING.format(optimizer), loss, **compiling)
    model.fit(cut(*arrays), epochs=3, steps_per_epoch=4, shuffle=False, verbose=0)


def train_by_hand(model: Any, find_loss: Callable[[Any], Any]) -> list[Any]:
    """Make three updates from all samples; return the weights."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        find_loss(model).backward()
        optimizer.step()
    return list(model.get_weights())


def assert_same(model: Any, expected: list[Any]) -> None:
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


def find_values(model: Any) -> Any:
    return (model(torch.tensor(X)) - torch.tensor(Y)).square().mean(-1)


def cross_entropy(**options: Any) -> Callable[[Any], Any]:
    return lambda model: nn.functional.cross_entropy(
        model(torch.tensor(X)), torch.tensor(IDS), **options
    )


CLASS_WEIGHTS = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)
W = torch.tensor(WEIGHTS).double()
CASES: dict[str, tuple[Any, tuple[Any, ...], Callable[[Any], Any]]] = {
    "mean": ("mse", (X, Y), lambda model: find_values(model).mean()),
    "sum": (
        "mean_squared_error(reduction='sum')",
        (X, Y),
        lambda model: find_values(model).sum(),
    ),
    "sum of two": (
        "0.5*mse + 0.25*mean_squared_error(reduction='sum')",
        (X[:12], Y[:12]),
        lambda model: 0.5 * find_values(model)[:12].mean() + 0.25 * find_values(model)[:12].sum(),
    ),
    "sample weights": ("mse", (X, Y, WEIGHTS), lambda model: (find_values(model) * W).mean()),
    "sum with sample weights": (
        "mean_squared_error(reduction='sum')",
        (X, Y, WEIGHTS),
        lambda model: (find_values(model) * W).sum(),
    ),
    "divided by sample weights": (
        "mean_squared_error(reduction='mean_with_sample_weight')",
        (X, Y, WEIGHTS),
        lambda model: (find_values(model) * W).sum() / W.sum(),
    ),
    "an ignored class": (
        "sparse_categorical_crossentropy(from_logits=True, ignore_class=1)",
        (X, IDS),
        cross_entropy(ignore_index=1),
    ),
    "torch's ignored class": (
        nn.CrossEntropyLoss(ignore_index=1),
        (X, IDS),
        cross_entropy(ignore_index=1),
    ),
    "torch's class weights": (
        nn.CrossEntropyLoss(weight=CLASS_WEIGHTS),
        (X, IDS),
        cross_entropy(weight=CLASS_WEIGHTS),
    ),
    "torch's convention": (
        "torch_convention(sparse_categorical_crossentropy(from_logits=True, ignore_class=2))",
        (X, IDS),
        cross_entropy(ignore_index=2),
    ),
}
SIZES_OF = {"sum of two": (3, 3, 3, 3)}  # a mean and a sum: exact for batches of one size


@pytest.mark.parametrize("case", CASES)
def test_batches_of_different_sizes_train_as_one(case: str) -> None:
    loss, arrays, find_loss = CASES[case]
    units = 3 if arrays[1] is IDS else 2
    model = make_model(units)
    model.compile(ACCUMULATING.format(""), loss)
    batches = cut(*arrays, sizes=SIZES_OF.get(case, SIZES))
    model.fit(batches, epochs=3, steps_per_epoch=4, shuffle=False, verbose=0)
    assert_same(model, train_by_hand(make_model(units), find_loss))


def test_float32_is_equal_to_a_millionth() -> None:
    expected = train_by_hand(make_model(), lambda model: find_values(model).mean())
    model = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)])
    model.set_weights(make_model().get_weights())
    train(model, "mse", X.astype("float32"), Y)
    for found, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


def test_penalties_count_once() -> None:
    options: Any = {"kernel_regularizer": "l2(0.125)", "activity_regularizer": "l1(0.125)"}

    def find_loss(model: Any) -> Any:
        kernel, bias = list(model.parameters())[:2]
        inside = torch.tanh(torch.tensor(X) @ kernel + bias)
        penalties = kernel.square().sum() + inside.abs().sum() / len(X)
        return find_values(model).mean() + 0.125 * penalties

    model = make_model(**options)
    train(model, "mse", X, Y)
    assert_same(model, train_by_hand(make_model(), find_loss))
    summed = make_model(kernel_regularizer="l2(0.125)")
    train(summed, "mean_squared_error(reduction='sum')", X, Y)
    expected = train_by_hand(
        make_model(),
        lambda model: find_values(model).sum() + 0.125 * next(model.parameters()).square().sum(),
    )
    assert_same(summed, expected)


def make_tagger() -> Sequential:
    kplug.utils.set_random_seed(0)
    kind: Any = {"dtype": "float64"}
    return Sequential([Input((None, 3)), Masking(**kind), Dense(1, **kind)])


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight"])
def test_masked_steps_do_not_count(reduction: str) -> None:
    lengths = RANDOM.integers(1, 6, size=len(X))
    x = np.where(
        np.arange(5)[:, None] < lengths[:, None, None], RANDOM.normal(size=(len(X), 5, 3)), 0.0
    )
    y = RANDOM.normal(size=(len(X), 5, 1)).astype("float32")
    weighs = reduction == "mean_with_sample_weight"
    counts = torch.tensor(x).any(-1) * (W[:, None] if weighs else 1.0)

    def find_loss(model: Any) -> Any:
        values = (model(torch.tensor(x)) - torch.tensor(y)).square().mean(-1)
        return (values * counts).sum() / counts.sum()

    model = make_tagger()
    train(model, f"mean_squared_error(reduction='{reduction}')", x, y, *[WEIGHTS] * weighs)
    assert_same(model, train_by_hand(make_tagger(), find_loss))


def test_batches_in_which_nothing_counts_change_nothing() -> None:
    model = make_tagger()
    before = model.get_weights()
    train(model, "mse", np.zeros((len(X), 5, 3)), np.ones((len(X), 5, 1)))
    assert_same(model, before)


def test_several_outputs() -> None:
    def make() -> Functional:
        kplug.utils.set_random_seed(0)
        x = Input((3,), dtype="float64")
        hidden = Dense(4, activation="tanh", dtype="float64")(x)
        return Functional(x, [Dense(2, dtype="float64")(hidden), Dense(3, dtype="float64")(hidden)])

    def find_loss(model: Any) -> Any:
        first, second = model(torch.tensor(X))
        entropy = nn.functional.cross_entropy(second, torch.tensor(IDS))
        return (first - torch.tensor(Y)).square().mean() + 0.5 * entropy

    def batches() -> Iterator[Any]:
        for x, y, ids in cut(X, Y, IDS):
            yield x, [y, ids]

    model = make()
    losses = ["mse", "sparse_categorical_crossentropy(from_logits=True)"]
    model.compile(ACCUMULATING.format(""), losses, loss_weights=[1.0, 0.5])
    model.fit(batches(), epochs=3, steps_per_epoch=4, verbose=0)
    assert_same(model, train_by_hand(make(), find_loss))


@pytest.mark.slow
@pytest.mark.parametrize("case", ["mean", "divided by sample weights", "sum"])
def test_compiled_steps_count_alike(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", "eager")  # what is recorded is tested
    loss, arrays, _ = CASES[case]
    found = []
    for jit_compile in (False, True):
        model = make_model()
        model.compile(
            "sgd(lr=0.1, momentum=0.5, gradient_accumulation_steps=3)",
            loss,
            jit_compile=jit_compile,
        )
        batches = cut(*arrays, sizes=(2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 2))
        model.fit(batches, epochs=6, steps_per_epoch=11, verbose=0)
        found.append(model.get_weights())
    assert jit_compile
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_scaled_losses_and_optimizers_around_others_count_alike() -> None:
    expected = train_by_hand(make_model(), lambda model: find_values(model).mean())
    inside = ACCUMULATING.format("")
    several = MultiOptimizer(OptimizerMap(inside, {".*bias.*": inside}))
    for optimizer in (
        f"loss_scale_optimizer({inside})",
        several,
        ACCUMULATING.format(", loss_scale_factor=8.0"),
    ):
        model = make_model()
        model.compile(optimizer, "mse")
        model.fit(cut(X, Y), epochs=3, steps_per_epoch=4, verbose=0)
        assert_same(model, expected)


def test_a_train_step_of_its_own_that_calls_ours_counts_samples() -> None:
    class Own(Sequential):
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    model = Own(make_model().layers)
    train(model, "mse", X, Y)
    assert_same(model, train_by_hand(make_model(), lambda model: find_values(model).mean()))


def test_the_mean_of_steps_is_kept_by_name() -> None:
    model = make_model()
    train(model, "mse", X, Y, optimizer=", gradient_accumulation_mean='steps'")

    def find_loss(model: Any) -> Any:
        return torch.stack([part.mean() for part in find_values(model).split(SIZES)]).mean()

    assert_same(model, train_by_hand(make_model(), find_loss))


def test_an_accumulation_goes_on_from_a_file(tmp_path: Path) -> None:
    models = []
    for _ in range(3):
        models.append(make_model())
        models[-1].compile(ACCUMULATING.format(""), "mse")
    whole, first, second = models
    given = cut(X, Y)
    batches = [next(given) for _ in range(8)]
    for batch in batches[:6]:
        first.train_on_batch(*batch)
    first.save_state(tmp_path / "middle.state")
    second.load_state(tmp_path / "middle.state")
    for batch in batches[6:]:
        second.train_on_batch(*batch)
    for batch in batches:
        whole.train_on_batch(*batch)
    assert_same(second, whole.get_weights())


def test_a_sum_needs_one_number_of_steps() -> None:
    model = make_model()
    inside = OptimizerMap(SGD(gradient_accumulation_steps=2), {".*bias.*": SGD()})
    model.compile(MultiOptimizer(inside), "mean_squared_error(reduction='sum')")
    with pytest.raises(ContractError) as caught:
        model.train_on_batch(X, Y)
    assert str(caught.value) == (
        "the loss 'mean_squared_error' is a sum over the batch, and the optimizers inside MultiOptimizer "
        "accumulate in different ways: one loss has one sum\n"
        "  Give all of them the same gradient_accumulation_steps, or the loss another reduction."
    )
