"""In-place writes of a component reach no weight, other branch, metric or data of the caller."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import backend as K
from kplug.errors import ComputationError, ContractError, KplugWarning
from kplug.layers import Activation, Dense, Input, Layer, TorchModule
from kplug.models import Model, Sequential

DATA = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
TARGETS = np.random.default_rng(1).normal(size=(8, 1)).astype("float32")


class Halving(Layer):
    """Changes its weight as Keras 2 code does."""

    def build(self, input_shape: Any) -> None:
        self.k = self.add_weight("k", (input_shape[-1], 2), "ones")

    def call(self, inputs: Tensor) -> Tensor:
        w = self.k
        w /= 2.0
        made: Tensor = inputs @ w
        return made


class Centering(Layer):
    """Changes its inputs as Keras 2 code does."""

    def call(self, inputs: Tensor) -> Tensor:
        inputs -= K.mean(inputs, 1, True)
        return inputs


class Rectifying(nn.Module):
    """Changes its inputs as torch code does."""

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.relu_(inputs)


def shifted_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    y_pred -= 1.0
    y_true *= 2.0
    return K.mean(K.square(y_true - y_pred), -1)


def pure_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return K.mean(K.square(y_true * 2.0 - (y_pred - 1.0)), -1)


def test_a_weight_that_a_layer_changes_is_the_same_after_each_prediction() -> None:
    with pytest.warns(KplugWarning, match=r"layer 'halving' .* line \d+: `w /= 2\.0`"):
        model = Sequential([Input((4,)), Halving(name="halving")])
    first = model.predict(DATA, verbose=0)
    for _ in range(3):
        np.testing.assert_array_equal(model.predict(DATA, verbose=0), first)
    np.testing.assert_allclose(first, DATA @ np.full((4, 2), 0.5), rtol=1e-6)
    np.testing.assert_array_equal(model.get_weights()[0], np.ones((4, 2)))


@pytest.mark.filterwarnings("ignore:layer:kplug.KplugWarning")
@pytest.mark.filterwarnings("ignore:the training step .* runs eagerly:kplug.EagerStepWarning")
@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_layer_that_changes_its_weight_trains_like_one_that_does_not(jit: bool) -> None:
    class Pure(Halving):
        def call(self, inputs: Tensor) -> Tensor:
            made: Tensor = inputs @ (self.k / 2.0)
            return made

    trained: list[Any] = []
    for layer in (Halving(), Pure()):
        model = Sequential([Input((4,)), layer])
        model.compile(kplug.optimizers.SGD(0.1), "mse", jit_compile=jit)
        model.fit(DATA, TARGETS.repeat(2, 1), batch_size=4, epochs=3, shuffle=False, verbose=0)
        trained.append(model.get_weights()[0])
    np.testing.assert_allclose(trained[0], trained[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Centering, DATA - DATA.mean(1, keepdims=True)),
        (lambda: TorchModule(Rectifying()), DATA.clip(0)),
        (lambda: Activation(torch.relu_), DATA.clip(0)),
    ],
    ids=["operator", "torch module", "activation"],
)
def test_sibling_branches_and_the_callers_array_keep_their_values(
    make: Callable[[], Layer], expected: np.ndarray
) -> None:
    inputs, given = Input((4,)), DATA.copy()
    with pytest.warns(KplugWarning, match="changes in place what it is handed") as caught:
        results = _call_beside(make, inputs, given)
    assert len(caught) == 1
    for made, sibling in results:
        np.testing.assert_allclose(made, expected, atol=1e-6)
        np.testing.assert_array_equal(sibling, DATA)
    np.testing.assert_array_equal(given, DATA)


def _call_beside(make: Callable[[], Layer], inputs: Any, given: np.ndarray) -> list[Any]:
    model = Model(inputs, [make()(inputs), Activation("linear")(inputs)])
    return [model(given) for _ in range(3)]


def test_metrics_see_predictions_and_targets_that_a_loss_changes_as_they_were() -> None:
    logs: list[list[float]] = []
    for loss in (shifted_error, pure_error):
        kplug.utils.set_random_seed(0)
        model = Sequential([Input((4,)), Dense(1)])
        model.compile("sgd", loss, metrics=["mae"])
        if loss is shifted_error:
            with pytest.warns(KplugWarning, match=r"loss 'shifted_error' .*`y_pred -= 1\.0`"):
                logs.append(_train(model))
        else:
            logs.append(_train(model))
    np.testing.assert_allclose(logs[0], logs[1], rtol=1e-6)


def _train(model: Model) -> list[float]:
    targets = TARGETS.copy()
    found = [model.train_on_batch(DATA, targets), model.evaluate(DATA, targets, verbose=0)]
    found += [model.train_on_batch(DATA, targets)]
    np.testing.assert_array_equal(targets, TARGETS)
    return [float(value) for row in found for value in row]


def test_a_regularizer_leaves_the_weight_as_it_is() -> None:
    def size(weight: Tensor) -> Tensor:
        weight *= 3.0
        return K.sum(weight)

    model = Sequential([Input((4,)), Dense(1, kernel_regularizer=size, activity_regularizer=size)])
    model.compile(kplug.optimizers.SGD(0.0), "mse")
    kernel = model.get_weights()[0]
    with pytest.warns(KplugWarning, match=r"activity regularizer of layer 'dense"):
        predicted = model.predict(DATA, verbose=0)
    with pytest.warns(KplugWarning, match=r"regularizer 'size'.*`weight \*= 3\.0`"):
        loss = model.train_on_batch(DATA, TARGETS)
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
    mean_error = np.mean((predicted - TARGETS) ** 2)
    expected = mean_error + 3 * kernel.sum() + 3 * predicted.sum() / len(DATA)
    np.testing.assert_allclose(float(np.ravel(loss)[0]), expected, rtol=1e-5)


def test_a_metric_leaves_what_the_next_one_sees() -> None:
    def first(y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_pred -= 5.0
        return K.abs(y_true - y_pred)

    model = Sequential([Input((4,)), Dense(1)])
    model.compile("sgd", "mse", metrics=[first, "mae"])
    with pytest.warns(KplugWarning, match=r"metric 'first' in metrics\[0\]"):
        _, _, error = model.evaluate(DATA, TARGETS, verbose=0)
    predicted = model.predict(DATA, verbose=0)
    np.testing.assert_allclose(error, np.abs(predicted - TARGETS).mean(), rtol=1e-6)


def test_a_layer_that_changes_its_input_in_a_later_call_says_so() -> None:
    class Late(Layer):
        calls = 0

        def call(self, inputs: Tensor) -> Tensor:
            self.calls += 1
            if self.calls > 2:
                inputs += 1.0
            return inputs

    layer = Late(name="late")
    layer(DATA.copy())
    layer(DATA.copy())
    with pytest.raises(ContractError, match="layer 'late' changed in place what it was handed"):
        layer(DATA.copy())


def test_a_layer_may_change_its_own_state_and_weights_by_methods() -> None:
    class Counting(Layer):
        def build(self, input_shape: Any) -> None:
            self.count = self.add_weight("count", (), "zeros", trainable=False)
            self.bound = self.add_weight("bound", (), "ones")

        def call(self, inputs: Tensor) -> Tensor:
            self.count += 1.0
            with torch.no_grad():
                self.bound.add_(1.0)
            return inputs * 1.0

    layer = Counting()
    for _ in range(3):
        layer(DATA)
    assert [float(weight) for weight in layer.get_weights()] == [4.0, 3.0]


def test_a_result_of_another_type_or_shape_is_made_as_in_keras() -> None:
    class Widening(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            inputs /= 2
            inputs += K.ones((2, 1))
            return inputs

    with pytest.warns(KplugWarning, match="Widening|widening"):
        made = Widening()(torch.tensor([[1, 2, 3]]))
    np.testing.assert_allclose(made, [[1.5, 2.0, 2.5]] * 2)


# --- components whose authors say that they change nothing ------------------------------------------------


@kplug.non_mutating
class _Stated(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs * 2.0


class _Overriding(_Stated):
    def call(self, inputs: Tensor) -> Tensor:
        inputs *= 2.0
        return inputs


@kplug.non_mutating
def stated_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return K.mean(K.square(y_true - y_pred), -1)


@kplug.non_mutating
class _Shrink(kplug.Regularizer):
    def __call__(self, weight: Tensor) -> Tensor:
        return weight.square().sum()


@kplug.non_mutating
class _Peak(kplug.Metric):
    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        self.add_mean(y_pred.max())

    def add_mean(self, value: Tensor) -> None:
        self.value = value

    def result(self) -> Any:
        return self.value


def test_no_guard_stands_around_a_component_that_says_it_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a guard was asked")

    monkeypatch.setattr("kplug.backend.write_guard.WriteGuard.call", refuse)
    model = Sequential(
        [
            Input((4,)),
            _Stated(activity_regularizer=_Shrink()),
            Dense(1, "tanh", kernel_regularizer=_Shrink()),
        ]
    )
    model.compile("sgd", stated_error, metrics=[_Peak()])
    model.fit(DATA, TARGETS, verbose=0)


def test_a_subclass_of_one_is_watched_again() -> None:
    layer = _Overriding(name="doubling")
    given = torch.ones(2, 3)
    with pytest.warns(KplugWarning, match="layer 'doubling' changes in place what it is handed"):
        layer(given)
    assert bool((given == 1.0).all())


def test_what_torch_raises_in_one_is_explained() -> None:
    @kplug.non_mutating
    class Folding(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return inputs.reshape(-1, 5)

    message = r"layer 'folding' \(Folding\) cannot compute with inputs of shape \(2, 3\) float32"
    with pytest.raises(ComputationError, match=message):
        Folding(name="folding")(torch.ones(2, 3))


def test_a_function_that_wraps_one_of_kplug_is_watched() -> None:
    @functools.wraps(kplug.activations.relu)
    def wipe(x: Tensor) -> Tensor:
        return x.mul_(0.0)

    inputs = torch.ones(2)
    with pytest.warns(KplugWarning, match="in place"):
        kplug.layers.Activation(wipe)(inputs)
    assert inputs.tolist() == [1.0, 1.0]


def test_a_loss_whose_module_is_unknown_is_compiled() -> None:
    names: dict[str, Any] = {}
    exec("def error(y_true, y_pred): return (y_true - y_pred).abs().mean(-1)", names)
    names["error"].__module__ = None
    model = kplug.Sequential([kplug.layers.Dense(1)])
    model.compile("sgd", names["error"])
    assert model.evaluate(torch.ones(2, 3), torch.ones(2, 1), verbose=0) is not None
