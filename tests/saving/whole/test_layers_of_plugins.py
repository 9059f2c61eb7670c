"""Layers of plugins in files: they come back by their component's name, whatever they were given."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import kplug
from kplug import Model, Sequential, dtype_policies, layers
from kplug.cli.app import app
from kplug.components.configurable import list_keywords
from kplug.dtype_policies import DTypePolicy
from kplug.errors import ContractError
from kplug.layers import Dense, Input, Layer
from kplug.models import clone_model
from kplug.registry import REGISTRY
from kplug.registry.loading.distribution_hash import digest_of

X = np.asarray([[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0], [0.0, 1.0, 0.25], [2.0, -3.0, 1.0]], "float32")

SOURCE = """
import numpy as np, torch, kplug
from kplug.layers import Dense, Layer

class {0}Gain(Layer):
    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor

    def build(self, input_shape):
        self.gain = self.add_weight("gain", input_shape[-1:], initializer="ones")

    def call(self, inputs):
        return inputs * self.gain * self.factor
"""

MORE = '''
class Bare({0}Gain):
    """Describes itself without the base class's part."""
    def get_config(self):
        return {{"factor": self.factor}}

class Times(Layer):
    """Has an argument of its own that another class of Keras's calls so."""
    def __init__(self, input_dim=10, **options):
        super().__init__(**options)
        self._times = input_dim
    def call(self, inputs):
        return inputs * self._times

class Table(Layer):
    """Describes itself with NumPy's values, and a tuple."""
    def __init__(self, row, factor=1.0, **options):
        super().__init__(**options)
        self.row, self.factor = np.asarray(row), np.float32(factor)
    def call(self, inputs):
        return inputs * float(self.factor) + torch.tensor(self.row, dtype=inputs.dtype)
    def get_config(self):
        own = {{"row": self.row, "factor": self.factor}}
        return {{**super().get_config(), **own}}

class Fixed(Layer):
    """Takes nothing of what every layer takes."""
    def __init__(self, factor=2.0):
        super().__init__(trainable=factor < 5)
        self.factor = factor
        self.dense = Dense(2, kernel_initializer="ones")
    def call(self, inputs):
        return self.dense(inputs) * self.factor

class Named(Layer):
    """Takes some of what every layer takes."""
    def __init__(self, *, factor, name=None, input_shape=None):
        super().__init__(name=name, input_shape=input_shape)
        self.factor = factor
    def call(self, inputs):
        return inputs * self.factor

class Flagged(Layer):
    """Stands under names of Keras's classes."""
    def __init__(self, sparse=False, batch_shape=(1,), **options):
        super().__init__(**options)
        self.sparse, self.batch_shape = sparse, batch_shape
    def call(self, inputs):
        return inputs * (3 if self.sparse else 1) * self.batch_shape[0]

class Embedding(Flagged): ...
class InputLayer(Flagged): ...
class Sequential(Flagged): ...
class TensorOperation(Flagged): ...

class Block(Layer):
    """Has an attribute that models have, too."""
    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units, self.layers, self.head = units, [Dense(units)], {0}Gain(0.5)
        self.add_slot("shape", "activation", "tanh")
        self.outer = Dense(units, kernel_regularizer="l2")
    def call(self, inputs):
        return self.shape(self.outer(self.head(self.layers[0](inputs))))
    def get_config(self):
        return {{"units": self.units, "name": self.name}}

class Whole(kplug.Model):
    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units, self.dense = units, Dense(units)
    def call(self, inputs):
        return self.dense(inputs)
    def get_config(self):
        return {{"units": self.units, "name": self.name}}

class Distance(Layer):
    """Takes texts whose names are those of slots, and that name no component."""
    def __init__(self, metric="euclidean", initializer="random", **options):
        super().__init__(**options)
        self.metric, self.initializer = metric, initializer
    def call(self, inputs):
        factors = {{"euclidean": 1, "cosine": 2}}
        return inputs * factors[self.metric] + {{"random": 1, "zeros": 0}}[self.initializer]

class Around(Layer):
    def __init__(self, inner, **options):
        super().__init__(**options)
        self.add_slot("inner", "layer", inner)
    def call(self, inputs):
        return self.inner(inputs)

class Net(torch.nn.Module):
    def __init__(self, units=3):
        super().__init__()
        self.inner = torch.nn.Linear(3, units)
    def forward(self, inputs):
        return self.inner(inputs)
'''
HOOK = """
@kplug.hookimpl
def kplug_layers():
    return {"HookGain": HookGain}
"""
NAMES = [
    "EntryGain",
    "Bare",
    "Times",
    "Table",
    "Fixed",
    "Named",
    "Embedding",
    "InputLayer",
    "Sequential",
    "TensorOperation",
    "Block",
    "Distance",
    "Around",
    "Whole",
    "Net",
]
PYPROJECT = '[project]\nname = "added-plugin"\nversion = "1.0"\n'
# For each way to offer a layer its module and its class.
WAYS = {
    "entry point": ("entry_plugin", "EntryGain"),
    "hook": ("hook_plugin", "HookGain"),
    "kplug add": ("added_plugin.added_gain", "AddedGain"),
}


def _install(site: Path, name: str, entry_points: str, **files: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    distribution = name.replace("_", "-")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    record = [f"{file},sha256={digest_of(files[file].encode())}," for file in files]
    (info / "RECORD").write_text("\n".join(record))
    for file, source in files.items():
        (site / file).parent.mkdir(exist_ok=True)
        (site / file).write_text(source)


def _add_layer(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the modules of a project to which `kplug add` has added a layer."""
    package = folder / "src" / "added_plugin"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    patch.chdir(folder)
    result = CliRunner().invoke(app, ["add", "layer", "AddedGain"])
    assert result.exit_code == 0, result.output
    return {f"added_plugin/{path.name}": path.read_text() for path in package.glob("*.py")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with three installed plugins, each of which offers a layer in another way."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        added = _add_layer(tmp_path_factory.mktemp("project"), patch)
        offered = "".join(f"{name} = entry_plugin:{name}\n" for name in NAMES)
        source = (SOURCE + MORE).format("Entry")
        _install(
            folder, "entry_plugin", f"[kplug.layers]\n{offered}", **{"entry_plugin.py": source}
        )
        hooks = SOURCE.format("Hook") + HOOK
        _install(
            folder, "hook_plugin", "[kplug]\nhooks = hook_plugin\n", **{"hook_plugin.py": hooks}
        )
        line = "[kplug.layers]\nAddedGain = added_plugin.added_gain:AddedGain\n"
        _install(folder, "added_plugin", line, **added)
        patch.syspath_prepend(str(folder))
        REGISTRY.reload()
        yield folder
    for module in ("entry_plugin", "hook_plugin", "added_plugin", "added_plugin.added_gain"):
        sys.modules.pop(module, None)
    REGISTRY.reload()


@pytest.fixture
def plugin(site: Path) -> Any:
    return importlib.import_module("entry_plugin")


def _find_class(way: str) -> Any:
    module, name = WAYS[way]
    return getattr(importlib.import_module(module), name)


def _name(owner: type) -> str:
    return f"{owner.__module__.partition('.')[0].replace('_', '-')}/{owner.__name__}"


def _list_layers(model: Any) -> list[tuple[str, str]]:
    return [(row.slot, row.name) for row in model.components if row.kind == "layer"]


def _check_round(model: Any, tmp_path: Path) -> list[Any]:
    """Check that files give the same model again, with the same layers in its table; return the models."""
    expected, found = model.predict(X, verbose=0), []
    for extension in ("keras", "h5"):
        path = tmp_path / f"m.{extension}"
        model.save(path)
        loaded = kplug.load_model(path)
        np.testing.assert_allclose(loaded.predict(X, verbose=0), expected, rtol=1e-6)
        names = sorted(name for _, name in _list_layers(model))
        assert sorted(name for _, name in _list_layers(loaded)) == names
        found.append(loaded)
    return found


GIVEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "input_shape": {"input_shape": (3,)},
    "input_shape as a list": {"input_shape": [3]},
    "input_dim": {"input_dim": 3},
    "batch_input_shape": {"batch_input_shape": (None, 3)},
    "a batch": {"batch_input_shape": (4, 3)},
    "batch_size": {"input_shape": (3,), "batch_size": 4},
    "name": {"input_dim": 3, "name": "mine"},
    "trainable": {"input_dim": 3, "trainable": False},
    "dtype": {"input_dim": 3, "dtype": "float64"},
    "dtype of torch": {"input_dim": 3, "dtype": torch.float64},
    "policy": {"input_dim": 3, "dtype": DTypePolicy("float64")},
    "policy as a dict": {
        "input_dim": 3,
        "dtype": {"class_name": "DTypePolicy", "config": {"name": "float64"}},
    },
    "activity_regularizer": {"input_dim": 3, "activity_regularizer": "l2(0.5)"},
    "weights": {"input_dim": 3, "weights": [np.asarray([1.0, -2.0, 4.0])]},
    "everything": {
        "input_shape": (3,),
        "input_dim": 3,
        "batch_size": 4,
        "name": "mine",
        "trainable": False,
        "dtype": "float64",
        "activity_regularizer": kplug.regularizers.L1(0.5),
        "weights": [np.asarray([1.0, -2.0, 4.0])],
    },
}


def _make(owner: Any, given: dict[str, Any]) -> Any:
    model = Sequential([owner(**given)])
    model.build((None, 3))
    model.compile("sgd", "mse")
    return model


def test_every_argument_of_layers_is_tried() -> None:
    assert {name for given in GIVEN.values() for name in given} == {*list_keywords(Layer)}


@pytest.mark.sampled
@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("way", WAYS)
def test_what_every_layer_takes_keeps_a_layer_its_plugins(
    site: Path, way: str, given: dict[str, Any], tmp_path: Path
) -> None:
    owner = _find_class(way)
    model = _make(owner, given)
    layer = model.layers[0]
    assert layers.serialize(layer)["class_name"] == _name(owner)
    assert _list_layers(model) == [(layer.name, _name(owner))]
    penalty = [float(one) for one in model.losses]
    for loaded in _check_round(model, tmp_path):
        again = loaded.layers[0]
        assert type(again) is owner
        for fact in ("name", "trainable", "dtype"):
            assert getattr(again, fact) == getattr(layer, fact)
        assert [float(one) for one in loaded.losses] == pytest.approx(penalty)
    remade = owner.from_config(json.loads(json.dumps(layer.get_config())))
    assert remade.batch_input_shape == layer.batch_input_shape
    clone = clone_model(model, clone_function=lambda one: type(one).from_config(one.get_config()))
    assert type(clone.layers[0]) is owner
    assert clone.input_shape == model.input_shape


SCRIPT = """
import sys, warnings
warnings.simplefilter("error")
sys.path.insert(0, sys.argv[1])
import numpy as np, kplug
x = np.load(sys.argv[2])
for path in sys.argv[3:]:
    model = kplug.load_model(path, verify="exact")
    print([row.name for row in model.components if row.kind == "layer"], model.predict(x, verbose=0).sum())
"""


@pytest.mark.slow
def test_another_process_loads_them(site: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    paths: list[str] = []
    expected: list[Any] = []
    for number, way in enumerate(WAYS):
        model = _make(_find_class(way), GIVEN["everything"])
        for extension in ("keras", "h5"):
            path = tmp_path / f"m{number}.{extension}"
            model.save(path)
            paths.append(str(path))
            expected.append(([_name(_find_class(way))], model.predict(X, verbose=0).sum()))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(site), str(tmp_path / "x.npy"), *paths],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for printed, (names, total) in zip(done.stdout.splitlines(), expected, strict=True):
        shown, _, sum_there = printed.rpartition(" ")
        assert shown == str(names)
        assert float(sum_there) == pytest.approx(float(total))


def test_a_layer_of_a_mixed_program_comes_back(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = DTypePolicy("mixed_bfloat16")
    monkeypatch.setattr(dtype_policies._Program, "policy", policy)  # and none afterwards
    _check_round(_make(_find_class("hook"), {"input_dim": 3, "dtype": policy}), tmp_path)


def test_a_layer_of_a_graph_comes_back(plugin: Any, tmp_path: Path) -> None:
    inputs = Input((3,))
    gain = plugin.EntryGain(3.0, name="gain", dtype="float64", trainable=False)
    model = Model(inputs, Dense(2)(gain(inputs)))
    model.compile("sgd", "mse")
    assert _list_layers(model) == [("gain", "entry-plugin/EntryGain")]
    _check_round(model, tmp_path)


# --- What a layer's own configuration leaves out ---------------------------------------------------------


@pytest.mark.parametrize("given", ["input_shape", "batch_size", "a batch", "name", "weights"])
def test_what_the_model_has_may_be_missing(plugin: Any, given: str, tmp_path: Path) -> None:
    model = _make(plugin.Bare, GIVEN[given])
    assert [name for _, name in _list_layers(model)] == ["entry-plugin/Bare"]
    _check_round(model, tmp_path)


@pytest.mark.parametrize("given", ["trainable", "dtype", "activity_regularizer"])
def test_what_nothing_else_has_may_not(plugin: Any, given: str, tmp_path: Path) -> None:
    model = _make(plugin.Bare, GIVEN[given])
    assert [name for _, name in _list_layers(model)] == ["entry-plugin/Bare"]
    with pytest.raises(
        ContractError, match=f"it was given '{given}', which Bare.get_config leaves"
    ):
        model.save(tmp_path / "m.keras")


def test_an_argument_of_its_own_is_missed_whatever_its_name(plugin: Any, tmp_path: Path) -> None:
    model = _make(plugin.Times, {"input_dim": 3})
    with pytest.raises(ContractError, match=r"given 'input_dim', which Times\.get_config leaves"):
        model.save(tmp_path / "m.keras")


def test_values_of_numpy_are_no_loss(plugin: Any, tmp_path: Path) -> None:
    given = {"row": [[1.0, 2.0, 3.0]], "factor": 0.5, "input_dim": 3}
    model = _make(plugin.Table, given)
    assert _list_layers(model) == [(model.layers[0].name, "entry-plugin/Table")]
    _check_round(model, tmp_path)


@pytest.mark.parametrize("factor", [2.0, 6.0])
def test_a_constructor_need_not_take_what_every_layer_has(
    plugin: Any, factor: float, tmp_path: Path
) -> None:
    layer = plugin.Fixed(factor)
    model = Sequential([Dense(3, input_dim=3), layer])
    model.compile("sgd", "mse")
    layer.dense.trainable = False
    layer.name = "mine"
    for loaded in _check_round(model, tmp_path):
        again = loaded.layers[1]
        assert (again.name, again.trainable) == ("mine", factor < 5)
    config = {**layer.get_config(), "trainable": False, "dtype": "float64"}
    again = plugin.Fixed.from_config(config)
    assert (again.name, again.trainable, again.dtype) == ("mine", False, "float64")
    assert again(torch.ones(1, 3, dtype=torch.float64)).dtype == torch.float64


def test_a_constructor_that_takes_a_part_gets_that_part(plugin: Any, tmp_path: Path) -> None:
    layer = plugin.Named(factor=3.0, input_shape=(3,), name="mine")
    _check_round(_make(lambda: layer, {}), tmp_path)
    again = plugin.Named.from_config(json.loads(json.dumps(layer.get_config())))
    assert (again.name, again.factor) == ("mine", 3.0)
    assert Sequential([again]).input_shape == (None, 3)


@pytest.mark.parametrize("name", ["Embedding", "InputLayer", "Sequential", "TensorOperation"])
@pytest.mark.parametrize(
    "place",
    ["first", *(pytest.param(one, marks=pytest.mark.slow) for one in ("later", "inside", "graph"))],
)
def test_a_class_may_have_the_name_of_one_of_keras(
    plugin: Any, name: str, place: str, tmp_path: Path
) -> None:
    def make(**given: Any) -> Any:
        return getattr(plugin, name)(sparse=True, batch_shape=(2,), **given)

    model: Any
    if place == "first":
        model = Sequential([make(input_dim=3)])
    elif place == "later":
        model = Sequential([Dense(3, input_dim=3), make()])
    elif place == "inside":
        wrapper = layers.TimeDistributed(make())
        model = Sequential([layers.Reshape((3, 1), input_dim=3), wrapper])
    else:
        inputs = Input((3,))
        model = Model(inputs, make()(inputs))
    model.compile("sgd", "mse")
    assert [name for _, name in _list_layers(model)] == [f"entry-plugin/{name}"]
    _check_round(model, tmp_path)


def test_a_text_of_its_own_is_no_component(plugin: Any, tmp_path: Path) -> None:
    given = {"metric": "cosine", "initializer": "zeros", "input_dim": 3}
    for loaded in _check_round(_make(plugin.Distance, given), tmp_path):
        assert (loaded.layers[0].metric, loaded.layers[0].initializer) == ("cosine", "zeros")


# --- Who has a row ----------------------------------------------------------------------------------------


def test_a_layer_that_holds_layers_has_a_row_like_any_other(plugin: Any, tmp_path: Path) -> None:
    model = _make(plugin.Block, {"name": "block"})
    assert _list_layers(model) == [
        ("block", "entry-plugin/Block"),
        ("block.head", "entry-plugin/EntryGain"),
    ]
    slots = {row.slot for row in model.components}
    assert {"block.shape", "block.outer.kernel_regularizer"} <= slots
    _check_round(model, tmp_path)


def test_a_model_of_a_plugin_has_a_row_inside_another_one_and_alone(
    plugin: Any, tmp_path: Path
) -> None:
    model = Sequential([plugin.Whole(3, name="whole"), Dense(2)])
    model.build((None, 3))
    model.compile("sgd", "mse")
    assert _list_layers(model) == [("whole", "entry-plugin/Whole")]
    _check_round(model, tmp_path)
    alone = plugin.Whole(3, name="whole")
    alone.build((None, 3))
    alone.compile("sgd", "mse")
    assert _list_layers(alone) == [("whole", "entry-plugin/Whole")]
    _check_round(alone, tmp_path)


def test_a_module_of_torch_that_a_plugin_offers_has_a_row(site: Path) -> None:
    model = Sequential([Dense(3, input_dim=3), kplug.layers.get("entry-plugin/Net")])
    model.compile("sgd", "mse")
    assert [name for _, name in _list_layers(model)] == ["entry-plugin/Net"]


@pytest.mark.parametrize("is_text", [True, False])
def test_a_layer_in_a_slot_has_one_row(plugin: Any, is_text: bool, tmp_path: Path) -> None:
    inner = "entry-plugin/EntryGain(factor=3.0)" if is_text else plugin.EntryGain(3.0)
    model = _make(plugin.Around, {"inner": inner, "input_dim": 3, "name": "around"})
    assert _list_layers(model) == [
        ("around", "entry-plugin/Around"),
        ("around.inner", "entry-plugin/EntryGain"),
    ]
    _check_round(model, tmp_path)
