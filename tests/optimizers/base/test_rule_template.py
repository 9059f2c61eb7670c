"""The templates that authors copy, from the docstring and the documents: saved, loaded, trained on."""

from __future__ import annotations

import doctest
import inspect
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kplug
from kplug import layers, schedules
from kplug.optimizers import RuleOptimizer
from kplug.registry import REGISTRY
from tests.test_docs import ROOT, blocks_of

PLUGIN = "kplug-template"
X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def _from_docstring() -> str:
    examples = doctest.DocTestParser().get_examples(RuleOptimizer.__doc__ or "")
    is_above = itertools.takewhile(lambda one: "weight" not in one.source, examples)
    return "".join(example.source for example in is_above)


def _from_documents() -> str:
    blocks = blocks_of(ROOT / "docs" / "plugins" / "kinds" / "optimizer.md")
    (block,) = (one.text for one in blocks if "(RuleOptimizer)" in one.text)
    return block


TEMPLATES = {
    "Signs": "import torch\n" + "from kplug.optimizers import RuleOptimizer\n" + _from_docstring()
}
TEMPLATES["AcmeFading"] = _from_documents()


@pytest.fixture(params=TEMPLATES, scope="module")
def template(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Any]:
    """Install a plugin with a template as its module, and give its class."""
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "kplug_template.py").write_text(TEMPLATES[request.param])
    info = folder / "kplug_template-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PLUGIN}\nVersion: 1.0\n")
    entry = f"[kplug.optimizers]\nof_template = kplug_template:{request.param}\n"
    (info / "entry_points.txt").write_text(entry)
    (info / "RECORD").write_text("kplug_template.py,,\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        REGISTRY.reload()
        yield type(kplug.resolve("optimizer", f"{PLUGIN}/of_template").object)
    del sys.modules["kplug_template"]
    REGISTRY.reload()


def _train(model: Any) -> list[Any]:
    model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return model.get_weights()  # type: ignore[no-any-return]


def _rate(model: Any) -> tuple[float, int]:
    return float(model.optimizer.lr), model.optimizer.iterations


def _check(optimizer: Any, rate: float, path: Path) -> None:
    """Train, save, load and train on: the loaded model does what the saved one does."""
    model = kplug.Sequential([layers.Dense(1, input_dim=3)])
    model.compile(optimizer, "mse")
    assert float(model.optimizer.lr) == rate
    _train(model)
    model.save(path)
    again = kplug.load_model(path)
    assert _rate(again) == _rate(model)
    assert _rate(again)[1] == 8
    states = [list(one.optimizer.state_dict()["state"].values()) for one in (model, again)]
    for ours, theirs in zip(*states, strict=True):
        assert {key: value.tolist() for key, value in ours.items()} == {
            key: value.tolist() for key, value in theirs.items()
        }
    for expected, found in zip(_train(model), _train(again), strict=True):
        np.testing.assert_array_equal(expected, found)
    assert _rate(again) == _rate(model)


SCHEDULE = "exponential_decay(0.1, 10, 0.5)"
WRITTEN = {
    "": None,  # the default of its signature
    "(lr=0.5)": 0.5,
    "(learning_rate=0.5)": 0.5,
    "(0.5)": 0.5,
    f"(lr={SCHEDULE})": 0.1,
    f"(learning_rate={SCHEDULE})": 0.1,
}


@pytest.mark.sampled
@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.parametrize("arguments", WRITTEN)
def test_a_template_is_loaded_again_by_name(
    template: Any, arguments: str, extension: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{extension}"
    rate = WRITTEN[arguments] or inspect.signature(template).parameters["lr"].default
    _check(f"{PLUGIN}/of_template{arguments}", rate, path)
    with kplug.scope(optimizers={"of_scope": template}):
        _check(f"of_scope{arguments}", rate, path)


@pytest.mark.sampled
@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.parametrize("spelling", ["lr", "learning_rate"])
@pytest.mark.parametrize("is_schedule", [False, True])
def test_a_template_is_loaded_again_from_an_instance(
    template: Any, spelling: str, is_schedule: bool, extension: str, tmp_path: Path
) -> None:
    rate = schedules.ExponentialDecay(0.5, 10, 0.5) if is_schedule else 0.5
    _check(template(**{spelling: rate}), 0.5, tmp_path / f"model.{extension}")
