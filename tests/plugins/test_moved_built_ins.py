"""Built-ins that another distribution offers: by public facts alone they are what they were."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import kplug
from kplug import Sequential, backend
from kplug.builtins import (
    layers as layer_table,
    losses as loss_table,
    optimizers as optimizer_table,
    schedules as schedule_table,
)
from kplug.cli.app import app
from kplug.dialect.reading_models import read_model
from kplug.graph import operators
from kplug.registry import REGISTRY, Component
from kplug.registry.loading.distribution_hash import digest_of
from kplug.saving.whole import writing
from kplug.training.jit import jit_step, torch_compiler

# The modules that move, each with the table of its kind and where Keras has its classes.
MOVED: dict[str, tuple[Any, str]] = {
    "kplug.layers.dense": (layer_table, "keras.layers"),
    "kplug.layers.noise": (layer_table, "keras.layers"),
    "kplug.layers.activations": (layer_table, "keras.layers"),
    "kplug.layers.preprocessing": (layer_table, "keras.layers"),
    "kplug.losses.robust": (loss_table, "keras.losses"),
    "kplug.optimizers.lion": (optimizer_table, "keras.optimizers"),
    "kplug.schedules.decay": (schedule_table, "keras.optimizers.schedules"),
}
# A loss and a layer whose defaults name a component of their own distribution.
DEFAULTS = """
import kplug

class Blend(kplug.losses.Loss):
    def __init__(self, inner="{home}/log_cosh", name="blend"):
        super().__init__(name=name)
        self.inner = inner
        self._inner = kplug.losses.get(inner)
    def call(self, y_true, y_pred):
        return self._inner(y_true, y_pred)

class Gate(kplug.Layer):
    def __init__(self, **keywords):
        super().__init__(**keywords)
        self._measure = kplug.losses.get("{home}/log_cosh")
    def call(self, inputs):
        return inputs
"""
OFFERED = ((loss_table, "blend", "Blend"), (layer_table, "Gate", "Gate"))
PACKAGE = "__kplug_non_mutating__ = True\n__kplug_complete_config__ = True\n"
X = np.random.default_rng(0).normal(size=(16, 4, 4, 3)).astype("float32")
Y = X.mean(axis=(1, 2, 3), keepdims=False)[:, None]


def _name(module: str) -> str:
    return f"moved_parts.{module.rpartition('.')[2]}"


def _list_moved() -> list[tuple[Any, Component]]:
    """Return the built-ins of the modules that move, each with the table that it is in."""
    return [
        (table, component)
        for module, (table, _) in MOVED.items()
        for component in table.COMPONENTS.values()
        if component.target.partition(":")[0] == module
    ]


def _write_distribution(folder: Path) -> None:
    """Write the source text of the modules under other names, with the facts that each author states."""
    package = folder / "moved_parts"
    package.mkdir()
    defaults = DEFAULTS.format(home="moved-parts")
    files = {"__init__.py": PACKAGE, "plugin.py": _write_hooks(), "defaults.py": defaults}
    for module, (_, home) in MOVED.items():
        path = Path(str(importlib.import_module(module).__file__))
        stated = f'from __future__ import annotations\n\n__kplug_keras_module__ = "{home}"\n'
        text = path.read_text().replace("from __future__ import annotations\n", stated, 1)
        for other in MOVED:
            text = text.replace(f"from {other} import", f"from {_name(other)} import")
        files[f"{_name(module).partition('.')[2]}.py"] = text
    info = folder / "moved_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: moved-parts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kplug]\nplugin = moved_parts.plugin\n")
    lines = [f"moved_parts/{file},sha256={digest_of(files[file].encode())}," for file in files]
    (info / "RECORD").write_text("\n".join(lines))
    for file, text in files.items():
        (package / file).write_text(text)


def _write_hooks() -> str:
    lines = ["import kplug", "from kplug import Component"]
    for table, plural in (
        (layer_table, "layers"),
        (loss_table, "losses"),
        (optimizer_table, "optimizers"),
        (schedule_table, "schedules"),
    ):
        rows = [
            f"    Component({one.name!r}, {_move(one.target)!r}, {one.aliases!r}, summary={one.summary!r}),"
            for home, one in _list_moved()
            if home is table
        ]
        rows += [
            f"    Component({name!r}, 'moved_parts.defaults:{target}'),"
            for home, name, target in OFFERED
            if home is table
        ]
        lines += [f"_{plural} = [", *rows, "]", "@kplug.hookimpl", f"def kplug_{plural}():"]
        lines += [f"    return {{one.name: one for one in _{plural}}}"]
    return "\n".join(lines)


def _move(target: str) -> str:
    module, _, name = target.partition(":")
    return f"{_name(module)}:{name}"


@pytest.fixture
def move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A function that takes the components out of kplug and installs the distribution that has them now."""

    def move_all() -> None:
        site = tmp_path / "site"
        site.mkdir()
        _write_distribution(site)
        for table, component in _list_moved():
            monkeypatch.delitem(table.COMPONENTS, component.name)
        # The module of activations registers its layer when it is imported, which the copy is too.
        monkeypatch.setitem(operators._MAKERS, "activations", operators._MAKERS["activations"])
        monkeypatch.syspath_prepend(str(site))
        REGISTRY.reload()

    yield move_all
    monkeypatch.undo()
    for module in [name for name in sys.modules if name.partition(".")[0] == "moved_parts"]:
        del sys.modules[module]
    REGISTRY.reload()


def _find(kind: str, name: str) -> Any:
    """Return the class that a name means now."""
    return REGISTRY.load(kplug.registry.look_up(kplug.get_kind(kind), kplug.Spec(name)).component)


def _make_model(**options: Any) -> Any:
    backend.clear_session()
    kplug.utils.set_random_seed(0)
    noise, dense, softmax = (
        _find("layer", name) for name in ("GaussianNoise", "Dense", "LeakyReLU")
    )
    model = Sequential(
        [
            kplug.Input((4, 4, 3)),
            noise(0.1),
            kplug.layers.Flatten(),
            dense(4, "tanh", kernel_regularizer="l2(0.01)"),
            softmax(0.1),
            dense(1, activity_regularizer="l1"),
        ]
    )
    rate = "exponential_decay(0.01, decay_steps=9, decay_rate=0.5)"
    lion = f"lion(learning_rate={rate})"
    model.compile(lion, "log_cosh", metrics=["log_cosh", "mae"], **options)
    return model


def _make_inputs() -> tuple[Any, Any]:
    """Return a model that prepares data, and samples for it."""
    backend.clear_session()
    normalization = _find("layer", "Normalization")()
    normalization.adapt(X.reshape(16, -1))
    rescaling = _find("layer", "Rescaling")(0.5, offset=1.0)
    return Sequential([kplug.Input((48,)), normalization, rescaling]), X.reshape(16, -1)


def _fit(model: Any) -> list[float]:
    found: list[float] = model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history[
        "loss"
    ]
    return found


def _read(path: Path) -> dict[str, bytes]:
    """Return the members of an archive, without the date."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "metadata.json"}


def _owners(model: Any) -> set[str]:
    parts = [*model.layers, model.optimizer, model.compiled.losses[0].loss]
    return {type(part).__module__.partition(".")[0] for part in parts}


@pytest.mark.slow
def test_files_are_the_same_to_the_byte(
    move: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "write_components", lambda *_: None)
    before = _make_model()
    losses, config = _fit(before), before.optimizer.get_config()
    for name in ("before.keras", "before.h5"):
        before.save(tmp_path / name)
    move()
    after = _make_model()
    assert "moved_parts" in _owners(after)
    assert _fit(after) == losses
    assert after.optimizer.get_config() == config
    for name in ("after.keras", "after.h5"):
        after.save(tmp_path / name)
    assert _read(tmp_path / "after.keras") == _read(tmp_path / "before.keras")
    assert (tmp_path / "after.h5").read_bytes() == (tmp_path / "before.h5").read_bytes()


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_files_of_before_are_read_with_the_distribution(
    move: Callable[[], None], tmp_path: Path, suffix: str
) -> None:
    before = _make_model()
    _fit(before)
    expected = before.predict(X, verbose=0)
    before.save(tmp_path / f"m.{suffix}")
    move()
    again = kplug.load_model(tmp_path / f"m.{suffix}")
    assert [type(one).__module__ for one in again.layers[:1]] == ["moved_parts.noise"]
    assert type(again.optimizer).__module__ == "moved_parts.lion"
    np.testing.assert_array_equal(again.predict(X, verbose=0), expected)
    assert again.fit(X, Y, verbose=0).history.keys() == {"loss", "log_cosh", "mae"}


def test_the_table_says_who_supplied_them(move: Callable[[], None]) -> None:
    move()
    rows = {row.slot: row.distribution for row in _make_model().components}
    assert (
        rows["optimizer"]
        == rows["loss"]
        == rows["gaussian_noise"]
        == rows["dense"]
        == "moved-parts"
    )


def test_defaults_of_their_own_have_no_rows(
    move: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def list_rows(home: str) -> list[tuple[str, str]]:
        backend.clear_session()
        parts = [_find("layer", f"{home}/Gate")(), kplug.layers.Dense(1)]
        model = Sequential([kplug.Input((3,)), *parts])
        model.compile("sgd", f"{home}/blend", metrics=["mae"])
        return [(row.slot, row.name.replace(home, "kplug")) for row in model.components]

    (tmp_path / "kept_defaults.py").write_text(DEFAULTS.format(home="kplug"))
    monkeypatch.syspath_prepend(str(tmp_path))
    for table, name, target in OFFERED:
        component = Component(name, f"kept_defaults:{target}")
        monkeypatch.setitem(table.COMPONENTS, name, component)
    REGISTRY.reload()
    before = list_rows("kplug")
    move()
    assert [row for row in list_rows("moved-parts") if row != ("gate", "kplug/Gate")] == before


def test_no_guard_stands_around_them(
    move: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(guard: Any, *_: object, **__: object) -> None:
        raise AssertionError(guard.label)

    move()
    monkeypatch.setattr("kplug.backend.write_guard.WriteGuard.call", refuse)
    _fit(_make_model())


def test_nothing_is_noted_of_their_arguments(move: Callable[[], None]) -> None:
    move()
    model = _make_model()
    for layer in model.layers:
        assert not hasattr(layer, "changed_arguments")
        assert "given_arguments" not in vars(layer)


@pytest.mark.slow
def test_their_steps_are_compiled_like_before(
    move: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", "eager")
    graphs: list[int] = []
    make = torch_compiler.compile_graph

    def count(graph: Any, tensors: Any) -> Any:
        graphs.append(len(graph.graph.nodes))
        return make(graph, tensors)

    monkeypatch.setattr(jit_step, "compile_graph", count)
    losses = _fit(_make_model(jit_compile=True))
    before = graphs[:]
    graphs.clear()
    move()
    np.testing.assert_allclose(_fit(_make_model(jit_compile=True)), losses, rtol=1e-6)
    assert graphs == before


@pytest.mark.parametrize("kind", ["layers", "losses", "optimizers", "schedules"])
def test_the_list_has_the_same_lines(move: Callable[[], None], kind: str) -> None:
    def list_lines() -> set[str]:
        shown = CliRunner().invoke(app, ["list", kind]).output.splitlines()
        return {" ".join(line.split()) for line in shown}

    named = {component.name for _, component in _list_moved()}
    before = {line for line in list_lines() if line.partition(" ")[0] in named}
    assert before
    move()
    assert before <= list_lines()


def test_older_arguments_are_read(move: Callable[[], None]) -> None:
    move()
    entry = {"class_name": "Dense", "config": {"output_dim": 3, "init": "zero", "bias": False}}
    config = read_model({"class_name": "Sequential", "config": {"layers": [entry]}})
    layer = kplug.models.model_from_config(config).layers[0]
    assert type(layer).__module__ == "moved_parts.dense"
    assert (layer.units, layer.use_bias) == (3, False)


def test_layers_that_prepare_data_are_written_and_read(
    move: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "write_components", lambda *_: None)
    before, samples = _make_inputs()
    expected = before.predict(samples, verbose=0)
    for name in ("before.keras", "before.h5"):
        before.save(tmp_path / name)
    move()
    after, _ = _make_inputs()
    np.testing.assert_array_equal(after.predict(samples, verbose=0), expected)
    assert _read(tmp_path / "before.keras") == _save(after, tmp_path / "after.keras")
    for suffix in ("keras", "h5"):
        again = kplug.load_model(tmp_path / f"before.{suffix}", compile=False)
        assert {type(one).__module__.partition(".")[0] for one in again.layers} == {"moved_parts"}
        np.testing.assert_array_equal(again.predict(samples, verbose=0), expected)


def _save(model: Any, path: Path) -> dict[str, bytes]:
    model.save(path)
    return _read(path)


def test_of_several_that_have_the_name_a_file_means_the_one_that_states_it(
    move: Callable[[], None], tmp_path: Path
) -> None:
    before = Sequential([kplug.Input((3,)), kplug.layers.Dense(2)])
    for suffix in ("keras", "h5"):
        before.save(tmp_path / f"before.{suffix}")
    move()
    info = tmp_path / "site" / "other_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-parts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kplug.layers]\nDense = other_parts:Dense\n")
    (info / "RECORD").write_text("other_parts.py,,\n")
    (tmp_path / "site" / "other_parts.py").write_text(
        "import kplug\nclass Dense(kplug.Layer):\n    def call(self, inputs): return inputs\n"
    )
    REGISTRY.reload()
    for suffix in ("keras", "h5"):
        again = kplug.load_model(tmp_path / f"before.{suffix}", compile=False)
        assert type(again.layers[0]).__module__ == "moved_parts.dense"
        again.save(tmp_path / f"after.{suffix}")
    assert (
        _read(tmp_path / "after.keras")["config.json"]
        == (_read(tmp_path / "before.keras")["config.json"])
    )
