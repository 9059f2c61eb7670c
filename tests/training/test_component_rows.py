"""Which component fills each slot of a model, and who supplied it."""

from __future__ import annotations

import copy
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch
from torch import Tensor

import kplug
from kplug import layers
from kplug.models import Sequential
from kplug.registry import REGISTRY
from kplug.registry.loading.distribution_hash import digest_of
from kplug.saving.lock_check import lock_model
from kplug.saving.provenance import read_components
from tests.training.linear_regression import make_uncompiled


def test_slots_are_names_that_loggers_take() -> None:
    """MLflow takes letters, digits and ``_-./ :`` in the names of metrics and parameters."""
    inputs = kplug.Input((3,))
    outputs = [kplug.layers.Dense(1, name=name)(inputs) for name in ("one", "two")]
    model = kplug.Model(inputs, outputs)
    model.compile("sgd", loss=["mse + 2*mae", "mae"], metrics=[["mae"], ["mse", "mae"]])
    slots = [row.slot for row in model.components]
    assert slots[:5] == [
        *("loss/one", "loss/one.terms/0", "loss/one.terms/1", "loss/two", "optimizer"),
    ]
    assert slots[5:8] == ["metrics/one/0", "metrics/two/0", "metrics/two/1"]
    assert all(re.fullmatch(r"[\w\-./ :]+", slot) for slot in slots)


def test_components_say_what_fills_each_slot_and_who_supplied_it() -> None:
    model = make_uncompiled(activation="relu", kernel_regularizer="l2(0.5)")
    model.compile(optimizer="adam(lr=0.5)", loss="mse", metrics=["mae"])
    rows = {row.slot: row for row in model.components}
    assert list(rows) == [
        "loss",
        "optimizer",
        "metrics/0",
        "dense.activation",
        "dense.kernel_initializer",
        "dense.kernel_regularizer",
        "dense.bias_initializer",
        "dense_1.kernel_initializer",
        "dense_1.bias_initializer",
    ]
    assert rows["loss"].name == "kplug/mean_squared_error"
    assert rows["optimizer"].arguments["lr"] == 0.5
    regularizer = rows["dense.kernel_regularizer"]
    assert (regularizer.kind, regularizer.name) == ("regularizer", "kplug/l2")
    assert (regularizer.distribution, regularizer.rule) == ("kplug", "built-in")
    assert regularizer.arguments == {"l2": 0.5}
    assert regularizer.version == kplug.__version__


def test_components_of_the_users_own_code_are_called_custom() -> None:
    def l1_reg(weight_matrix: Tensor) -> Tensor:
        return 0.01 * weight_matrix.abs().sum()

    model = make_uncompiled(kernel_regularizer=l1_reg)
    model.compile(loss=lambda y_true, y_pred: (y_true - y_pred).square(), optimizer=torch.optim.SGD)
    rows = {row.slot: row.name for row in model.components}
    assert rows["dense.kernel_regularizer"] == "custom/l1_reg"
    assert rows["loss"] == "custom/lambda_function"


def test_a_layer_may_keep_modules_of_torch_in_an_attribute_called_layers() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="block")
            self.layers = [torch.nn.Linear(3, 3)]

        def call(self, inputs: Tensor) -> Any:
            return self.layers[0](inputs)

    model = Sequential([Block(), layers.Dense(1, name="last")])
    model.compile(loss="mse")
    model.build((None, 3))
    slots = {row.slot for row in model.components}
    assert slots >= {"loss", "last.kernel_initializer"}


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A layer class of an installed plugin."""
    info = tmp_path / "gates_plugin-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gates-plugin\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[kplug.layers]\nGate = gates_plugin:Gate\n")
    source = "import kplug\n\nclass Gate(kplug.layers.Dense):\n    pass\n"
    (info / "RECORD").write_text("gates_plugin.py,,\n")
    (tmp_path / "gates_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    REGISTRY.reload()
    yield importlib.import_module("gates_plugin").Gate
    del sys.modules["gates_plugin"]
    monkeypatch.undo()
    REGISTRY.reload()


def test_a_layer_of_a_plugin_has_a_row_and_a_file_names_its_package(
    gate: Any, tmp_path: Path
) -> None:
    inner = Sequential([gate(2, name="inner")])
    model = Sequential([layers.Dense(4, input_shape=(3,)), gate(2, name="outer"), inner])
    model.compile(loss="mse")
    rows = [row for row in model.components if row.kind == "layer"]
    assert [(row.slot, row.name, row.package) for row in rows] == [
        ("outer", "gates-plugin/Gate", "gates-plugin 1.2"),
        ("inner", "gates-plugin/Gate", "gates-plugin 1.2"),
    ]
    assert rows[0].arguments["units"] == 2
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "gates-plugin" in {row["distribution"] for row in read_components(file) or ()}


def test_a_component_inside_a_component_has_its_own_row() -> None:
    model = make_uncompiled()
    model.compile(loss="mse", optimizer="sgd(lr=exponential_decay(0.1, 10, 0.5))")
    row = model.components.get("optimizer.lr")
    assert (row.kind, row.name) == ("schedule", "kplug/exponential_decay")


OTHER = """
import kplug, torch

class Base(kplug.losses.Loss):
    def __init__(self, power=1.0, name="base"):
        super().__init__(name)
        self.power = power
    def call(self, y_true, y_pred):
        return (y_true - y_pred).abs().pow(self.power).mean(-1)

class Cubes(kplug.regularizers.Regularizer):
    def __init__(self, strength=0.1):
        self.strength = strength
    def __call__(self, weight_matrix):
        return self.strength * weight_matrix.abs().pow(3).sum()

class Fill(kplug.initializers.Initializer):
    def __init__(self, value=0.5):
        self.value = value
    def __call__(self, shape, dtype=None):
        return torch.full(tuple(shape), self.value)

class Steady(kplug.schedules.LearningRateSchedule):
    def __init__(self, rate=0.1):
        self.rate = rate
    def __call__(self, step):
        return self.rate

def double(x):
    return 2 * x

class Rule(kplug.optimizers.SGD): ...
"""
WITH_DEFAULTS = """
import kplug

class Outer(kplug.losses.Loss):
    def __init__(self, inner="other-plugin/base(power=2.0)", name="outer"):
        super().__init__(name)
        self.inner, self._inner = inner, kplug.losses.get(inner)
    def call(self, y_true, y_pred):
        return self._inner.call(y_true, y_pred)
    def get_config(self):
        given = self.inner
        is_text = isinstance(given, str)
        return {"inner": given if is_text else kplug.losses.serialize(given), "name": self.name}

class Further(Outer):
    def __init__(self, more=1, **options):
        super().__init__(**options)
        self.more = more
    def get_config(self):
        return {**super().get_config(), "more": self.more}

class Counter(kplug.metrics.Mean):
    def __init__(self, inner="other-plugin/base", name="counter"):
        super().__init__(name=name)
        self.inner, self._inner = inner, kplug.losses.get(inner)
    def get_config(self):
        return {"inner": self.inner, "name": self.name}

class Penalty(kplug.regularizers.Regularizer):
    def __init__(self, inner="other-plugin/cubes"):
        self.inner, self._inner = inner, kplug.regularizers.get(inner)
    def __call__(self, weight_matrix):
        return self._inner(weight_matrix)

class Slotted(kplug.layers.Layer):
    def __init__(self, penalty=None, shape=None, **options):
        super().__init__(**options)
        self.add_slot("penalty", "regularizer", penalty, default="other-plugin/cubes")
        self.add_slot("shape", "activation", shape)
    def build(self, input_shape):
        self.weight = self.add_weight("weight", input_shape[-1:], regularizer="penalty")
    def call(self, inputs):
        return self.shape(inputs * self.weight)

class Eager(kplug.layers.Layer):
    def __init__(self, shape="other-plugin/double", **options):
        super().__init__(**options)
        self.shape, self._shape = shape, kplug.activations.get(shape)
    def build(self, input_shape):
        self._penalty = kplug.regularizers.get("other-plugin/cubes")
    def call(self, inputs):
        return self._shape(inputs)

def stepper(lr="other-plugin/steady"):
    return kplug.optimizers.SGD(lr=lr)
"""
OFFERED = {
    "other-plugin": {
        "losses": {"base": "Base"},
        "regularizers": {"cubes": "Cubes"},
        "initializers": {"fill": "Fill"},
        "schedules": {"steady": "Steady"},
        "activations": {"double": "double"},
        "optimizers": {"rule": "Rule"},
    },
    "with-defaults": {
        "losses": {"outer": "Outer", "further": "Further"},
        "metrics": {"counter": "Counter"},
        "regularizers": {"penalty": "Penalty"},
        "layers": {"Slotted": "Slotted", "Eager": "Eager"},
        "optimizers": {"stepper": "stepper"},
    },
}


@pytest.fixture(scope="module")
def defaults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module of an installed plugin with defaults that name another plugin's components."""
    folder = tmp_path_factory.mktemp("site")
    for name, source in (("other-plugin", OTHER), ("with-defaults", WITH_DEFAULTS)):
        module = name.replace("-", "_")
        info = folder / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        digest = digest_of(source.encode())
        (info / "RECORD").write_text(f"{module}.py,sha256={digest},{len(source)}\n")
        lines = [
            f"[kplug.{kind}]\n" + "".join(f"{n} = {module}:{o}\n" for n, o in offered.items())
            for kind, offered in OFFERED[name].items()
        ]
        (info / "entry_points.txt").write_text("".join(lines))
        (folder / f"{module}.py").write_text(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        REGISTRY.reload()
        yield importlib.import_module("with_defaults")
    for module in ("with_defaults", "other_plugin"):
        sys.modules.pop(module, None)
    REGISTRY.reload()


def _list_rows(model: Any) -> dict[str, str]:
    return {row.slot: row.written for row in model.components if row.distribution in OFFERED}


def _check_rows(path: Path, expected: dict[str, str], *chain: Any, **training: Any) -> None:
    """Check the rows of plugins' components in a model, in its file and in what is loaded from it."""
    model = Sequential([*chain, layers.Dense(1, name="last")])
    model.build((None, 3))
    model.compile(**{"optimizer": "sgd", "loss": "mse", **training})
    assert _list_rows(model) == expected
    assert _list_rows(copy.deepcopy(model)) == expected
    model.save(path)
    names = sorted(text.partition("(")[0] for text in expected.values())
    loaded = _list_rows(kplug.load_model(path, verify="exact"))
    assert sorted(text.partition("(")[0] for text in loaded.values()) == names
    lock = lock_model(path, allow_unlocked=True)
    packages = {text.partition("/")[0] for text in expected.values()}
    assert {package.name for package in lock.packages} == {*packages, "kplug", "torch"}


LOSSES: list[Any] = [
    ("outer", "with-defaults/outer", "other-plugin/base(power=2.0)"),
    (
        "outer(inner=other-plugin/base)",
        "with-defaults/outer(inner=other-plugin/base(power=1.0, name='base'))",
        "other-plugin/base",
    ),
    ("further", "with-defaults/further", "other-plugin/base(power=2.0)"),
]


@pytest.mark.parametrize(("text", "outer", "inner"), LOSSES)
def test_a_loss_that_a_default_names_has_a_row(
    defaults: Any, tmp_path: Path, text: str, outer: str, inner: str
) -> None:
    _check_rows(tmp_path / "m.h5", {"loss": outer, "loss.inner": inner}, loss=text)


@pytest.mark.parametrize("name", ["Outer", "Further"])
@pytest.mark.parametrize("given", [{}, {"inner": "other-plugin/base"}])
def test_so_has_one_inside_an_instance(
    defaults: Any, tmp_path: Path, name: str, given: dict[str, Any]
) -> None:
    loss = getattr(defaults, name)(**given)
    model = make_uncompiled()
    model.compile(loss=loss, metrics=[defaults.Counter()], optimizer=defaults.stepper())
    rows = {slot: text.partition("(")[0] for slot, text in _list_rows(model).items()}
    assert rows == {
        "loss": f"with-defaults/{name.lower()}",
        "loss.inner": "other-plugin/base",
        "metrics/0": "with-defaults/counter",
        "metrics/0.inner": "other-plugin/base",
        "optimizer.lr": "other-plugin/steady",
    }
    assert set(_list_rows(copy.deepcopy(model))) == set(rows)


OPTIMIZERS: list[Any] = [
    ("stepper", {"optimizer": "with-defaults/stepper", "optimizer.lr": "other-plugin/steady"}),
    (
        lambda: kplug.optimizers.Adam(lr="other-plugin/steady"),
        {"optimizer.lr": "other-plugin/steady"},
    ),
    (lambda: _set_rate(kplug.optimizers.SGD()), {"optimizer.lr": "other-plugin/steady(rate=0.5)"}),
    (
        lambda: kplug.optimizers.LossScaleOptimizer("other-plugin/rule"),
        {"optimizer.inner_optimizer": "other-plugin/rule"},
    ),
]


def _set_rate(optimizer: Any) -> Any:
    optimizer.lr = "other-plugin/steady(rate=0.5)"
    return optimizer


@pytest.mark.parametrize(("optimizer", "expected"), OPTIMIZERS)
def test_parts_of_optimizers_have_rows(
    defaults: Any, tmp_path: Path, optimizer: Any, expected: dict[str, str]
) -> None:
    made = optimizer if isinstance(optimizer, str) else optimizer()
    model = make_uncompiled()
    model.compile(optimizer=made, loss="mse")
    assert _list_rows(model) == expected
    model.save(tmp_path / "m.keras")
    loaded = _list_rows(kplug.load_model(tmp_path / "m.keras", verify="exact"))
    packages = {text.partition("/")[0] for text in expected.values()}
    assert packages >= {text.partition("/")[0] for text in loaded.values()} > set()


LAYERS: list[Any] = [
    # What an empty slot means is there as if it was written.
    (
        lambda plugin: plugin.Slotted(input_dim=3, name="a"),
        {"a": "with-defaults/Slotted", "a.penalty": "other-plugin/cubes"},
    ),
    (
        lambda plugin: plugin.Slotted(
            "other-plugin/cubes", "other-plugin/double", input_dim=3, name="a"
        ),
        {
            "a": "with-defaults/Slotted",
            "a.penalty": "other-plugin/cubes",
            "a.shape": "other-plugin/double",
        },
    ),
    (
        lambda plugin: plugin.Eager(input_dim=3, name="a"),
        {
            "a": "with-defaults/Eager",
            "a.shape": "other-plugin/double",
            "a.regularizer": "other-plugin/cubes",
        },
    ),
    (
        lambda _: layers.Dense(2, input_dim=3, name="a", kernel_regularizer="penalty"),
        {
            "a.kernel_regularizer": "with-defaults/penalty",
            "a.kernel_regularizer.inner": "other-plugin/cubes",
        },
    ),
    (
        lambda plugin: layers.Dense(2, input_dim=3, name="a", kernel_regularizer=plugin.Penalty()),
        {
            "a.kernel_regularizer": "with-defaults/penalty(inner='other-plugin/cubes')",
            "a.kernel_regularizer.inner": "other-plugin/cubes",
        },
    ),
    (
        lambda _: layers.Lambda("other-plugin/double", input_shape=(3,), name="a"),
        {"a.function": "other-plugin/double"},
    ),
]


@pytest.mark.sampled
@pytest.mark.parametrize(("make", "expected"), LAYERS)
@pytest.mark.parametrize("extension", ["keras", "h5"])
def test_what_layers_look_up_has_rows(
    defaults: Any, tmp_path: Path, make: Any, expected: dict[str, str], extension: str
) -> None:
    _check_rows(tmp_path / f"m.{extension}", expected, make(defaults))


def test_a_slot_of_a_weight_has_a_row_if_nothing_was_said() -> None:
    class Own(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight("kernel", (3, 3))

        def call(self, inputs: Tensor) -> Any:
            return inputs @ self.kernel

    model = Sequential([Own(input_shape=(3,), name="own"), layers.Dense(1, name="last")])
    model.compile(loss="mse")
    rows = {row.slot: row.name for row in model.components if row.kind != "optimizer"}
    assert rows == {
        "loss": "kplug/mean_squared_error",
        "own.kernel_initializer": "kplug/glorot_uniform",
        "last.kernel_initializer": "kplug/glorot_uniform",
        "last.bias_initializer": "kplug/zeros",
    }


def test_a_component_that_a_model_looks_up_has_a_row_once(defaults: Any) -> None:
    class Whole(kplug.Model):
        def __init__(self) -> None:
            super().__init__(name="whole")
            self.inner = defaults.Eager(name="eager")
            self.compare = kplug.losses.get("other-plugin/base")

        def call(self, inputs: Tensor) -> Any:
            return self.inner(inputs)

    model = Whole()
    model.compile(loss="mse")
    model.build((None, 3))
    assert _list_rows(model) == {
        "eager": "with-defaults/Eager",
        "eager.shape": "other-plugin/double",
        "eager.regularizer": "other-plugin/cubes",
        "whole.loss": "other-plugin/base",
    }
