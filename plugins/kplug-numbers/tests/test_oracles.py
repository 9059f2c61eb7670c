"""The same numbers as Keras and torch, by the same recipes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import pytest
import torch
from kplug_numbers import Reading, compare, make_reading, read_object
from torch import Tensor

from kplug import list_built_ins
from kplug.metrics import Metric


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    """Let Keras compute in float64, as it does not follow its inputs."""
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


# At a kink torch's maximum, which Keras calls, halves the gradient; kplug's does not.
AT_KINKS = {key: {"shares/exact/gradient"} for key in ("kplug/hinge", "kplug/categorical_hinge")}
LEFT_OUT = {"float32", "strided", "state"}


def require_equal(ours: Reading, theirs: Reading, least: int) -> None:
    """Compare the parts that both have, in float64; some of Keras's constants are float32."""
    common = [
        name for name in ours.parts if name in theirs.parts and not LEFT_OUT & {*name.split("/")}
    ]
    assert len(common) >= least
    first = replace(ours, parts={name: ours.parts[name] for name in common})
    second = replace(
        theirs,
        parts={name: replace(theirs.parts[name], dtype=ours.parts[name].dtype) for name in common},
    )
    differing = {one.part for one in compare(first, second).differences if not one.by < 1e-5}
    assert differing == AT_KINKS.get(ours.spec, set())


LOSSES = {
    "kplug/mse": "mean_squared_error",
    "kplug/mae": "mean_absolute_error",
    "kplug/mape": "mean_absolute_percentage_error",
    "kplug/mean_squared_logarithmic_error": "mean_squared_logarithmic_error",
    "kplug/log_cosh": "log_cosh",
    "kplug/huber": "huber",
    "kplug/hinge": "hinge",
    "kplug/squared_hinge": "squared_hinge",
    "kplug/categorical_hinge": "categorical_hinge",
    "kplug/kl_divergence": "kl_divergence",
    "kplug/poisson": "poisson",
    "kplug/binary_crossentropy": "binary_crossentropy",
    "kplug/categorical_crossentropy": "categorical_crossentropy",
    "kplug/sparse_categorical_crossentropy": "sparse_categorical_crossentropy",
    "kplug/binary_focal_crossentropy": "binary_focal_crossentropy",
    "kplug/categorical_focal_crossentropy": "categorical_focal_crossentropy",
    "kplug/dice": "dice",
    "kplug/tversky": "tversky",
}
# The recipes have no input for two of them, and Keras's function of the other has no default.
LEFT_OUT_LOSSES = {"circle", "ctc", "categorical_generalized_cross_entropy"}


def test_every_loss_of_keras_is_compared() -> None:
    ours = {one.name for one in list_built_ins("loss") if one.origin.distribution == "kplug"}
    compared = {*LOSSES.values(), "cosine_similarity"}
    assert compared | LEFT_OUT_LOSSES == {name for name in ours if hasattr(keras.losses, name)}


def test_only_rows_of_zeros_differ_in_the_cosine_similarity() -> None:
    ours = make_reading("loss", "kplug/cosine_similarity")
    theirs = read_object("loss", "keras", lambda: keras.losses.cosine_similarity)
    found = [one for one in compare(ours, theirs).differences if not one.by < 1e-5]
    assert {one.part.split("/")[1] for one in found} == {"zeros"}


@pytest.mark.parametrize(("ours", "theirs"), LOSSES.items(), ids=LOSSES)
def test_losses_are_those_of_keras(ours: str, theirs: str) -> None:
    function = getattr(keras.losses, theirs)
    require_equal(make_reading("loss", ours), read_object("loss", theirs, lambda: function), 8)


TORCH_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "kplug/mse": lambda t, p: torch.nn.functional.mse_loss(p, t, reduction="none").mean(-1),
    "kplug/huber(delta=0.5)": lambda t, p: torch.nn.functional.huber_loss(
        p, t, reduction="none", delta=0.5
    ).mean(-1),
    "kplug/poisson": lambda t, p: torch.nn.functional.poisson_nll_loss(
        p, t, log_input=False, eps=1e-7, reduction="none"
    ).mean(-1),
}


@pytest.mark.parametrize(("ours", "theirs"), TORCH_LOSSES.items(), ids=TORCH_LOSSES)
def test_losses_are_those_of_torch(ours: str, theirs: Any) -> None:
    require_equal(make_reading("loss", ours), read_object("loss", ours, lambda: theirs), 10)


class OfKeras(Metric):
    """A metric of Keras with the methods of kplug's."""

    def __init__(self, metric: Any) -> None:
        super().__init__(name="of_keras")
        self.metric = metric

    def update_state(self, *inputs: Tensor, sample_weight: Any = None) -> None:
        self.metric.update_state(*inputs, sample_weight=sample_weight)

    def result(self) -> Tensor:
        return torch.as_tensor(self.metric.result())

    def reset_state(self) -> None:
        self.metric.reset_state()

    def merge_state(self, others: Any) -> None:
        self.metric.merge_state([one.metric for one in others])


METRICS: dict[str, Callable[[], Any]] = {
    "kplug/binary_accuracy": keras.metrics.BinaryAccuracy,
    "kplug/categorical_accuracy": keras.metrics.CategoricalAccuracy,
    "kplug/sparse_categorical_accuracy": keras.metrics.SparseCategoricalAccuracy,
    "kplug/precision": keras.metrics.Precision,
    "kplug/recall": keras.metrics.Recall,
    "kplug/auc": keras.metrics.AUC,
    "kplug/f1_score": keras.metrics.F1Score,
    "kplug/mean_squared_error": keras.metrics.MeanSquaredError,
    "kplug/root_mean_squared_error": keras.metrics.RootMeanSquaredError,
    "kplug/mean_iou(num_classes=3)": partial(keras.metrics.MeanIoU, num_classes=3),
    "kplug/mean": keras.metrics.Mean,
    "kplug/sum": keras.metrics.Sum,
}


@pytest.mark.parametrize(("ours", "theirs"), METRICS.items(), ids=METRICS)
def test_metrics_are_those_of_keras(ours: str, theirs: Callable[[], Any]) -> None:
    keras.config.set_floatx("float32")
    found = read_object("metric", ours, lambda: OfKeras(theirs()))
    require_equal(make_reading("metric", ours), found, 4)


OPTIMIZERS: dict[str, Any] = {
    "kplug/sgd(lr=0.1)": partial(torch.optim.SGD, lr=0.1),
    "kplug/sgd(lr=0.1, momentum=0.9)": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    "kplug/adam(lr=0.01, epsilon=1e-8)": None,
    "torch/adam(lr=0.01)": partial(torch.optim.Adam, lr=0.01),
    "torch/adamw": torch.optim.AdamW,
    "torch/rmsprop(lr=0.01, momentum=0.5)": partial(torch.optim.RMSprop, lr=0.01, momentum=0.5),
    "torch/nadam": torch.optim.NAdam,
}


class KerasAdam(torch.optim.Optimizer):
    """Keras's Adam, written again: epsilon comes before the bias correction, all weights have one count."""

    def __init__(self, params: Any, lr: float = 0.01) -> None:
        super().__init__(params, {"lr": lr})
        self.t = 0

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        self.t += 1
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state.update(m=torch.zeros_like(weight), v=torch.zeros_like(weight))
                state["m"].mul_(0.9).add_(weight.grad, alpha=0.1)
                state["v"].mul_(0.999).add_(weight.grad.square(), alpha=0.001)
                rate = group["lr"] * (1 - 0.999**self.t) ** 0.5 / (1 - 0.9**self.t)
                weight -= rate * state["m"] / (state["v"].sqrt() + 1e-8)


@pytest.mark.parametrize(("ours", "theirs"), OPTIMIZERS.items(), ids=OPTIMIZERS)
def test_optimizers_are_those_of_torch_and_of_the_formula(ours: str, theirs: Any) -> None:
    found = read_object("optimizer", ours, lambda: copy.deepcopy(theirs or KerasAdam))
    require_equal(make_reading("optimizer", ours), found, 7)


ACTIVATIONS = (
    *("relu", "elu", "selu", "gelu", "softplus", "softsign", "tanh", "sigmoid", "softmax"),
    *("silu", "mish", "leaky_relu", "relu6", "hard_sigmoid", "hard_silu", "log_softmax", "celu"),
)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_keras(name: str) -> None:
    function = getattr(keras.activations, name)
    found = read_object("activation", name, lambda: lambda x: function(x))
    require_equal(make_reading("activation", f"kplug/{name}"), found, 8)


INITIALIZERS = {"zeros": "Zeros", "ones": "Ones", "constant(value=0.5)": "Constant"}


@pytest.mark.parametrize(("ours", "theirs"), INITIALIZERS.items(), ids=INITIALIZERS)
def test_initializers_are_those_of_keras(ours: str, theirs: str) -> None:
    arguments = {"value": 0.5} if theirs == "Constant" else {}
    made = getattr(keras.initializers, theirs)(**arguments)

    def initialize(shape: Any, dtype: Any = None) -> Tensor:
        return torch.as_tensor(made(shape, dtype=str(dtype).removeprefix("torch.")))

    found = read_object("initializer", theirs, lambda: initialize)
    require_equal(make_reading("initializer", f"kplug/{ours}"), found, 8)


REGULARIZERS = {"l1": "L1", "l2": "L2", "l1_l2": "L1L2"}


@pytest.mark.parametrize(("ours", "theirs"), REGULARIZERS.items(), ids=REGULARIZERS)
def test_regularizers_are_those_of_keras(ours: str, theirs: str) -> None:
    names = ["l1", "l2"] if ours == "l1_l2" else [ours]
    arguments = dict.fromkeys(names, 0.05)
    made = getattr(keras.regularizers, theirs)(**arguments)
    spec = f"kplug/{ours}({', '.join(f'{name}=0.05' for name in names)})"
    found = read_object("regularizer", theirs, lambda: lambda w: made(w))
    require_equal(make_reading("regularizer", spec), found, 8)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(
            "kplug/max_norm(max_value=1.0)", keras.constraints.MaxNorm(1.0), id="max_norm"
        ),
        pytest.param("kplug/non_neg", keras.constraints.NonNeg(), id="non_neg"),
        pytest.param("kplug/unit_norm", keras.constraints.UnitNorm(), id="unit_norm"),
    ],
)
def test_constraints_are_those_of_keras(ours: str, theirs: Any) -> None:
    found = read_object("constraint", ours, lambda: lambda w: theirs(w))
    require_equal(make_reading("constraint", ours), found, 8)
