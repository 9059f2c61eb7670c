"""Steps that a model's class writes itself: the same in fit, evaluate and predict as in Keras on torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug.errors import (
    ContractError,
    EagerStepWarning,
    LossWithoutGradientError,
    NotCompiledError,
)
from kplug.utils import pack_x_y_sample_weight, unpack_x_y_sample_weight

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own tensors.
pytestmark = pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype("float32")
Y = RNG.normal(size=(20, 1)).astype("float32")
WEIGHTS = RNG.uniform(size=20).astype("float32")
CLASSES = (np.arange(20) % 2).astype("int64")


def whole_step(library: Any) -> type:
    """As in Keras's guide to customizing fit with PyTorch."""

    class Custom(library.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            x, y, sample_weight = library.utils.unpack_x_y_sample_weight(data)
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
            loss.backward()
            trainable_weights = list(self.trainable_weights)
            gradients = [v.value.grad for v in trainable_weights]
            with torch.no_grad():
                self.optimizer.apply(gradients, trainable_weights)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred, sample_weight=sample_weight)
            return {m.name: m.result() for m in self.metrics}

        def test_step(self, data: Any) -> Any:
            x, y, sample_weight = library.utils.unpack_x_y_sample_weight(data)
            y_pred = self(x, training=False)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
            for metric in self.metrics:
                if metric.name != "loss":
                    metric.update_state(y, y_pred)
                else:
                    metric.update_state(loss)
            return {m.name: m.result() for m in self.metrics}

    return Custom


def own_trackers(library: Any) -> type:
    """The guide's step of a lower level: no loss and no metrics in compile."""

    class Custom(library.Model):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.loss_tracker = library.metrics.Mean(name="loss")
            self.mae_metric = library.metrics.MeanAbsoluteError(name="mae")
            self.loss_fn = library.losses.MeanSquaredError()

        def train_step(self, data: Any) -> Any:
            x, y = data[:2]
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.loss_fn(y, y_pred)
            loss.backward()
            trainable_weights = list(self.trainable_weights)
            with torch.no_grad():
                self.optimizer.apply([v.value.grad for v in trainable_weights], trainable_weights)
            self.loss_tracker.update_state(loss)
            self.mae_metric.update_state(y, y_pred)
            return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

        def test_step(self, data: Any) -> Any:
            x, y = data[:2]
            y_pred = self(x, training=False)
            self.loss_tracker.update_state(self.loss_fn(y, y_pred))
            self.mae_metric.update_state(y, y_pred)
            return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

        @property
        def metrics(self) -> Any:
            return [self.loss_tracker, self.mae_metric]

    return Custom


def own_loss(library: Any) -> type:
    """A loss of its own that calls the default one."""

    class Custom(library.Model):  # type: ignore[misc]
        def compute_loss(self, x: Any, y: Any, y_pred: Any, *weights: Any, **options: Any) -> Any:
            given = super().compute_loss(x, y, y_pred, *weights, **options)
            return given + 0.1 * (y_pred**2).mean() + 0.01 * abs(x).mean()

    return Custom


def own_metrics(library: Any) -> type:
    """Logs of its own beside the default ones."""

    class Custom(library.Model):  # type: ignore[misc]
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            logs = super().compute_metrics(x, y, y_pred, sample_weight)
            logs["largest"] = y_pred.detach().abs().max()
            return logs

    return Custom


def default_step(library: Any) -> type:
    """A step that adds to the default one."""

    class Custom(library.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            return {**logs, "twice": 2.0 * logs["loss"]}

        def predict_step(self, data: Any) -> Any:
            return 3.0 * super().predict_step(data)

    return Custom


STEPS = [whole_step, own_trackers, own_loss, own_metrics, default_step]
CALLS: dict[str, Callable[[Any], Any]] = {
    "fit": lambda model: model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history,
    "validation": lambda model: (
        model.fit(
            X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0, validation_data=(X[:7], Y[:7])
        ).history
    ),
    "sample_weight": lambda model: (
        model.fit(X, Y, sample_weight=WEIGHTS, batch_size=8, shuffle=False, verbose=0).history
    ),
    "class_weight": lambda model: (
        model.fit(
            X, CLASSES, class_weight={0: 0.2, 1: 3.0}, batch_size=8, shuffle=False, verbose=0
        ).history
    ),
    "evaluate": lambda model: model.evaluate(X, Y, batch_size=8, verbose=0, return_dict=True),
    "predict": lambda model: {"": model.predict(X, batch_size=8, verbose=0)},
    "train_on_batch": lambda model: model.train_on_batch(X, Y, return_dict=True),
    "test_on_batch": lambda model: model.test_on_batch(X, Y, return_dict=True),
}


def build(library: Any, step: Callable[[Any], type]) -> Any:
    inputs = library.Input((3,))
    hidden = library.layers.Dense(4, activation="tanh", kernel_regularizer="l2")(inputs)
    model = step(library)(inputs, library.layers.Dense(1)(hidden))
    options = {} if step is own_trackers else {"loss": "mse", "metrics": ["mae"]}
    model.compile(optimizer=library.optimizers.SGD(0.1), **options)
    return model


@pytest.mark.sampled
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("step", STEPS, ids=[step.__name__ for step in STEPS])
def test_against_keras(step: Callable[[Any], type], call: str) -> None:
    ours, theirs = build(kplug, step), build(keras, step)
    ours.set_weights(theirs.get_weights())
    made, expected = CALLS[call](ours), CALLS[call](theirs)
    assert sorted(made) == sorted(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(made[name], value, rtol=2e-4, atol=2e-5, err_msg=name)
    for left, right in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=2e-4, atol=2e-5)


def summed_loss(library: Any) -> type:
    """A loss of its own for several outputs."""

    class Custom(library.Model):  # type: ignore[misc]
        def compute_loss(self, *given: Any, **options: Any) -> Any:
            return 2 * super().compute_loss(*given, **options)

    return Custom


@pytest.mark.parametrize("step", [summed_loss, default_step])
def test_losses_of_several_outputs_are_logged_as_in_keras(step: Callable[[Any], type]) -> None:
    models = []
    for library in (kplug, keras):
        inputs = library.Input((3,))
        outputs = [library.layers.Dense(1, name=name)(inputs) for name in "ab"]
        models.append(step(library)(inputs, outputs))
        models[-1].compile("sgd", loss={"b": "mae", "a": "mse"}, metrics={"a": ["mae"]})
    ours, theirs = models
    ours.set_weights(theirs.get_weights())
    targets = [Y, 2 * Y]
    given = {"epochs": 2, "shuffle": False, "verbose": 0, "validation_split": 0.25}
    made, expected = (one.fit(X, targets, **given).history for one in models)
    assert sorted(made) == sorted(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(made[name], values, rtol=2e-4, err_msg=name)


class Pair(kplug.Model):
    """Two networks and two optimizers, as a GAN: no ``call``, and data without targets."""

    def __init__(self) -> None:
        super().__init__()
        self.maker = kplug.Sequential([kplug.Input((2,)), kplug.layers.Dense(3)])
        self.judge = kplug.Sequential([kplug.Input((3,)), kplug.layers.Dense(1)])
        self.tracker = kplug.metrics.Mean(name="judged")

    def compile(self, first: Any, second: Any) -> None:  # type: ignore[override]
        super().compile()
        self.first, self.second = first, second

    def train_step(self, real: Any) -> Any:
        assert isinstance(real, torch.Tensor)
        for network, optimizer in ((self.judge, self.first), (self.maker, self.second)):
            self.zero_grad()
            made = self.maker(torch.ones(len(real), 2))
            loss = (self.judge(made) - self.judge(real)).square().mean()
            loss.backward()
            gradients = [weight.grad for weight in network.trainable_weights]
            optimizer.apply(gradients, network.trainable_weights)
        self.tracker.update_state(loss)
        return {"judged": self.tracker.result()}


def test_two_networks_are_trained_in_turns() -> None:
    model = Pair()
    model.compile(kplug.optimizers.Adam(0.01), kplug.optimizers.SGD(0.1))
    before = [weight.numpy().copy() for weight in model.weights]
    history = model.fit(X, batch_size=8, epochs=2, verbose=0).history
    assert list(history) == ["judged"]
    assert len(history["judged"]) == 2
    moved = [(now.numpy() != then).any() for now, then in zip(model.weights, before, strict=True)]
    assert moved == [True, True, True, False]  # the judge's bias has no effect on a difference


class Sum(kplug.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs[0] + inputs[1]


class Around(kplug.Model):
    """Trains a graph that a layer of the user's stands in, and that nobody has called before."""

    def __init__(self) -> None:
        super().__init__()
        inputs = kplug.Input((3,))
        hidden = kplug.layers.Dense(2)(inputs)
        self.inner = kplug.Model(inputs, Sum()([hidden, hidden]))
        self.outer = kplug.Sequential([kplug.layers.Dense(1, input_dim=2)])

    def train_step(self, data: Any) -> dict[str, Any]:
        loss = self.outer(self.inner(data)).square().mean()
        self.zero_grad()
        loss.backward()
        weights = self.trainable_weights
        self.optimizer.apply([one.grad for one in weights], weights)
        return {"loss": loss}


def test_a_graph_inside_is_trained_that_was_not_called_before() -> None:
    model = Around()
    model.compile("sgd")
    losses = model.fit(torch.ones(4, 3), epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]


def test_callbacks_see_the_logs_of_each_step() -> None:
    seen: list[Any] = []

    class Note(kplug.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, sorted(logs)))

    build(kplug, whole_step).fit(X, Y, batch_size=10, verbose=0, callbacks=[Note()])
    assert seen == [(0, ["loss", "mae"]), (1, ["loss", "mae"])]


class Broken(kplug.Model):
    """A model whose step returns what a test gives it."""

    returned: Any = None

    def call(self, inputs: Any) -> Any:
        return inputs

    def train_step(self, data: Any) -> Any:
        return self.returned


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            None,
            "Broken.train_step returned None, and the loop needs a dict of logs, a number for each name\n"
            "  End it with: return {metric.name: metric.result() for metric in self.metrics}.",
        ),
        (
            torch.ones(()),
            "Broken.train_step returned a tensor of shape (), and the loop needs a dict of logs, a number "
            "for each name\n"
            "  End it with: return {metric.name: metric.result() for metric in self.metrics}.",
        ),
        (
            {"loss": torch.ones(20)},
            "Broken.train_step returned a tensor of shape (20,) for the log 'loss', and a log is one number\n"
            "  Return its mean, or let a metric see it and return the metric's result().",
        ),
        (
            {"loss": "low"},
            "Broken.train_step returned str for the log 'loss', and a log is one number\n"
            "  Return its mean, or let a metric see it and return the metric's result().",
        ),
    ],
    ids=["none", "tensor", "vector", "text"],
)
@pytest.mark.filterwarnings("ignore:fit. model .* has no trainable weights")
def test_what_is_no_dict_of_numbers_is_refused(returned: Any, message: str) -> None:
    model = Broken()
    model.returned = returned
    model.compile(loss="mse")
    with pytest.raises(ContractError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == message


def make(**methods: Any) -> Any:
    inputs = kplug.Input((3,))
    owner = type("Own", (kplug.Model,), methods)
    return owner(inputs, kplug.layers.Dense(1)(inputs))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (None, "Own.compute_loss returned None, and training needs one number per batch"),
        (
            torch.ones(3),
            "Own.compute_loss returned a tensor of shape (3,), and training needs one number per",
        ),
    ],
)
def test_a_loss_that_is_no_number_is_refused(loss: Any, message: str) -> None:
    model = make(compute_loss=lambda _, **__: loss)
    model.compile(loss="mse")
    with pytest.raises(ContractError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value).startswith(message)


def test_a_loss_without_gradient_is_refused() -> None:
    model = make(compute_loss=lambda _, y_pred, **__: y_pred.detach().mean())
    model.compile(loss="mse")
    with pytest.raises(
        LossWithoutGradientError, match=r"Own\.compute_loss returned a tensor without"
    ):
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("step", [lambda _: kplug.Model, own_loss])
def test_a_frozen_model_is_not_trained(step: Callable[[Any], type]) -> None:
    model = build(kplug, step)
    model.trainable = False
    with pytest.warns(UserWarning, match="no trainable weights"):
        history = model.fit(X, Y, verbose=0).history
    assert sorted(history) == ["loss", "mae"]


@pytest.mark.parametrize("name", ["train_step", "test_step"])
def test_a_default_step_of_a_model_that_is_not_compiled_is_refused(name: str) -> None:
    with pytest.raises(NotCompiledError, match=f"^{name}: model .* is not compiled"):
        getattr(make(), name)((X, Y))


def pass_on(name: str) -> Callable[..., Any]:
    """Return a method that only calls the default one."""
    return lambda self, *given, **options: getattr(super(type(self), self), name)(*given, **options)


@pytest.mark.parametrize("method", ["train_step", "compute_loss", "compute_metrics"])
@pytest.mark.parametrize(
    "optimizer",
    ["adam", "adam(gradient_accumulation_steps=2)", "loss_scale_optimizer('sgd(lr=0.1)')"],
)
def test_a_custom_step_of_default_methods_trains_as_without_to_the_bit(
    optimizer: str, method: str
) -> None:
    found = []
    for methods in ({}, {method: pass_on(method)}):
        kplug.utils.set_random_seed(0)
        inputs = kplug.Input((3,))
        options: Any = {"kernel_regularizer": "l2", "activity_regularizer": "l1"}
        hidden = kplug.layers.Dense(4, "tanh", kernel_constraint="max_norm", **options)(inputs)
        outputs = [kplug.layers.Dense(1, name=name)(hidden) for name in "ab"]
        model: Any = type("Custom", (kplug.Model,), methods)(inputs, outputs)
        model.compile(optimizer, ["mse", "mae"], metrics=["mae", None], loss_weights=[1.0, 0.5])
        model.fit(X, [Y, 2 * Y], sample_weight=WEIGHTS, batch_size=8, epochs=2, verbose=0)
        logs = model.evaluate(X, [Y, 2 * Y], batch_size=20, return_dict=True, verbose=0)
        found.append([*model.get_weights(), *(logs[name] for name in sorted(logs))])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_without_a_loss_is_told_so() -> None:
    model = make(train_step=lambda self, data: {"loss": self.compute_loss(*data, self(data[0]))})
    model.compile()
    with pytest.raises(ContractError, match="was compiled without a loss and has no penalties"):
        model.fit(X, Y, verbose=0)


def test_predictions_that_are_missing_are_refused() -> None:
    model = make(predict_step=lambda *_: None)
    with pytest.raises(ContractError) as caught:
        model.predict(X, verbose=0)
    assert str(caught.value) == (
        "Own.predict_step returned None, and predict joins the outputs of all batches\n"
        "  End it with: return self(x, training=False)."
    )


def test_one_sentence_says_that_the_steps_are_not_compiled() -> None:
    model = build(kplug, whole_step)
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.warns(EagerStepWarning) as warned:
        model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y))
    assert [str(each.message) for each in warned] == [
        "Custom.train_step is the model's own, so its steps run eagerly instead of compiled; "
        "jit_compile=False trains without this warning"
    ]


def test_layers_compute_in_reduced_precision_in_a_step_of_the_models_own() -> None:
    """As in the step that kplug makes, the loss is computed outside of autocast."""
    ours, plain = (build(kplug, owner) for owner in (whole_step, lambda _: kplug.Model))
    plain.set_weights(ours.get_weights())
    for model in (ours, plain):
        model.compile(kplug.optimizers.SGD(0.1), "mse", precision="bf16")
        model.fit(X, Y, shuffle=False, epochs=2, verbose=0)
    full = build(kplug, whole_step)
    full.compile("sgd", "mse")
    assert not np.array_equal(full.predict(X, verbose=0), ours.predict(X, verbose=0))
    for weight, expected in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_auto_says_nothing_of_steps_that_are_not_compiled() -> None:
    model = build(kplug, whole_step)
    model.compile("sgd", "mse", jit_compile="auto")
    model.fit(X, Y, verbose=0)  # warnings are errors


def test_float16_is_refused_for_a_step_that_would_have_to_scale_its_loss() -> None:
    with pytest.raises(ContractError) as caught:
        build(kplug, whole_step).compile("sgd", "mse", precision="fp16")
    assert str(caught.value) == (
        "compile: precision='fp16' needs a scaled loss, and Custom.train_step is the model's own, which "
        "computes its loss as it is written\n  Take precision='bf16', whose gradients need no scale."
    )


def test_constraints_are_applied_after_a_step_of_the_models_own() -> None:
    inputs = kplug.Input((3,))
    layer = kplug.layers.Dense(1, kernel_constraint="non_neg")
    model = whole_step(kplug)(inputs, layer(inputs))
    model.compile(kplug.optimizers.SGD(1.0), "mse")
    model.fit(X, Y, verbose=0)
    assert (layer.kernel.detach() >= 0).all()


@pytest.mark.parametrize("x", [1, [1, 2]])
@pytest.mark.parametrize(("y", "sample_weight"), [(None, None), (3, None), (3, 4)])
def test_batches_are_packed_as_in_keras(x: Any, y: Any, sample_weight: Any) -> None:
    packed = pack_x_y_sample_weight(x, y, sample_weight)
    assert packed == keras.utils.pack_x_y_sample_weight(x, y, sample_weight)
    if not isinstance(x, list):
        assert unpack_x_y_sample_weight(packed) == (x, y, sample_weight)


def averaging_model(library: Any) -> Any:
    class Custom(library.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = library.layers.Dense(1, kernel_initializer="ones")

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    model = Custom()
    model.compile(library.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    return model


def test_averages_reach_the_model_as_in_keras() -> None:
    ours, theirs = averaging_model(kplug), averaging_model(keras)
    for model in (ours, theirs):
        model.fit(X, Y, epochs=2, batch_size=5, verbose=0, shuffle=False)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
