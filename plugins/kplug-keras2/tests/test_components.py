"""Optimizers, losses, estimators and custom objects defined by a script."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kplug

X, Y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")


def make_model(installed: Any, optimizer: Any, loss: Any = "mse") -> Any:
    model = installed.models.Sequential(
        [installed.layers.Dense(1, input_dim=3, kernel_initializer="ones")]
    )
    model.compile(optimizer, loss)
    return model


def make_momentum(installed: Any) -> Any:
    """Return SGD with momentum, as code for Keras 2 writes it."""
    K = installed.backend

    class Momentum(installed.optimizers.Optimizer):  # type: ignore[misc]
        def __init__(self, lr: float = 0.01, decay: float = 0.0, **settings: Any) -> None:
            super().__init__(**settings)
            self.iterations = K.variable(0)
            self.lr = K.variable(lr)
            self.decay = decay

        def get_updates(self, loss: Any, params: Any) -> Any:
            grads = self.get_gradients(loss, params)
            self.updates = [K.update_add(self.iterations, 1)]
            lr = self.lr
            lr *= 1.0 / (1.0 + self.decay * self.iterations)
            moments = [K.zeros(K.int_shape(p)) for p in params]
            self.weights = [self.iterations, *moments]
            for p, g, m in zip(params, grads, moments, strict=True):
                v = 0.9 * m - lr * g
                self.updates += [K.update(m, v), K.update(p, p + v)]
            return self.updates

    return Momentum


@pytest.mark.parametrize("settings", [{}, {"decay": 0.1}, {"clipvalue": 0.2}])
def test_an_optimizer_that_returns_updates_trains_as_kplugs_does(
    installed: Any, settings: dict[str, float]
) -> None:
    own = make_model(installed, make_momentum(installed)(lr=0.05, **settings))
    arguments: Any = {"lr": 0.05, "momentum": 0.9, **settings}
    same = make_model(installed, kplug.optimizers.SGD(**arguments))
    for _ in range(3):
        own.train_on_batch(X, Y)
        same.train_on_batch(X, Y)
    assert installed.backend.get_value(own.optimizer.iterations) == 3.0
    np.testing.assert_allclose(own.get_weights()[0], same.get_weights()[0], rtol=1e-5)


def test_the_norm_of_all_gradients_together_is_limited(installed: Any) -> None:
    own = make_model(installed, make_momentum(installed)(lr=0.05, clipnorm=0.5))
    same = make_model(installed, kplug.optimizers.SGD(lr=0.05, momentum=0.9, global_clipnorm=0.5))
    own.train_on_batch(X, Y)
    same.train_on_batch(X, Y)
    np.testing.assert_allclose(own.get_weights()[0], same.get_weights()[0], rtol=1e-5)


def test_the_rate_of_such_an_optimizer_is_read_and_set(installed: Any) -> None:
    K = installed.backend
    model = make_model(installed, make_momentum(installed)(lr=0.5))
    model.train_on_batch(X, Y)
    K.set_value(model.optimizer.lr, 0.25)
    assert float(K.get_value(model.optimizer.lr)) == 0.25
    assert isinstance(kplug.optimizers.SGD(), installed.optimizers.Optimizer)
    with pytest.raises(TypeError, match="takes no beta"):
        make_momentum(installed)(beta=1.0)


def test_targets_and_outputs_outside_the_range_pass_as_in_keras_2(installed: Any) -> None:
    model = make_model(installed, "sgd", "binary_crossentropy")  # outputs 3, far from a probability
    loss = model.train_on_batch(X, Y * 1.013)
    clipped = 1 - 1e-7
    expected = -(
        1.013 * np.log(clipped) + (1 - 1.013) * np.log(np.float32(1) - np.float32(clipped))
    )
    np.testing.assert_allclose(loss, expected, rtol=1e-3)
    assert next(row.name for row in model.components) == "kplug-keras2/binary_crossentropy"


def test_losses_take_symbolic_tensors(installed: Any) -> None:
    first, second = installed.layers.Input((3,)), installed.layers.Input((3,))
    outputs = installed.losses.mse(first, second)
    model = installed.models.Model([first, second], outputs)
    assert model.predict([X, 3 * X]).tolist() == [4.0] * 4


def test_names_of_the_script_are_known_from_then_on(installed: Any) -> None:
    names = installed.utils.get_custom_objects()
    names["thrice"] = lambda x: 3 * x
    try:
        model = make_model(installed, "sgd")
        model.add(installed.layers.Activation("thrice"))
        assert model.predict(X).ravel().tolist() == [9.0] * 4
    finally:
        names.clear()
    with pytest.raises(kplug.errors.ResolutionError):
        installed.layers.Activation("thrice")(X)


def test_a_scope_ends_with_its_block(installed: Any) -> None:
    with installed.utils.CustomObjectScope({"thrice": lambda x: 3 * x}):
        assert installed.layers.Activation("thrice")(X).max() == 3.0
    with pytest.raises(kplug.errors.ResolutionError):
        installed.layers.Activation("thrice")(X)


def build_classifier(units: int = 4) -> Any:
    model: Any = kplug.Sequential(
        [
            kplug.layers.Dense(units, "relu", input_dim=2),
            kplug.layers.Dense(2, "softmax"),
        ]
    )
    model.compile("adam(lr=0.1)", "categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_function_that_makes_a_model_is_a_classifier(installed: Any) -> None:
    from keras.wrappers.scikit_learn import KerasClassifier
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import GridSearchCV

    chance = np.random.default_rng(0)
    x = chance.normal(size=(40, 2)).astype("float32")
    y = np.where(x[:, 0] > 0, "yes", "no")
    estimator = KerasClassifier(build_classifier, units=3, epochs=1, verbose=0)
    assert is_classifier(estimator)
    assert clone(estimator).get_params()["units"] == 3
    search = GridSearchCV(estimator, {"epochs": [30, 40]}, cv=2).fit(x, y)
    assert search.best_score_ > 0.8
    assert search.best_estimator_.score(x, y) > 0.8
    assert set(search.predict(x)) == {"yes", "no"}
