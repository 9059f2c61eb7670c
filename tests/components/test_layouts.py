"""Components of channels-first libraries work on channels-last tensors."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from kplug_authoring import Example, run_contract
from torch import Tensor, nn

import kplug
from kplug import channels_first, losses
from kplug.errors import ContractError
from kplug.layers import Input
from kplug.metrics import Metric
from kplug.models import Sequential, load_model
from kplug.registry.component import find_names, find_role

RANDOM = np.random.default_rng(3)
IDS = RANDOM.integers(0, 3, (2, 6, 7))
TRUE = np.eye(3)[IDS]
PREDICTED = RANDOM.normal(size=(2, 6, 7, 3))
IMAGES = torch.from_numpy(PREDICTED)


# --- A library in which the channels come first --------------------------------------------------------


class GeneralizedDice(nn.Module):
    """Return the generalized dice loss of images (N, C, H, W).

    Args:
        softmax: Whether the predictions are logits.
        reduction: ``mean`` or ``none``.
    """

    def __init__(self, softmax: bool = False, reduction: str = "mean") -> None:
        super().__init__()
        self.softmax, self.reduction = softmax, reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        chances = input.softmax(1) if self.softmax else input
        axes = tuple(range(2, input.ndim))
        weights = target.sum(axes).square().reciprocal()
        shared = (weights * (target * chances).sum(axes)).sum(1)
        values = 1 - 2 * shared / (weights * (target + chances).sum(axes)).sum(1)
        return values.mean() if self.reduction == "mean" else values


class Brightest(Metric):
    """The largest value of the first channel; images are (N, C, H, W)."""

    def __init__(self, name: str = "brightest") -> None:
        super().__init__(name)
        self.largest = self.add_state("largest")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.largest.copy_(torch.maximum(self.largest, y_pred[:, 0].max()))

    def result(self) -> Tensor:
        return self.largest


class Scorer:
    """A callable object without a base class."""

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).amax(1)


def first_channel(y_true: Tensor, y_pred: Tensor, scale: float = 1.0) -> Tensor:
    """Return the errors of the first channel."""
    return scale * (y_true[:, 0] - y_pred[:, 0]).abs()


def make_first_channel(scale: float) -> Callable[..., Tensor]:
    return functools.partial(first_channel, scale=scale)


@channels_first
class Decorated(GeneralizedDice):
    """A class of this module that a decorator adapts."""


@channels_first
def decorated(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return first_channel(y_true, y_pred)


AdaptedDice = channels_first(GeneralizedDice)


def generalized_dice(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """The same in NumPy, for images (N, H, W, C)."""
    exponentials = np.exp(y_pred)
    chances = exponentials / exponentials.sum(-1, keepdims=True)
    values = []
    for true, chance in zip(y_true, chances, strict=True):
        weights = [1 / true[..., channel].sum() ** 2 for channel in range(3)]
        shared = sum(w * (true[..., c] * chance[..., c]).sum() for c, w in enumerate(weights))
        both = sum(w * (true[..., c].sum() + chance[..., c].sum()) for c, w in enumerate(weights))
        values.append(1 - 2 * shared / both)
    return float(np.mean(values))


# --- Losses --------------------------------------------------------------------------------------------


def test_a_loss_by_name_gives_the_number_of_its_formula() -> None:
    expected = generalized_dice(TRUE, PREDICTED)
    with kplug.scope(losses={"ours": AdaptedDice, "theirs": GeneralizedDice}):
        ours = kplug.resolve("loss", "ours(softmax=True)")
        theirs = kplug.resolve("loss", "theirs(softmax=True)").object
    assert ours.object(TRUE, IMAGES).item() == pytest.approx(expected, rel=1e-12)
    assert abs(theirs(TRUE, IMAGES).item() - expected) > 0.05
    assert ours.arguments == {"softmax": True, "reduction": "mean"}


@pytest.mark.parametrize("rank", [1, 2, 3], ids=["series", "images", "volumes"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("original", "targets"),
    [
        (nn.CrossEntropyLoss, "ids"),
        (nn.CrossEntropyLoss, "ids with an axis"),
        (nn.CrossEntropyLoss, "distributions"),
        (nn.NLLLoss, "ids"),
    ],
)
def test_torchs_losses_by_name_have_the_classes_last(
    original: Any, targets: str, reduction: str, rank: int
) -> None:
    p = torch.randn(2, *(4, 5, 3)[:rank], 3, generator=torch.Generator().manual_seed(rank))
    ids = torch.randint(0, 3, p.shape[:-1], generator=torch.Generator().manual_seed(rank))
    given = {"ids": ids, "ids with an axis": ids[..., None].float()}.get(targets, p.softmax(-1))
    theirs = given.movedim(-1, 1) if targets == "distributions" else ids
    expected = original(reduction=reduction)(p.movedim(-1, 1), theirs)
    loss = losses.get({"name": f"torch/{original.__name__}", "args": {"reduction": reduction}})
    assert loss is not None
    torch.testing.assert_close(loss(given, p), expected)
    if reduction == "mean":
        torch.testing.assert_close(loss(given, p, torch.ones(2)), expected)


def test_torchs_own_instance_keeps_the_classes_where_torch_has_them() -> None:
    p, ids = torch.randn(2, 3, 4), torch.randint(0, 3, (2, 4))
    assert torch.equal(losses.as_loss(nn.CrossEntropyLoss())(ids, p), F.cross_entropy(p, ids))
    loss = losses.as_loss(channels_first(nn.CrossEntropyLoss()))
    torch.testing.assert_close(loss(ids, p.movedim(1, -1)), F.cross_entropy(p, ids))


def test_unreduced_values_have_the_axes_of_the_predictions() -> None:
    p, t = torch.rand(2, 4, 5, 3), torch.rand(2, 4, 5, 3)
    squares = channels_first(nn.MSELoss)(reduction="none")
    assert torch.equal(squares(p, t), (p - t).square())
    assert channels_first(GeneralizedDice)(reduction="none")(p, t).shape == (2,)
    entropy = channels_first(nn.CrossEntropyLoss)(reduction="none")
    assert entropy(p, t.softmax(-1)).shape == (2, 4, 5)


class Shapes(losses.Loss):
    """A loss that remembers the shapes that it was given."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return remember_shapes(y_true, y_pred)


SEEN: list[tuple[int, ...]] = []


def remember_shapes(y_true: Tensor, y_pred: Tensor, scale: float = 1.0) -> Tensor:
    SEEN[:] = [tuple(y_true.shape), tuple(y_pred.shape)]
    return scale * (y_true - y_pred).square().mean((1, 2, 3))


@pytest.mark.parametrize("target", [Shapes, remember_shapes], ids=["class", "function"])
def test_masks_without_an_axis_for_the_one_channel_get_it(target: Any) -> None:
    with kplug.scope(losses={"shapes": channels_first(target)}):
        for spec in ("shapes", "shapes(scale=2.0)")[: 1 if target is Shapes else 2]:
            loss = kplug.resolve("loss", spec).object
            loss(torch.zeros(2, 4, 5), torch.zeros(2, 4, 5, 1))
            assert SEEN == [(2, 1, 4, 5), (2, 1, 4, 5)]


# --- Other kinds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Conv1d(3, 5, 3), (2, 6, 3)),
        (nn.Conv2d(3, 5, 3), (2, 6, 7, 3)),
        (nn.Conv3d(3, 5, 3), (2, 6, 7, 4, 3)),
        (nn.BatchNorm2d(3), (2, 6, 7, 3)),
        (nn.AdaptiveAvgPool2d(1), (2, 6, 7, 3)),
        (nn.Sequential(nn.Conv2d(3, 5, 3), nn.PReLU(5)), (2, 6, 7, 3)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_module_as_a_layer(module: nn.Module, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    expected = module(x.movedim(-1, 1)).movedim(1, -1)
    torch.testing.assert_close(channels_first(module)(x), expected)
    model = Sequential([Input(shape[1:]), channels_first(module)])
    model.eval()
    module.eval()
    torch.testing.assert_close(model(x), module(x.movedim(-1, 1)).movedim(1, -1))
    assert set(channels_first(module).parameters()) == set(module.parameters())


def test_rows_and_results_without_channels_are_left_alone() -> None:
    rows = torch.randn(4, 3)
    linear = nn.Linear(3, 2)
    assert torch.equal(channels_first(linear)(rows), linear(rows))
    x = torch.randn(2, 4, 5, 3)
    flat = channels_first(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    torch.testing.assert_close(flat(x), x.mean((1, 2)))
    grown = channels_first(nn.Unflatten(1, (3, 2, 2)))(torch.arange(24.0).reshape(2, 12))
    assert torch.equal(grown[0, :, :, 0], torch.tensor([[0.0, 1.0], [2.0, 3.0]]))


def test_nested_and_named_tensors_are_moved() -> None:
    class Both(nn.Module):
        def forward(self, pair: Any, weight: Any = None) -> Any:
            return {"sum": pair[0] + pair[1] + weight, "shape": pair[0].shape}

    x = torch.randn(2, 4, 5, 3)
    result = channels_first(Both)()([x, x], weight=x)
    assert torch.equal(result["sum"], 3 * x)
    assert result["shape"] == (2, 3, 4, 5)


def test_an_activation_with_a_channel_axis() -> None:
    x = torch.randn(2, 4, 5, 3)
    with kplug.scope(activations={"softmax_2d": channels_first(nn.Softmax2d)}):
        made = kplug.resolve("activation", "softmax_2d").object
    torch.testing.assert_close(made(x), x.softmax(-1))


def test_a_metric() -> None:
    with kplug.scope(metrics={"brightest": channels_first(Brightest)}):
        metric = kplug.resolve("metric", "brightest(name='light')").object
    metric.update_state(IMAGES, IMAGES)
    assert metric.result() == pytest.approx(PREDICTED[..., 0].max())
    assert metric.get_config() == {"name": "light"}


def test_an_object_that_is_called() -> None:
    expected = (TRUE - PREDICTED).max(-1)
    for scorer in (channels_first(Scorer)(), channels_first(Scorer())):
        np.testing.assert_array_equal(scorer(torch.from_numpy(TRUE), IMAGES), expected)


# --- Functions and factories ---------------------------------------------------------------------------

ERRORS = np.abs(TRUE - PREDICTED)[..., 0]


@pytest.mark.parametrize(
    "function",
    [
        channels_first(first_channel),
        channels_first(functools.partial(first_channel, scale=1.0)),
        decorated,
    ],
    ids=["function", "partial", "decorated"],
)
def test_a_function(function: Callable[..., Tensor]) -> None:
    np.testing.assert_allclose(function(torch.from_numpy(TRUE), IMAGES), ERRORS)


@pytest.mark.parametrize("target", [first_channel, make_first_channel], ids=["function", "factory"])
def test_a_function_or_a_factory_by_name(target: Callable[..., Any]) -> None:
    with kplug.scope(losses={"pixels": channels_first(target)}):
        found = kplug.resolve("loss", "pixels(scale=2.0)")
    assert found.call is not None
    assert found.call.role == ("function" if target is first_channel else "factory")
    assert found.object(TRUE, IMAGES).item() == pytest.approx(2 * ERRORS.mean())
    assert found.object.name == "first_channel"
    assert pickle.loads(pickle.dumps(found.object))(TRUE, IMAGES).item() == found.object(
        TRUE, IMAGES
    )


def test_an_author_s_marks_survive() -> None:
    @kplug.named("entropy", "entropy_of_images")
    class Entropy(nn.CrossEntropyLoss):
        pass

    assert find_names(channels_first(Entropy)) == ("entropy", "entropy_of_images")
    assert find_role(channels_first(kplug.factory(lambda scale: scale))) == "factory"


def test_a_function_whose_names_could_mean_either_is_asked_about() -> None:
    with kplug.scope(losses={"error": kplug.function(channels_first(F.mse_loss))}):
        assert kplug.resolve("loss", "error(reduction='sum')").arguments["reduction"] == "sum"
    with (
        kplug.scope(losses={"error": channels_first(F.l1_loss)}),
        pytest.raises(ContractError, match="it may be a loss or a factory of one"),
    ):
        kplug.resolve("loss", "error")


# --- What an author sees -------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [GeneralizedDice, first_channel, make_first_channel, nn.Conv2d])
def test_signature_documentation_and_name_are_those_of_the_original(target: Any) -> None:
    adapted = channels_first(target)
    assert inspect.signature(adapted) == inspect.signature(target)
    note = "In kplug the channels are on the last axis: `kplug.channels_first` moves them."
    assert adapted.__doc__ == (target.__doc__ and f"{inspect.cleandoc(target.__doc__)}\n\n{note}")
    assert (adapted.__name__, adapted.__module__) == (target.__name__, target.__module__)


def test_nothing_is_copied() -> None:
    seen = []

    def look(x: Tensor) -> Tensor:
        seen.append(x)
        return x

    x = torch.randn(2, 4, 5, 3)
    result = channels_first(look)(x)
    assert seen[0].data_ptr() == x.data_ptr() == result.data_ptr()
    assert seen[0].shape == (2, 3, 4, 5)


def test_the_original_is_not_changed_and_a_second_time_changes_nothing() -> None:
    x = torch.randn(1, 5, 5, 2)
    assert channels_first(nn.Softmax2d) is channels_first(channels_first(nn.Softmax2d))
    instance = channels_first(nn.Softmax2d())
    assert channels_first(instance) is instance
    assert channels_first(decorated) is decorated
    assert torch.equal(nn.Softmax2d()(x), x.softmax(1))


def test_a_subclass_is_called_with_the_channels_last() -> None:
    class Own(channels_first(GeneralizedDice)):  # type: ignore[misc]
        def forward(self, input: Tensor, target: Tensor) -> Tensor:
            assert input.shape[-1] == 3
            result: Tensor = super().forward(input, target)
            return result

    expected = generalized_dice(TRUE, PREDICTED)
    assert Own(softmax=True)(IMAGES, torch.from_numpy(TRUE)).item() == pytest.approx(expected)


class Derived(channels_first(nn.CrossEntropyLoss)):  # type: ignore[misc]
    """A subclass of an adapted class, for a docstring of its own."""


def test_a_derived_class_is_adapted_once() -> None:
    p, ids = torch.randn(2, 4, 5, 3), torch.randint(0, 3, (2, 4, 5))
    assert channels_first(Derived) is Derived
    loss = losses.as_loss(pickle.loads(pickle.dumps(Derived())))
    torch.testing.assert_close(loss(ids, p), F.cross_entropy(p.movedim(-1, 1), ids))


@pytest.mark.parametrize("owner", [AdaptedDice, Decorated], ids=["assigned", "decorated"])
@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_instances_can_be_copied_and_pickled(owner: Any, twin: Callable[[Any], Any]) -> None:
    made = owner(softmax=True)
    again = twin(made)
    assert type(again) is owner
    y = torch.from_numpy(TRUE)
    assert torch.equal(again(IMAGES, y), made(IMAGES, y))


@pytest.mark.parametrize(
    "function", [channels_first(F.mse_loss), decorated], ids=["assigned", "decorated"]
)
def test_functions_can_be_copied_and_pickled(function: Any) -> None:
    y = torch.from_numpy(TRUE)
    for again in (copy.deepcopy(function), pickle.loads(pickle.dumps(function))):
        assert torch.equal(again(IMAGES, y), function(IMAGES, y))


def test_a_model_with_an_adapted_loss_is_saved_and_loaded(tmp_path: Path) -> None:
    with kplug.scope(losses={"generalized_dice": AdaptedDice}):
        model = Sequential([Input((6, 7, 3)), kplug.layers.Conv2D(3, 1)])
        model.compile("sgd", loss="generalized_dice(softmax=True)")
        model.fit(PREDICTED, TRUE, epochs=1, verbose=0)
        model.save(tmp_path / "model.keras")
        again = load_model(tmp_path / "model.keras")
        value = again.evaluate(PREDICTED, TRUE, verbose=0)
    expected = generalized_dice(TRUE, model.predict(PREDICTED, verbose=0))
    assert value == pytest.approx(expected, rel=1e-4)


def test_adapted_components_keep_the_contract() -> None:
    y, p = np.eye(3)[RANDOM.integers(0, 3, (4, 5, 5))], RANDOM.normal(size=(4, 5, 5, 3))
    dice = Example({"softmax": True}, inputs=(y, p), leave_out={"empty_batch": "a mean of nothing"})
    with kplug.scope(
        losses={"generalized_dice": AdaptedDice},
        activations={"softmax_2d": channels_first(nn.Softmax2d)},
    ):
        assert run_contract("custom", examples={"generalized_dice": dice}) > 10


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (object, "object cannot be adapted: it has no method that takes tensors"),
        (3, "int cannot be adapted: it has no method that takes tensors"),
    ],
)
def test_what_takes_no_tensors_is_refused(target: Any, text: str) -> None:
    with pytest.raises(ContractError) as caught:
        channels_first(target)
    assert str(caught.value) == (
        f"{text}\n  channels_first takes a function, or a class with one of update_state, call, update, "
        "forward, __call__."
    )


def test_an_instance_that_would_not_be_adapted_is_refused() -> None:
    module = GeneralizedDice()
    module.forward = functools.partial(GeneralizedDice.forward, module)  # type: ignore[method-assign]
    with pytest.raises(ContractError) as caught:
        channels_first(module)
    assert str(caught.value) == (
        "an instance of GeneralizedDice calls a method of its own, which cannot be adapted\n"
        "  Adapt the class: channels_first(GeneralizedDice)(…)."
    )
