"""Optimizers that define ``get_updates``: saved, nested, and as configurations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def make_rule(keras: Any) -> Any:
    """Return a class of optimizers with momentum, as scripts write it."""
    K = keras.backend

    class Momentum(keras.optimizers.Optimizer):  # type: ignore[misc]
        def __init__(self, lr: float = 0.1, momentum: float = 0.9, **others: Any) -> None:
            super().__init__(**others)
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr, self.momentum = K.variable(lr, name="lr"), K.variable(momentum)

        def get_updates(self, loss: Any, params: Any) -> Any:
            gradients = self.get_gradients(loss, params)
            moments = [K.zeros(K.int_shape(one)) for one in params]
            self.weights = [self.iterations, *moments]
            self.updates = [K.update_add(self.iterations, 1)]
            for weight, gradient, moment in zip(params, gradients, moments, strict=True):
                velocity = self.momentum * moment - self.lr * gradient
                self.updates.append(K.update(moment, velocity))
                self.updates.append(K.update(weight, weight + velocity))
            return self.updates

        def get_config(self) -> Any:
            own = {"lr": K.get_value(self.lr), "momentum": K.get_value(self.momentum)}
            return {**super().get_config(), **{name: float(one) for name, one in own.items()}}

    return Momentum


def make_model(keras: Any, optimizer: Any) -> Any:
    first = keras.layers.Dense(2, input_dim=3, kernel_initializer="ones")
    model = keras.models.Sequential([first, keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer, "mse")
    return model


def test_a_rule_is_saved_with_its_variables_and_loaded(installed: Any, tmp_path: Path) -> None:
    K, rule = installed.backend, make_rule(installed)
    model = make_model(installed, rule(0.02))
    same = make_model(installed, installed.optimizers.SGD(lr=0.02, momentum=0.9))
    for _ in range(3):
        model.train_on_batch(X, Y)
        same.train_on_batch(X, Y)
    model.save(tmp_path / "model.h5")
    loaded = installed.models.load_model(tmp_path / "model.h5", custom_objects={"Momentum": rule})
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert int(K.get_value(loaded.optimizer.iterations)) == 3
    loaded.train_on_batch(X, Y)
    same.train_on_batch(X, Y)
    for found, wanted in zip(loaded.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    assert [one.shape for one in loaded.optimizer.get_weights()[1:]] == [(3, 2), (2,), (2, 1), (1,)]


def test_a_rule_that_was_not_used_is_loaded_from_global_names(
    installed: Any, tmp_path: Path
) -> None:
    rule = make_rule(installed)
    model = make_model(installed, rule(0.25))
    model.save(tmp_path / "model.h5")
    names = installed.utils.get_custom_objects()
    names["Momentum"] = rule
    try:
        loaded = installed.models.load_model(tmp_path / "model.h5")
    finally:
        names.clear()
    assert installed.backend.get_value(loaded.optimizer.lr) == pytest.approx(0.25)


def test_a_rule_is_data(installed: Any) -> None:
    optimizers, rule = installed.optimizers, make_rule(installed)
    one = rule(0.5)
    assert optimizers.get(one) is one
    described = optimizers.serialize(one)
    assert described == {
        "class_name": "Momentum",
        "config": {"lr": 0.5, "momentum": pytest.approx(0.9)},
    }
    made = optimizers.deserialize(described, custom_objects={"Momentum": rule})
    assert type(made) is rule
    assert made.get_config() == one.get_config()
    assert isinstance(optimizers.get("adam"), kplug.optimizers.Adam)
    assert optimizers.serialize(optimizers.get("adam"))["class_name"] == "kplug/adam"


def test_a_state_of_another_rule_is_refused(installed: Any) -> None:
    model = make_model(installed, make_rule(installed)())
    model.train_on_batch(X, Y)
    state = model.optimizer.state_dict()
    with pytest.raises(kplug.WeightsError, match="is not of a Momentum"):
        model.optimizer.load_state_dict({**state, "attributes": {}})


@pytest.mark.parametrize("inner", ["sgd", "rule"])
def test_a_rule_goes_around_another_optimizer(
    installed: Any, inner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    K, optimizers, rule = installed.backend, installed.optimizers, make_rule(installed)

    class Slow(optimizers.Optimizer):  # type: ignore[misc,name-defined]
        """Goes half of the way, as wrappers do that put their own ``K.update`` there."""

        def __init__(self, optimizer: Any, **others: Any) -> None:
            super().__init__(**others)
            self.optimizer = optimizers.get(optimizer)

        @property
        def lr(self) -> Any:
            return self.optimizer.lr

        def get_updates(self, loss: Any, params: Any) -> Any:
            start = {one.name: K.variable(K.get_value(one)) for one in params}
            with monkeypatch.context() as patch:
                patch.setattr(K, "update", lambda x, new: (x, new))
                self.updates = self.optimizer.get_updates(loss, params)
            for place, pair in enumerate(self.updates):
                if isinstance(pair, tuple):
                    one, new = pair
                    if one.name in start:
                        new = one + 0.5 * (new - one)
                    self.updates[place] = K.update(one, new)
            self.weights = [*self.optimizer.weights, *start.values()]
            return self.updates

        def get_config(self) -> Any:
            return {**super().get_config(), "optimizer": optimizers.serialize(self.optimizer)}

        @classmethod
        def from_config(cls, config: Any) -> Any:
            return cls(optimizers.deserialize(config.pop("optimizer")), **config)

    fast = optimizers.SGD(lr=0.1) if inner == "sgd" else rule(0.1, momentum=0.0)
    model = make_model(installed, Slow(fast))
    half = make_model(installed, optimizers.SGD(lr=0.05))
    known = {"Slow": Slow, "Momentum": rule}
    for _ in range(2):
        model.train_on_batch(X, Y)
        half.train_on_batch(X, Y)
        for found, wanted in zip(model.get_weights(), half.get_weights(), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    model.save(tmp_path / "model.h5")
    loaded = installed.models.load_model(tmp_path / "model.h5", custom_objects=known)
    loaded.train_on_batch(X, Y)
    half.train_on_batch(X, Y)
    for found, wanted in zip(loaded.get_weights(), half.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_rule_may_hold_itself(installed: Any, tmp_path: Path) -> None:
    rule = make_rule(installed)

    class Own(rule):  # type: ignore[misc,valid-type]
        def __init__(self, lr: float = 0.02, **others: Any) -> None:
            super().__init__(lr, **others)
            self.__dict__.update(locals())  # `self`, too

    model = make_model(installed, Own())
    model.train_on_batch(X, Y)
    model.save(tmp_path / "model.h5")
    loaded = installed.models.load_model(tmp_path / "model.h5", custom_objects={"Own": Own})
    for one in (model, loaded):
        one.train_on_batch(X, Y)
    for found, wanted in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("inner", ["adam", "momentum", "rule"])
def test_an_optimizer_inside_a_rule_goes_on_from_a_file(
    installed: Any, inner: str, tmp_path: Path
) -> None:
    optimizers, rule = installed.optimizers, make_rule(installed)

    class Around(optimizers.Optimizer):  # type: ignore[misc,name-defined]
        def __init__(self, optimizer: Any, **others: Any) -> None:
            super().__init__(**others)
            self.optimizer = optimizers.get(optimizer)

        lr = property(lambda self: self.optimizer.lr)

        def get_updates(self, loss: Any, params: Any) -> Any:
            self.updates = self.optimizer.get_updates(loss, params)
            self.weights = self.optimizer.weights
            return self.updates

        def get_config(self) -> Any:
            return {**super().get_config(), "optimizer": optimizers.serialize(self.optimizer)}

        @classmethod
        def from_config(cls, config: Any) -> Any:
            return cls(optimizers.deserialize(config.pop("optimizer")), **config)

    made = {"adam": "adam", "momentum": optimizers.SGD(0.02, momentum=0.9), "rule": rule(0.02)}
    model, known = (
        make_model(installed, Around(made[inner])),
        {"Around": Around, "Momentum": rule},
    )
    model.save(tmp_path / "untrained.h5")
    fresh = installed.models.load_model(tmp_path / "untrained.h5", custom_objects=known)
    for _ in range(3):
        model.train_on_batch(X, Y)
    model.save(tmp_path / "model.h5")
    loaded = installed.models.load_model(tmp_path / "model.h5", custom_objects=known)
    for _ in range(3):
        fresh.train_on_batch(X, Y)
    for each in (model, loaded, fresh):
        each.train_on_batch(X, Y)
    for one in (loaded, fresh):
        for owner, other in ((model, one), (model.optimizer, one.optimizer)):
            for wanted, found in zip(owner.get_weights(), other.get_weights(), strict=True):
                np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_names_of_weights_tell_layers_apart(installed: Any) -> None:
    model = make_model(installed, "sgd")
    names = [one.name for one in model.trainable_weights]
    assert len(set(names)) == 4
    assert names[0].endswith("/kernel:0")
