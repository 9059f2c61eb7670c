"""Names that kplug and files use mean kplug's components; no plugin of equal names changes that."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kplug_authoring import Example
from kplug_authoring.checks.subject import Subject
from kplug_authoring.suites import SUITES

import kplug
from kplug import Model, Sequential, activations, initializers, layers, load_model, losses, metrics
from kplug.components.types import InitializerLike
from kplug.errors import DataError, PluginLoadError
from kplug.registry import KINDS, REGISTRY, Component
from kplug.registry.errors import raise_problems
from kplug.registry.kinds import BUILT_IN_KINDS, find_kind_of_slot
from tests.contract.examples import find_examples
from tests.registry.conftest import Sandbox, install

__all__ = ["install"]  # a fixture that every test of this file uses

EXAMPLES = find_examples()
# Each layer has weights for one of them.
SHAPES = [
    (2, 32),
    (2, 8, 32),
    (2, 8, 8, 32),
    (2, 8, 8, 8, 32),
    (2, 4, 4, 4, 4, 4),
    (2, 5),
    [(2, 8, 32), (2, 8, 32)],
]
SHADOWS = """
LOADED = []

def __getattr__(name):
    LOADED.append(name)
    raise AttributeError(name)
"""
SOURCES = sorted(Path(kplug.__file__).parent.rglob("*.py"))
# Names of arguments too.
NO_COMPONENTS = {"constant", "sparse", "threshold"}
X = np.ones((4, 3), dtype="float32")
GLOROT = {"class_name": "GlorotUniform", "config": {"seed": 1}}
KERAS_DENSE = {
    "class_name": "Dense",
    "module": "keras.layers",
    "registered_name": None,
    "config": {
        "units": 2,
        "activation": "relu",
        "kernel_initializer": GLOROT,
    },
}


def list_built_ins(kind: str) -> list[Component]:
    return [one for one in REGISTRY.index(KINDS[kind]).components if one.origin.is_built_in]


def list_names(kind: str) -> dict[str, str]:
    """Map every name of the built-ins of a kind to its target in the plugin; aliases share one."""
    return {
        name: f"shadows:{kind}_{component.name}"
        for component in list_built_ins(kind)
        for name in (component.name, *component.aliases)
    }


def install_shadows(sandbox: Sandbox) -> None:
    """Install a plugin that offers every built-in name, and records each attempt to load one."""
    sandbox(
        "shadows",
        entry_points={f"kplug.{kind.plural}": list_names(kind.name) for kind in KINDS.values()},
        modules={"shadows.py": SHADOWS},
    )


def list_loaded() -> list[str]:
    return list(getattr(sys.modules.get("shadows"), "LOADED", []))


@pytest.fixture(params=["preferred", "installed"])
def shadows(
    request: pytest.FixtureRequest, install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin, preferred to kplug or merely installed; without a preference a bare name warns."""
    if request.param == "preferred":
        monkeypatch.setenv("KPLUG_PREFER", "shadows")
    install_shadows(install)


def build(subject: Subject) -> None:
    """Build a layer for the first shape that it accepts."""
    for shape in SHAPES:
        layer = subject.make()
        try:
            layer.declare_for(shape)
        except (DataError, TypeError, IndexError, ValueError):
            continue
        layer.get_weights()
        raise_problems(layer.resolve_slots(), layer.name)
        return
    pytest.fail(f"no shape fits {subject.component.name}")


@pytest.mark.sampled
@pytest.mark.usefixtures("shadows")
@pytest.mark.parametrize("kind", BUILT_IN_KINDS)
def test_built_ins_use_nothing_of_a_plugin_by_default(kind: str) -> None:
    for component in list_built_ins(kind):
        example = EXAMPLES.get(f"{kind}/{component.qualified_name}", Example())
        subject = Subject(component, example, SUITES[kind])
        subject.behave(subject.make())
        if kind == "layer":
            build(subject)
    assert list_loaded() == []


def list_defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    by_place = [*arguments.posonlyargs, *arguments.args]
    optional = [*by_place[len(by_place) - len(arguments.defaults) :], *arguments.kwonlyargs]
    values = [*arguments.defaults, *arguments.kw_defaults]
    return zip([one.arg for one in optional], values, strict=True)


@pytest.mark.slow
def test_no_argument_has_a_bare_name_for_its_default() -> None:
    bare = [
        f"{path.name}, {function.name}: {name}={default.value!r}"
        for path in SOURCES
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for name, default in list_defaults(function.args)
        if isinstance(default, ast.Constant) and isinstance(default.value, str)
        if find_kind_of_slot(name) is not None and "/" not in default.value
    ]
    assert bare == []


def test_no_layer_makes_a_weight_with_a_bare_name() -> None:
    names = {*list_names("initializer"), *list_names("activation")} - NO_COMPONENTS
    bare = [
        f"{path.name}:{node.lineno} {node.value!r}"
        for path in SOURCES
        if "layers" in path.relative_to(SOURCES[0].parent).parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert bare == []


class Own(layers.Layer):
    def build(self, input_shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], 2))
        self.shift = self.add_weight("shift", (2,))

    def call(self, inputs: Any) -> Any:
        return inputs @ self.kernel + self.shift


@pytest.mark.usefixtures("shadows")
def test_what_a_user_leaves_out_is_nothing_of_a_plugin() -> None:
    nothing: dict[str, Any] = {
        "activation": None,
        "kernel_initializer": None,
        "bias_initializer": None,
    }
    model = Sequential(
        [layers.Dense(3, input_shape=(3,)), layers.Dense(3, **nothing), Own(), layers.Softmax()]
    )
    metric = metrics.Mean()
    metric.add_weight(shape=(2,))
    model.compile(loss=losses.MeanSquaredError(), metrics=[metrics.AUC()])
    model.fit(X, X[:, :2], epochs=1, verbose=0)
    assert activations.get(None)(3.0) == 3.0
    assert {row.distribution for row in model.components} == {"kplug"}
    assert list_loaded() == []


def test_what_a_user_writes_follows_the_preference(install: Sandbox) -> None:
    class Sized(layers.Dense):
        def __init__(self, units: int = 1, kernel_initializer: InitializerLike = "zeros") -> None:
            super().__init__(units, kernel_initializer=kernel_initializer)

    install_shadows(install)
    kplug.prefer("shadows")
    for layer in (layers.Dense(1, kernel_initializer="zeros"), Sized()):
        with pytest.raises(PluginLoadError, match=r"kernel_initializer: .* of shadows"):
            layer(X)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("is_preferred", [True, False])
def test_a_file_means_what_it_meant(
    suffix: str, is_preferred: bool, install: Sandbox, tmp_path: Path
) -> None:
    model = Sequential(
        [
            layers.Dense(3, "relu", kernel_regularizer="l2", input_shape=(3,)),
            layers.BatchNormalization(),
            layers.Dense(1, kernel_constraint="max_norm"),
        ]
    )
    model.compile("adam", "mse", metrics=["accuracy", "mae"])
    model.fit(X, X[:, :1], verbose=0)
    model.save(tmp_path / f"model{suffix}")
    install_shadows(install)
    kplug.prefer(*["shadows"] * is_preferred)
    again = load_model(tmp_path / f"model{suffix}", verify="exact")
    assert again.evaluate(X, X[:, :1], verbose=0) == model.evaluate(X, X[:, :1], verbose=0)
    again.fit(X, X[:, :1], verbose=0)
    assert list_loaded() == []


@pytest.mark.usefixtures("shadows")
def test_a_stored_name_means_the_built_in() -> None:
    dense = layers.deserialize(KERAS_DENSE)
    assert dense(X).shape == (4, 2)
    outer = layers.deserialize(
        {**KERAS_DENSE, "class_name": "TimeDistributed", "config": {"layer": KERAS_DENSE}}
    )
    plain = layers.Dense.from_config({"units": 2, "kernel_initializer": GLOROT})
    assert (outer(X[:, None]).shape, plain(X).shape) == ((4, 1, 2), (4, 2))
    model = Sequential([layers.Dense(2, input_shape=(3,))])
    graph = Model(model.inputs, model.outputs)
    for made, owner in (
        (layers.deserialize(layers.serialize(dense)), layers.Dense),
        (outer.layer, layers.Dense),
        (Sequential.from_config(model.get_config()).layers[0], layers.Dense),
        (Model.from_config(graph.get_config()).layers[1], layers.Dense),
        (losses.deserialize("mse"), losses.MeanSquaredError),
        (initializers.deserialize(GLOROT), initializers.GlorotUniform),
    ):
        assert type(made) is owner
    assert activations.deserialize(activations.serialize(activations.relu)) is activations.relu
    assert list_loaded() == []


@pytest.mark.usefixtures("shadows")
def test_a_stored_name_of_a_scope_is_the_scopes() -> None:
    class Mine(initializers.Initializer):
        def __init__(self, seed: int | None = None) -> None:
            self.seed = seed

        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return torch.zeros(shape, dtype=dtype)

    with kplug.scope(initializers={"GlorotUniform": Mine}):
        dense = layers.deserialize(KERAS_DENSE)
    assert type(dense.kernel_initializer) is Mine
    own = initializers.deserialize("GlorotUniform", {"GlorotUniform": Mine})
    assert type(own) is Mine
