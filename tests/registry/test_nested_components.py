"""Nested components are made for arguments alone: keys and kinds are checked before anything is imported."""

from __future__ import annotations

import builtins
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pytest

import kplug
from kplug.dialect.generations import KERAS_2, KERAS_3
from kplug.dialect.reading_models import read_model
from kplug.errors import ArgumentError, KplugError, WrongKindError
from kplug.registry import parse_spec, resolve
from tests.saving.whole_files import members, write_zip

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

SPY = """
import builtins
builtins.seen.append("imported")

class Spy:
    def __init__(self, path=""):
        builtins.seen.append(path)
    def __call__(self, *arguments):
        return arguments[0]
    def get_config(self):
        return {"path": ""}
"""


@pytest.fixture(autouse=True)
def seen(install: Sandbox) -> Iterator[list[str]]:
    """Install a plugin that notes when it is imported and when its components are made."""
    kinds = (
        "callbacks",
        "losses",
        "regularizers",
        "layers",
        "metrics",
        "optimizers",
        "initializers",
    )
    install(
        "spies",
        entry_points={f"kplug.{kind}": {"spy": "spies:Spy"} for kind in kinds},
        modules={"spies.py": SPY},
    )
    builtins.seen = []  # type: ignore[attr-defined]
    yield builtins.seen  # type: ignore[attr-defined]
    del builtins.seen  # type: ignore[attr-defined]


PARENTS = [
    ("regularizer", "L2", {"l2": 0.5}),
    ("loss", "Huber", {"delta": 2.0}),
    ("metric", "AUC", {"curve": "PR"}),
    ("optimizer", "Adam", {"learning_rate": 0.5}),
    ("optimizer", "torch/adamw", {"lr": 0.5}),
    ("optimizer", "LossScaleOptimizer", {"inner_optimizer": "adam"}),
    ("layer", "Dense", {"units": 3}),
    ("layer", "Bidirectional", {"layer": {"class_name": "LSTM", "config": {"units": 3}}}),
    ("initializer", "HeNormal", {"seed": 3}),
    ("callback", "EarlyStopping", {"patience": 3}),
    ("constraint", "MaxNorm", {"max_value": 3}),
    (
        "schedule",
        "ExponentialDecay",
        {"initial_learning_rate": 0.5, "decay_steps": 3, "decay_rate": 0.5},
    ),
    ("activation", "relu", {}),
]
FORMS = ["args", "config"]


def _nest(form: str, name: str, arguments: dict[str, Any]) -> Any:
    if form == "config":
        return {"class_name": name, "config": arguments}
    return {"name": name, "args": arguments}


@pytest.mark.sampled
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["my_callback", "my_loss", "evil", "callbacks"])
@pytest.mark.parametrize(("kind", "name", "arguments"), PARENTS)
def test_no_component_where_there_is_no_argument(
    seen: list[str], kind: str, name: str, arguments: dict[str, Any], key: str, form: str
) -> None:
    child = _nest(form, "spies/spy", {"path": "file"})
    with pytest.raises(KplugError):
        resolve(kind, _nest(form, name, {**arguments, key: child}))
    with pytest.raises(KplugError):
        resolve(kind, _nest(form, name, {**arguments, key: [{"a": child}]}))
    assert seen == []


@pytest.mark.parametrize(
    "text", ["l2(0.5, my_callback=spies/spy('file'))", "adam(evil=[spies/spy('file')])"]
)
def test_no_component_in_a_text_where_there_is_no_argument(seen: list[str], text: str) -> None:
    kind = "regularizer" if text.startswith("l2") else "optimizer"
    with pytest.raises(ArgumentError, match="has no argument"):
        resolve(kind, text)
    assert seen == []


@pytest.mark.parametrize(
    ("kind", "parent", "arguments", "key"),
    [
        ("optimizer", "adam", {}, "learning_rate"),
        ("optimizer", "adam", {}, "lr"),
        ("layer", "dense", {"units": 3}, "kernel_constraint"),
        (
            "schedule",
            "exponential_decay",
            {"initial_learning_rate": 0.5, "decay_steps": 3},
            "decay_rate",
        ),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_no_component_of_a_kind_that_the_parameter_does_not_announce(
    seen: list[str], kind: str, parent: str, arguments: dict[str, Any], key: str, form: str
) -> None:
    """The spies are of seven kinds, and neither schedules nor constraints."""
    child = _nest(form, "spies/spy", {"path": "file"})
    with pytest.raises(WrongKindError, match=r"'spies/spy' is an? "):
        resolve(kind, _nest(form, parent, {**arguments, key: child}))
    assert seen == []


class Holding:
    """A loss that holds a regularizer."""

    def __init__(self, regularizer: Any) -> None:
        self.regularizer = regularizer

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred


@pytest.mark.parametrize("form", FORMS)
def test_where_an_argument_is_it_is_made(seen: list[str], form: str) -> None:
    child = _nest(form, "spies/spy", {"path": "p"})
    with kplug.scope(losses={"holding": Holding}):
        found = resolve("loss", _nest(form, "holding", {"regularizer": child}))
    assert seen == ["imported", "p"]
    assert found.children["regularizer"].component.qualified_name == "spies/spy"


class Passing:
    """A loss of a plugin that passes on what it does not know, and reads it as Keras does."""

    def __init__(self, depth: int = 1, **options: Any) -> None:
        self.depth, self.options = depth, options

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


@pytest.mark.parametrize(
    ("identifier", "inner", "text"),
    [
        ("passing(inner=huber(delta=2.0))", "huber(delta=2.0)", "huber(delta=2.0)"),
        (
            {
                "class_name": "passing",
                "config": {"inner": {"class_name": "Huber", "config": {"delta": [2]}}},
            },
            {"class_name": "Huber", "config": {"delta": [2]}},
            "Huber(delta=[2])",
        ),
    ],
)
def test_what_is_passed_on_stays_data(identifier: Any, inner: Any, text: str) -> None:
    with kplug.scope(losses={"passing": Passing}):
        found = resolve("loss", identifier)
    assert found.source.options == {"inner": inner}
    assert found.spec.kwargs["inner"] == parse_spec(text)


def _save(path: Path) -> None:
    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2, kernel_regularizer="l2(0.5)")])
    model.compile(
        "adam(lr=exponential_decay(0.5, 3, 0.5))",
        kplug.losses.Huber(),
        metrics=[kplug.metrics.AUC()],
    )
    model.save(path)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each dict in a JSON document."""
    if isinstance(value, dict):
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        if isinstance(item, (dict, list)):
            yield from _places(item, (*path, key))


def _spied(text: Any) -> Iterator[str]:
    """Yield the document with a component added to each of its dicts, one after the other."""
    for path in _places(json.loads(text)):
        for form in FORMS:
            content = place = json.loads(text)
            for key in path:
                place = place[key]
            place["my_callback"] = _nest(form, "spies/spy", {"path": "file"})
            yield json.dumps(content)


@pytest.mark.filterwarnings("ignore::kplug.KplugWarning")
@pytest.mark.parametrize("member", ["config.json", "model_config", "training_config", "content"])
def test_no_file_makes_a_component_where_there_is_no_argument(
    seen: list[str], tmp_path: Path, member: str
) -> None:
    """The configurations of an archive and an HDF5 file, and the training state."""
    path = tmp_path / ("m.keras" if member == "config.json" else "m.h5")
    _save(path)
    texts = list(_spied(_exchange(path, member)))
    assert len(texts) >= 8
    for text in texts:
        _exchange(path, member, text)
        with contextlib.suppress(KplugError):
            kplug.load_model(path)
        assert seen == []


def _exchange(path: Path, member: str, text: str | None = None) -> Any:
    """Return a JSON text of a file; put another one in its place."""
    if member == "config.json":
        parts = members(path.read_bytes())
        if text is not None:
            write_zip(path, {**parts, member: text.encode()})
        return parts[member]
    with h5py.File(path, "a") as file:
        attributes = (file["kplug_state"] if member == "content" else file).attrs
        if text is not None:
            attributes[member] = text
        return attributes[member]


@pytest.mark.sampled
@pytest.mark.parametrize("name", ["spy", "spies/spy", "Spy"])
@pytest.mark.parametrize("key", ["evil", "my_layer", "layers"])
@pytest.mark.parametrize("parent", ["Dense", "kplug/Dense", "NoSuchLayer", "spies2/Spy"])
def test_no_layer_is_imported_where_there_is_no_argument(
    seen: list[str], parent: str, key: str, name: str
) -> None:
    child = {"class_name": name, "config": {"path": "file"}}
    for inner in (child, [child], {**child, "module": "keras.layers"}):
        entry = {"class_name": parent, "config": {"units": 3, key: inner}}
        for generation in (KERAS_2, KERAS_3):
            read_model(entry, generation=generation)
    assert seen == []
