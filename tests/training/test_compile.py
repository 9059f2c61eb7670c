from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch
from torch import Tensor

import kplug
from kplug import layers
from kplug.errors import (
    ArgumentError,
    ArgumentValueError,
    KplugError,
    NotCompiledError,
    SeveralProblemsError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.models import Sequential
from kplug.registry import REGISTRY
from kplug.saving.provenance import read_components


def make_model(**options: Any) -> Sequential:
    return Sequential([layers.Dense(4, input_shape=(3,), **options), layers.Dense(1)])


def test_components_say_what_fills_each_slot_and_who_supplied_it() -> None:
    model = make_model(activation="relu", kernel_regularizer="l2(0.5)")
    model.compile(optimizer="adam(lr=0.5)", loss="mse", metrics=["mae"])
    rows = {row.slot: row for row in model.components}
    assert list(rows) == [
        "loss",
        "optimizer",
        "metrics[0]",
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


def test_the_table_prints_and_becomes_json() -> None:
    model = make_model()
    model.compile(loss="mse")
    text = str(model.components)
    assert "kplug/mean_squared_error" in text
    assert "kernel_initializer" in text
    assert model.components.to_json()[0]["slot"] == "loss"
    assert model.components[0] == model.components.get("loss")
    assert repr(model.components[:2]) == "ComponentTable(2 rows)"
    with pytest.raises(KeyError):
        model.components.get("nothing")


def test_components_of_the_users_own_code_are_called_custom() -> None:
    def l1_reg(weight_matrix: Tensor) -> Tensor:
        return 0.01 * weight_matrix.abs().sum()

    model = make_model(kernel_regularizer=l1_reg)
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
        assert "gates-plugin" in {row["distribution"] for row in read_components(file)}


def test_a_component_inside_a_component_has_its_own_row() -> None:
    model = make_model()
    model.compile(loss="mse", optimizer="sgd(lr=exponential_decay(0.1, 10, 0.5))")
    row = model.components.get("optimizer.lr")
    assert (row.kind, row.name) == ("schedule", "kplug/exponential_decay")


def test_a_single_problem_is_raised_as_itself() -> None:
    with pytest.raises(UnknownComponentError) as caught:
        make_model(kernel_regularizer="l3").compile(loss="mse")
    assert caught.value.where == "dense.kernel_regularizer"
    assert str(caught.value).startswith("dense.kernel_regularizer: ")


def test_every_problem_is_reported_together_and_nothing_changes() -> None:
    model = make_model()
    model.compile(loss="mse", optimizer="sgd")
    before = (model.compiled, model.loss, model.components)
    broken = make_model(kernel_regularizer="l3", bias_initializer="zeroes", activation="l1")
    with pytest.raises(SeveralProblemsError) as caught:
        broken.compile(loss="huber(dleta=1)", optimizer="admw", metrics=["mae", "adam"])
    assert str(caught.value).startswith("cannot compile 'sequential_1': 6 problems\n1. loss: ")
    assert [problem.where for problem in caught.value.problems] == [
        "loss",
        "optimizer",
        "metrics[1]",
        "dense_2.activation",
        "dense_2.kernel_regularizer",
        "dense_2.bias_initializer",
    ]
    assert [type(problem) for problem in caught.value.problems] == [
        ArgumentError,
        UnknownComponentError,
        WrongKindError,
        WrongKindError,
        UnknownComponentError,
        UnknownComponentError,
    ]
    assert broken.compiled is None
    with pytest.raises(KplugError):
        model.compile(loss="nonsense")
    assert (model.compiled, model.loss, model.components) == before


def test_the_text_of_all_problems_names_each_slot_and_what_to_do() -> None:
    model = make_model(kernel_regularizer="l2(l3=1)", activity_regularizer="l2(")
    with pytest.raises(SeveralProblemsError) as caught:
        model.compile(
            loss="dice_loss", optimizer="he_normal", metrics=["mean_squared_error(dleta=1)"]
        )
    assert str(caught.value) == (
        "cannot compile 'sequential': 5 problems\n"
        "1. loss: dice_loss needs 'smooth' and 'thresh'\n"
        "     Write 'dice_loss(smooth=…, thresh=…)'. Its arguments (kplug-segmentation 0.1.0): "
        "smooth, thresh, sharpness=None, reduction='batch'.\n"
        "2. optimizer: 'he_normal' is an initializer, not an optimizer\n"
        "     `kplug list optimizers` shows what fits here.\n"
        "3. metrics[0]: mean_squared_error has no argument 'dleta'\n"
        "     Its arguments: name='mean_squared_error', dtype=None.\n"
        "4. dense.activity_regularizer: cannot read the spec 'l2(': '(' was never closed\n"
        "       l2(\n"
        "         ^\n"
        "     A spec is name, name(key=value, …) or distribution/name(…); values are Python "
        "literals or further specs.\n"
        "5. dense.kernel_regularizer: l2 has no argument 'l3'. Did you mean 'l'?\n"
        "     Its arguments: l2=0.01, l=None."
    )


def make_adamw(params: Any) -> torch.optim.Optimizer:
    return torch.optim.AdamW(params, lr=0.1, weight_decay=0.5)


@pytest.mark.parametrize("form", ["class", "name", "partial", "function", "instance"])
def test_adamw_of_torch_trains_in_every_form_as_it_does_by_hand(form: str) -> None:
    x, y = torch.arange(12.0).reshape(4, 3), torch.ones(4, 1)
    model = Sequential([layers.Dense(1, input_shape=(3,), kernel_initializer="ones")])
    arguments: dict[str, Any] = {} if form == "class" else {"lr": 0.1, "weight_decay": 0.5}
    forms: dict[str, Callable[[], object]] = {
        "class": lambda: torch.optim.AdamW,
        "name": lambda: "torch/adamw(lr=0.1, weight_decay=0.5)",
        "partial": lambda: functools.partial(torch.optim.AdamW, **arguments),
        "function": lambda: make_adamw,
        "instance": lambda: torch.optim.AdamW(model.parameters(), **arguments),
    }
    model.compile(loss="mse", optimizer=forms[form]())
    model.fit(x, y, batch_size=4, epochs=3, verbose=0)

    by_hand = torch.nn.Linear(3, 1)
    torch.nn.init.ones_(by_hand.weight)
    torch.nn.init.zeros_(by_hand.bias)
    optimizer = torch.optim.AdamW(by_hand.parameters(), **arguments)
    for _ in range(3):
        optimizer.zero_grad()
        torch.autograd.backward(torch.nn.functional.mse_loss(by_hand(x), y))
        optimizer.step()
    kernel, bias = model.get_weights()
    torch.testing.assert_close(torch.from_numpy(kernel).t(), by_hand.weight.detach())
    torch.testing.assert_close(torch.from_numpy(bias), by_hand.bias.detach())


def test_the_default_optimizer_is_rmsprop() -> None:
    model = make_model()
    model.compile(loss="mse")
    assert model.components.get("optimizer").name == "kplug/rmsprop"


def test_compiling_again_keeps_the_weights_and_replaces_the_loss() -> None:
    model = make_model()
    model.compile(loss="mse", metrics=["mae"])
    before = model.get_weights()
    model.compile(optimizer="sgd")
    assert model.loss is None
    assert model.metrics_names == ["loss"]
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("metrics", "weighted", "names"),
    [
        (["accuracy"], None, ["accuracy"]),
        (["acc", "MAE"], None, ["acc", "MAE"]),
        ("mae", None, ["mae"]),
        (["kplug/mse", "mse"], None, ["mse", "mse_1"]),
        (["mae"], ["mae", "mse"], ["mae", "weighted_mae", "mse"]),
        ([["mae"]], None, ["mae"]),
    ],
)
def test_metrics_are_named_as_they_were_typed(
    metrics: Any, weighted: Any, names: list[str]
) -> None:
    model = make_model()
    model.compile(loss="mse", metrics=metrics, weighted_metrics=weighted)
    assert model.metrics_names == ["loss", *names]


def test_a_function_is_named_after_itself_as_a_metric() -> None:
    def deviation(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).abs()

    model = make_model()
    model.compile(loss="mse", metrics=[deviation])
    assert model.metrics_names == ["loss", "deviation"]


def test_a_loss_weight_is_checked() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make_model().compile(loss="mse", loss_weights=[1.0, 2.0])
    assert str(caught.value) == (
        "compile: argument 'loss_weights' is [1.0, 2.0]; allowed: a number, or a list of one "
        "number per output"
    )


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch"])
def test_training_before_compile_is_refused_with_advice(method: str) -> None:
    model = make_model()
    with pytest.raises(NotCompiledError) as caught:
        getattr(model, method)(torch.zeros(2, 3), torch.zeros(2))
    assert str(caught.value) == (
        f"{method}: model 'sequential' is not compiled, so it has no loss and no optimizer\n"
        f"  Call model.compile(optimizer='adam', loss='mean_squared_error') before {method}."
    )


def test_what_compile_makes_is_asked_for_too_early() -> None:
    with pytest.raises(NotCompiledError) as caught:
        _ = make_model().components
    assert str(caught.value) == (
        "model 'sequential' has no components yet: it is not compiled\n"
        "  Call model.compile(optimizer=…, loss=…) first."
    )


def test_changing_the_chain_asks_for_another_compile() -> None:
    model = make_model()
    model.compile(loss="mse")
    model.add(layers.Dense(1))
    with pytest.raises(NotCompiledError):
        model.fit(torch.zeros(2, 3), torch.zeros(2), verbose=0)
