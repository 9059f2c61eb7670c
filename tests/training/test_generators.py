"""The states of random generators: collected, checked and restored."""

from __future__ import annotations

import json
import random as python
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug import Sequential, layers, random
from kplug.callbacks import BackupAndRestore, LambdaCallback
from kplug.errors import WeightsError
from kplug.training.generators import (
    apply_generators,
    check_generators,
    collect_generators,
    collect_held_generators,
    collect_python_generators,
)


def make() -> Any:
    return Sequential([layers.Dense(2, input_dim=3), layers.Dropout(0.5, seed=7)])


def find_generator(model: Any) -> torch.Generator:
    """Return the one generator of the dropout."""
    (found,) = [
        value for value in vars(model.layers[-1]).values() if isinstance(value, torch.Generator)
    ]
    return found


def test_states_are_those_of_torch_and_of_each_seeded_layer() -> None:
    model = make()
    states = collect_generators(model)
    own = [name for name in states if name != "torch" and not name.startswith("cuda:")]
    assert len(own) == 1
    assert torch.equal(states["torch"], torch.get_rng_state())
    assert torch.equal(states[own[0]], find_generator(model).get_state())
    check_generators(states)


def test_generator_that_two_layers_share_is_stored_once() -> None:
    model = Sequential([layers.Dropout(0.5, seed=7), layers.Dropout(0.5, seed=8)])
    before = len(collect_generators(model))
    first, second = model.layers
    (attribute,) = [
        name for name, value in vars(first).items() if isinstance(value, torch.Generator)
    ]
    setattr(second, attribute, getattr(first, attribute))
    assert len(collect_generators(model)) == before - 1


def test_restored_generators_draw_the_same_numbers_again() -> None:
    model = make()
    states = collect_generators(model)
    expected = torch.rand(5), torch.rand(5, generator=find_generator(model))
    other = make()
    torch.rand(3, generator=find_generator(other))
    apply_generators(other, states)
    assert torch.equal(torch.rand(5), expected[0])
    assert torch.equal(torch.rand(5, generator=find_generator(other)), expected[1])


def test_generators_without_a_stored_state_stay_as_they_are() -> None:
    model = make()
    before = torch.get_rng_state(), find_generator(model).get_state()
    apply_generators(model, {"99/none": torch.Generator().get_state()})
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.equal(find_generator(model).get_state(), before[1])


@pytest.mark.parametrize(
    "state",
    [
        torch.zeros(3, dtype=torch.uint8),
        torch.zeros(3),
        "text",
        None,
        (3, (1, 2), None),
        {"bit_generator": "PCG64", "state": {}},
        {"bit_generator": "default_rng"},
        {"bit_generator": "MT19937", "state": {"key": [1], "pos": 0}, "has_gauss": 0, "gauss": 0.0},
    ],
)
def test_state_of_no_generator_is_refused(state: object) -> None:
    with pytest.raises(WeightsError, match="the stored generator '1/own' cannot be read: "):
        check_generators({"torch": torch.get_rng_state(), "1/own": state})


@pytest.mark.parametrize("name", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_generators_of_numpy_and_python_go_on(name: str) -> None:
    def make_holder() -> Any:
        several = [np.random.RandomState(3), {"deep": python.Random(4)}]
        own = np.random.Generator(getattr(np.random, name)(1))
        return SimpleNamespace(own=own, several=several, torch=torch.Generator())

    def draw(holder: Any) -> list[float]:
        return [
            np.random.normal(),
            python.gauss(0, 1),
            holder.own.normal(),
            holder.several[0].normal(),
            holder.several[1]["deep"].random(),
            torch.rand((), generator=holder.torch).item(),
        ]

    model, holder = make(), make_holder()
    draw(holder)  # of two normal numbers one is kept
    states = collect_python_generators() | collect_held_generators([None, holder])
    check_generators(states)
    json.dumps({name: state for name, state in states.items() if not torch.is_tensor(state)})
    expected, other = draw(holder), make_holder()
    apply_generators(model, states, [None, other])
    assert draw(other) == expected
    del states["numpy"]
    apply_generators(model, states, [other])  # at another place
    assert draw(other) != expected


def test_states_of_another_kind_leave_a_generator_of_numpy_as_it_is() -> None:
    holder = SimpleNamespace(own=np.random.default_rng(1))
    for other in (np.random.Generator(np.random.SFC64(1)), np.random.RandomState(1)):
        states = collect_held_generators([SimpleNamespace(own=other)])
        apply_generators(make(), states, [holder])
    assert holder.own.normal() == np.random.default_rng(1).normal()


class Noise(layers.Layer):
    """Adds noise in training, from generators in several places."""

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self.seeds = random.SeedGenerator(seed)
        self.several = [random.SeedGenerator(seed + 1), {"deep": (random.SeedGenerator(seed + 2),)}]
        self.own = torch.Generator().manual_seed(seed)
        self.by_name = {"own": torch.Generator().manual_seed(seed + 1)}

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        seeds: list[Any] = [self.seeds, self.several[0], self.several[1]["deep"][0]]  # type: ignore[index]
        seeds += [self.own, self.by_name["own"]]
        return inputs + sum(random.normal((3,), seed=one) for one in seeds)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


class Around(layers.Layer):
    """A layer with another one inside."""

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.seed, self.inner = seed, Noise(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.inner(inputs, training=training)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


class NoisyModel(kplug.Model):
    """A model that draws itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seeds = random.SeedGenerator()  # of another start in each process
        self.out = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.out(inputs + random.normal((3,), seed=self.seeds))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class NoisyPenalty(kplug.regularizers.Regularizer):
    """A component that draws."""

    def __init__(self) -> None:
        self.seeds = random.SeedGenerator(5)

    def __call__(self, weight: Any) -> Any:
        return (weight * random.normal((), seed=self.seeds)).sum()

    def get_config(self) -> dict[str, Any]:
        return {}


class NoisyLoss(kplug.losses.Loss):
    """A loss that draws."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seeds = random.SeedGenerator(6)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ((y_true - y_pred) ** 2 * random.uniform((), seed=self.seeds)).mean(-1)


OWN = {each.__name__: each for each in (Noise, Around, NoisyModel, NoisyPenalty, NoisyLoss)}


def make_graph() -> Any:
    """Return a model with an operation that is called with a generator, which has no place in a file."""
    inputs = layers.Input((3,))
    noisy = random.dropout(inputs, 0.5, seed=random.SeedGenerator(3))
    return kplug.Model(inputs, layers.Dense(1)(noisy))


MODELS: dict[str, Any] = {
    "a layer": lambda: Sequential([Noise(3, input_shape=(3,)), layers.Dense(1)]),
    "a layer inside": lambda: Sequential([Around(3, input_shape=(3,)), layers.Dense(1)]),
    "a call": make_graph,
    "a penalty": lambda: Sequential(
        [layers.Dense(1, kernel_regularizer=NoisyPenalty(), input_dim=3)]
    ),
    "the model": NoisyModel,
    "the loss": lambda: Sequential([layers.Dense(1, input_dim=3)]),
}

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def compiled(name: str, seed: int) -> Any:
    torch.manual_seed(seed)
    model = MODELS[name]()
    model.compile("adam", NoisyLoss() if name == "the loss" else "mse")
    if name == "the model":
        model(X)
    return model


def train(model: Any, start: int, end: int, *callbacks: Any) -> list[float]:
    options = {"batch_size": 4, "verbose": 0, "callbacks": list(callbacks)}
    history = model.fit(X, Y, epochs=end, initial_epoch=start, **options)
    return list(history.history["loss"])


WAYS = ["keras", "h5", "state", "backup"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "way"),
    # No whole file holds an operation that is called with a generator.
    [(name, way) for name in MODELS for way in (WAYS[2:] if name == "a call" else WAYS)],
)
def test_generators_of_layers_and_components_go_on_from_a_file(
    tmp_path: Path, name: str, way: str
) -> None:
    path = tmp_path / f"file.{way}"

    model = compiled(name, 0)
    expected = train(model, 0, 4)
    model = compiled(name, 0)
    if way == "backup":
        backup = BackupAndRestore(str(tmp_path / "backup"))
        kill = LambdaCallback(on_epoch_begin=lambda epoch, _: 1 / (epoch - 2))
        with pytest.raises(ZeroDivisionError):
            train(model, 0, 4, backup, kill)
        found = train(compiled(name, 1), 0, 4, backup)
    else:
        train(model, 0, 2)
        if way == "state":
            model.save_state(path)
            model = compiled(name, 1)
            model.load_state(path)
        else:
            model.save(path)
            model = kplug.load_model(path, custom_objects=OWN)
        found = train(model, 2, 4)
    np.testing.assert_array_equal(found, expected[2:])


def test_a_state_of_another_kind_of_generator_is_left_out() -> None:
    model: Any = Sequential([Noise(3, input_shape=(3,))])
    states = collect_generators(model)
    (own,) = [name for name in states if name.endswith("/own") and "by_name" not in name]
    (seeds,) = [name for name in states if name.endswith("/seeds")]
    model.layers[0].seeds.next()
    apply_generators(model, {own: states[seeds], seeds: states[own]})
    assert model.layers[0].seeds.state.tolist() == [3, 1]
    apply_generators(model, states)
    assert model.layers[0].seeds.state.tolist() == [3, 0]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_keras_opens_a_file_with_states_of_generators(tmp_path: Path) -> None:
    class TheirNoise(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, seed: int = 0, **options: Any) -> None:
            super().__init__(**options)
            self.seed, self.seeds = seed, keras.random.SeedGenerator(seed)

        def call(self, inputs: Any) -> Any:
            return inputs

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "seed": self.seed}

    model, path = compiled("a layer", 0), tmp_path / "model.keras"
    train(model, 0, 1)
    model.save(path)
    known = {"custom>Noise": type("Noise", (TheirNoise,), {})}
    theirs = keras.saving.load_model(path, custom_objects=known)
    np.testing.assert_allclose(theirs.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5)
    theirs.fit(X, Y, verbose=0)
    theirs.save(path)
    again = kplug.load_model(path, custom_objects=OWN)
    np.testing.assert_allclose(again.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5)


def test_lists_and_dicts_that_hold_themselves_are_looked_into_once() -> None:
    model = make()
    own = torch.Generator()
    entries: dict[str, Any] = {"draws": [own]}
    entries["all"] = [entries, entries["draws"]]
    vars(model.layers[0])["entries"] = entries
    states = collect_generators(model)
    assert len(states) == len(collect_generators(make())) + 1
    assert any(torch.equal(state, own.get_state()) for state in states.values())
