"""Classes of plugins that say which class of Keras they are: both Keras and kplug open the files."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kplug
from kplug import Sequential, layers
from kplug.errors import RegistrationError
from kplug.registry import REGISTRY, get_kind

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning",
    "ignore:Skipping variable loading for optimizer:UserWarning",
)

# kind, kplug's class, Keras's
CLASSES = {
    "layer": ("layers.Dense", "keras.layers.Dense"),
    "initializer": ("initializers.Ones", "keras.initializers.Ones"),
    "regularizer": ("regularizers.L2", "keras.regularizers.L2"),
    "constraint": ("constraints.MaxNorm", "keras.constraints.MaxNorm"),
    "loss": ("losses.Huber", "keras.losses.Huber"),
    "metric": ("metrics.MeanAbsoluteError", "keras.metrics.MeanAbsoluteError"),
    "optimizer": ("optimizers.SGD", "keras.optimizers.SGD"),
    "schedule": ("schedules.ExponentialDecay", "keras.optimizers.schedules.ExponentialDecay"),
}
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module of an installed plugin that offers a class of each kind, under the name of Keras's class."""
    folder = tmp_path_factory.mktemp("site")
    source = ["import kplug", "import kplug.schedules"]
    for ours, theirs in CLASSES.values():
        name = theirs.rpartition(".")[2]
        source += [f"@kplug.keras_class({theirs!r})", f"class {name}(kplug.{ours}): pass"]
    source += ["@kplug.keras_class('keras.losses.MeanSquaredError')", "class Near(kplug.Loss):"]
    source += ["    def call(self, y_true, y_pred): return (y_true - y_pred).square().mean(-1)"]
    (folder / "kplug_twins.py").write_text("\n".join(source))
    info = folder / "kplug_twins-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kplug-twins\nVersion: 1.0\n")
    (info / "RECORD").write_text("kplug_twins.py,,\n")
    groups = [
        f"[kplug.{get_kind(kind).plural}]\ntwin = kplug_twins:{theirs.rpartition('.')[2]}\n"
        for kind, (_, theirs) in CLASSES.items()
    ]
    at = next(place for place, text in enumerate(groups) if text.startswith("[kplug.losses]"))
    groups[at] += "near = kplug_twins:Near\nMeanSquaredError = kplug_twins:Near\n"
    (info / "entry_points.txt").write_text("\n".join(groups))
    sys.path.insert(0, str(folder))
    REGISTRY.reload()
    yield importlib.import_module("kplug_twins")
    sys.path.remove(str(folder))
    sys.modules.pop("kplug_twins", None)
    REGISTRY.reload()


def make_model(plugin: Any) -> Sequential:
    twin = "kplug-twins/twin"
    options = {"kernel_initializer": twin, "kernel_regularizer": f"{twin}(0.5)"}
    model = Sequential(
        [
            plugin.Dense(2, kernel_constraint=f"{twin}(3.0)", input_shape=(3,), **options),
            plugin.Dense(1, name="last"),
        ]
    )
    rate = f"{twin}(0.25, 10, 0.5)"
    model.compile(
        f"{twin}(learning_rate={rate}, momentum=0.5)", f"{twin}(delta=2.0)", metrics=[twin]
    )
    return model


@pytest.mark.parametrize("suffix", [pytest.param("keras", marks=pytest.mark.slow), "h5"])
def test_keras_opens_a_file_and_so_does_kplug(plugin: Any, tmp_path: Path, suffix: str) -> None:
    model, path = make_model(plugin), tmp_path / f"model.{suffix}"
    model.fit(X, Y, verbose=0)
    model.save(path)
    theirs = keras.saving.load_model(path)
    np.testing.assert_allclose(theirs.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5)
    assert isinstance(theirs.optimizer, keras.optimizers.SGD)
    assert theirs.optimizer.momentum == 0.5
    assert theirs.layers[0].kernel_regularizer.l2 == 0.5
    np.testing.assert_allclose(
        theirs.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0), rtol=1e-5
    )
    again = kplug.load_model(path)
    assert [type(each) for each in again.layers] == [plugin.Dense] * 2
    named = {row.slot: row.name for row in model.components}
    assert named.items() <= {row.slot: row.name for row in again.components}.items()
    assert list(named.values()).count("kplug-twins/twin") == 9
    assert type(again.optimizer) is plugin.SGD
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_class_inside_another_is_found_again(plugin: Any, tmp_path: Path) -> None:
    inner = plugin.Dense(2, name="inner")
    model = Sequential([layers.TimeDistributed(inner, input_shape=(4, 3))])
    model.compile("loss_scale_optimizer('kplug-twins/twin(0.5)')", "mse")
    path = tmp_path / "model.keras"
    model.save(path)
    theirs: Any = keras.saving.load_model(path)
    assert type(theirs.layers[0].layer) is keras.layers.Dense
    assert isinstance(theirs.optimizer.inner_optimizer, keras.optimizers.SGD)
    again = kplug.load_model(path)
    assert type(again.layers[0].layer) is plugin.Dense
    assert type(again.optimizer.inner_optimizer) is plugin.SGD


def test_a_class_that_derives_from_one_is_another(plugin: Any, tmp_path: Path) -> None:
    own = type("Own", (plugin.Dense,), {})
    model = Sequential([own(2, input_shape=(3,))])
    model.compile("sgd", "mse")
    path = tmp_path / "model.keras"
    model.save(path)
    with pytest.raises(TypeError, match="Could not locate class 'Own'"):
        keras.saving.load_model(path)
    assert type(kplug.load_model(path, custom_objects={"Own": own}).layers[0]) is own


@pytest.mark.parametrize("path", ["Nadam", "keras.optimizers:Nadam", "keras..Nadam", 3, ""])
def test_what_names_no_class_is_refused(path: Any) -> None:
    with pytest.raises(RegistrationError) as caught:
        kplug.keras_class(path)
    assert str(caught.value) == (
        f"{path!r} does not name a class of Keras\n"
        "  Give module and name: @keras_class('keras.optimizers.Nadam')."
    )


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_class_whose_alias_is_a_built_in_has_its_package_beside_it(
    plugin: Any, tmp_path: Path, suffix: str
) -> None:
    model, path = Sequential([layers.Dense(1, input_shape=(3,))]), tmp_path / f"model.{suffix}"
    model.compile("sgd", "kplug-twins/near")
    model.save(path)
    theirs: Any = keras.saving.load_model(path)
    assert theirs.loss.name == "near"
    assert type(kplug.load_model(path).compiled.losses[0].loss) is plugin.Near


# Classes that kplug lacks, by kind; a plugin that offers them says that Keras has them.
LACKING = {
    "layer": ("Doubled", "kplug.layers.Dense"),
    "loss": ("Folded", "kplug.losses.MeanSquaredError"),
    "optimizer": ("Crawl", "kplug.optimizers.SGD"),
}


class Rivals:
    """Two plugins that state the same classes of Keras, and can be installed one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str) -> None:
        module = name.replace("-", "_")
        source, groups = ["import kplug"], []
        for kind, (own, base) in LACKING.items():
            plural = get_kind(kind).plural
            source += [f"@kplug.keras_class('keras.{plural}.{own}')", f"class {own}({base}): pass"]
            groups.append(f"[kplug.{plural}]\n{own} = {module}:{own}\n")
        (self.folder / f"{module}.py").write_text("\n".join(source))
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"{module}.py,,\n")
        (info / "entry_points.txt").write_text("\n".join(groups))
        importlib.invalidate_caches()
        REGISTRY.reload()

    def uninstall(self, name: str) -> None:
        shutil.rmtree(self.folder / f"{name.replace('-', '_')}-1.0.dist-info")
        REGISTRY.reload()


@pytest.fixture
def rivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rivals]:
    folder = tmp_path / "rivals"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield Rivals(folder)
    monkeypatch.undo()
    for name in ("rival_one", "rival_two"):
        sys.modules.pop(name, None)
    REGISTRY.reload()


def save_rival(rivals: Rivals, path: Path) -> None:
    """Save a model whose parts are all of the plugin ``rival-one``, the only one that is installed."""
    rivals.install("rival-one")
    offered: Any = importlib.import_module("rival_one")
    model = Sequential([offered.Doubled(1, input_shape=(3,))])
    model.compile("rival-one/crawl", "rival-one/folded")
    model.save(path)


@pytest.mark.parametrize("verify", ["warn", "off"])
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_class_of_keras_that_two_plugins_state_is_that_of_the_table(
    rivals: Rivals, tmp_path: Path, suffix: str, verify: Any
) -> None:
    path = tmp_path / f"model.{suffix}"
    save_rival(rivals, path)
    rivals.install("rival-two")
    again = kplug.load_model(path, verify=verify)
    parts = [again.layers[0], again.compiled.losses[0].loss, again.optimizer]
    assert [type(each).__module__ for each in parts] == ["rival_one"] * 3


def test_another_plugin_of_the_same_class_of_keras_does_not_take_its_place(
    rivals: Rivals, tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    save_rival(rivals, path)
    rivals.install("rival-two")
    rivals.uninstall("rival-one")
    with pytest.raises(kplug.ResolutionError, match="'rival-one/Doubled'"):
        kplug.load_model(path, verify="off")
