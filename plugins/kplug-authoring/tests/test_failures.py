"""Each check of the suite fails for a component that breaks exactly what it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import torch
from kplug_authoring import BrokenContractError, ContractCase, Example, contract_cases, run_contract
from kplug_authoring.suites import SUITES
from torch import Tensor
from typing_extensions import Unpack

import kplug
from kplug.initializers import Initializer
from kplug.losses import Loss
from kplug.metrics import Metric
from kplug.optimizers import CommonArguments, RuleOptimizer, takes_common
from kplug.registry import get_kind
from kplug.regularizers import Regularizer
from tests.plugins.planted_defects import DEFECTS
from tests.plugins.subtle_defects import SUBTLE

# --- Broken components ----------------------------------------------------------------------------------


class Forgetful(Regularizer):
    """Made with a factor that its configuration leaves out."""

    def __init__(self, factor: float = 0.01) -> None:
        self.factor = factor

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.factor * weight_matrix.abs().sum()

    def get_config(self) -> dict[str, Any]:
        return {}


class Unstorable(Forgetful):
    def get_config(self) -> dict[str, Any]:
        return {"factor": torch.tensor(self.factor)}


class Forked(Forgetful):
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        return cls(2 * config["factor"])

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor}


class Counting(Regularizer):
    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.number = self.made

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.number * weight_matrix.abs().sum()


class Unpicklable(Regularizer):
    def __init__(self) -> None:
        self._sum: Callable[[Tensor], Tensor] = lambda weight_matrix: weight_matrix.abs().sum()

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self._sum(weight_matrix)


class Greedy(Regularizer):
    """Takes every argument, and reads one."""

    def __init__(self, factor: float = 0.01, **kwargs: Any) -> None:
        self.factor = factor

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.factor * weight_matrix.abs().sum()

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor}


def greedy(y_true: Tensor, y_pred: Tensor, **how: Any) -> Tensor:
    return (y_true - y_pred).square().mean(-1)


def _square(y_true: Tensor, y_pred: Tensor, over: str) -> Tensor:
    return (y_true - y_pred).square().sum(-1) / (y_pred.shape[-1] if over == "mean" else 1)


def deaf_factory(over: str = "mean") -> Callable[..., Tensor]:
    return partial(_square, over="mean")


@kplug.search_ranges(power=kplug.Range(1.0, 3.0))
def overreaching(weight_matrix: Tensor, power: float = 2.0) -> Tensor:
    if power > 2.0:
        raise ValueError("power > 2")
    return weight_matrix.abs().pow(power).sum()


def lenient_factory(over: str = "mean") -> Callable[..., Tensor]:
    """Any text but one means the sum, so that a text changes something."""
    return partial(_square, over=over)


class Heights(torch.nn.Module):
    """A loss of images (N, C, height, width)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return (input.softmax(1) * (input - target).square()).mean()


@kplug.function
def softmax_of_images(x: Tensor) -> Tensor:
    return x.softmax(1)


class Tallest(Metric):
    """Keeps state that no batch adds to another's: a sum over channels of the largest row."""

    def __init__(self, name: str = "tallest") -> None:
        super().__init__(name)
        self.total = self.add_state("total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        weight = 1.0 if sample_weight is None else sample_weight
        values = (
            (y_pred - y_true).abs().flatten(2).amax(2)
            if y_pred.ndim > 2
            else (y_pred - y_true).abs()
        )
        self.total.add_((weight * values.sum(1)).sum())

    def result(self) -> Tensor:
        return self.total.clone()


def relative(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs().mean(-1) / (1.0 + y_true.max().detach())


def halve(weight_matrix: Tensor) -> Tensor:
    return weight_matrix / 2


class Drawing(Initializer):
    """Right in everything but what ``how`` says."""

    def __init__(self, how: str = "", seed: int | None = None) -> None:
        self.how, self.seed = how, seed

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        if self.how == "one row":
            shape = (max(1, shape[0]), *shape[1:])
        seed = 1 if self.how == "always 1" and self.seed is None else self.seed
        is_seeded = seed is not None and self.how != "never"
        generator = torch.Generator().manual_seed(seed or 0) if is_seeded else None
        wanted = torch.float64 if self.how == "float64" else dtype
        return torch.randn(tuple(shape), generator=generator).to(wanted)


class Averaging(Loss):
    def __init__(self, how: str = "") -> None:
        super().__init__()
        self.how = how

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        values = (y_true - y_pred).abs().mean(-1)
        return values * len(y_pred) if self.how == "crowded" else values

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (2.0 if self.how == "double" else 1.0) * self.call(y_true, y_pred).mean()

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Tensor:
        weights = None if self.how == "deaf" else sample_weight
        return super().__call__(y_true, y_pred, weights, mask)


class Error(Metric):
    """Mean absolute error, right in everything but what ``how`` says."""

    def __init__(self, how: str = "", name: str | None = None) -> None:
        super().__init__(name)
        self.how = how
        self.total = self.add_state("total")
        self.count = self.add_state("count")
        if how == "own state":
            self._fills.clear()

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        errors = (y_true - y_pred).abs().mean(-1)
        weights = torch.ones_like(errors)
        if sample_weight is not None and self.how != "deaf":
            weights = sample_weight
        if self.how == "last batch":
            self.reset_state()
        if self.how == "counts batches":
            errors, weights = errors.sum(0, keepdim=True), weights.new_ones(1)
        self.total.add_((errors * weights).sum())
        self.count.add_(weights.sum())
        if self.how == "writes":
            y_pred.mul_(2.0)

    def merge_state(self, others: Iterable[Metric]) -> None:
        if self.how != "alone":
            super().merge_state(others)

    def result(self) -> Tensor:
        mean = self.total / self.count.clamp(min=1e-7)
        return mean.expand(1, 2) if self.how == "table" else mean


class Descent(torch.optim.Optimizer):
    """Gradient descent with momentum, right in everything but what ``how`` says."""

    def __init__(self, params: Any, how: str = "", lr: float = 0.01) -> None:
        super().__init__(params, {"lr": lr})
        self.how = how
        self.hidden: dict[Tensor, Tensor] = {}

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                self._move(parameter, -group["lr"] if self.how != "up" else group["lr"])

    def _move(self, parameter: Tensor, rate: float) -> None:
        if parameter.grad is None:
            if self.how == "decays all":
                parameter.mul_(0.9)
            return
        if self.how == "scales":
            parameter.grad.mul_(0.5)
        state = self.hidden if self.how == "hides" else self.state[parameter]
        key: Any = parameter if self.how == "hides" else "momentum"
        state[key] = 0.5 * state.get(key, torch.zeros_like(parameter)) + parameter.grad
        if self.how == "infinite":
            rate = -1e300 if parameter.dtype is torch.float64 else -torch.inf
        parameter.add_(state[key], alpha=rate)


class OneSpelling(RuleOptimizer):
    """Right in everything but that a file has the learning rate under another name."""

    @takes_common
    def __init__(self, lr: float = 0.01, **common: Unpack[CommonArguments]) -> None:
        self._start(lr, common)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        common = {key: value for key, value in config.items() if key != "lr"}
        return cls(config["lr"], **common)

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        return -group["lr"]

    def _move(
        self, plan: Any, parameters: list[Tensor], gradients: list[Tensor], *state: list[Tensor]
    ) -> None:
        torch._foreach_add_(parameters, gradients, alpha=plan)


class Stepping:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, step: int) -> float:
        self.calls += 1
        return 1.0 / self.calls


class HalfACallback:
    def set_model(self, model: object) -> None: ...
    def set_params(self, params: object) -> None: ...
    def on_train_begin(self, logs: object = None) -> None: ...
    def on_train_end(self, logs: object = None) -> None: ...
    def on_epoch_end(self, epoch: int, logs: object = None) -> None: ...


class Unmakeable(kplug.layers.Layer):
    def __init__(self) -> None:
        raise RuntimeError("out of clay")


# --- Which check each one fails -------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    kind: str
    check: str
    target: Any
    found: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}-{self.check}"


def _function(kind: str, check: str, target: Callable[..., Any], found: str) -> Broken:
    return Broken(kind, check, kplug.function(target), found)


def _how(kind: str, check: str, target: Any, how: str, found: str, **more: Any) -> Broken:
    return Broken(kind, check, target, found, {"how": how}, more)


BROKEN = [
    Broken(
        "regularizer", "config", Forgetful, r"get_config\(\) leaves out factor$", {"factor": 2.0}
    ),
    Broken("regularizer", "config", Unstorable, "which JSON cannot hold"),
    Broken("regularizer", "config", Forked, r"makes one whose configuration is \{'factor': 0.02\}"),
    _function(
        "regularizer",
        "search_ranges",
        overreaching,
        r"^power is searched from 1.0 to 3.0, and power=3.0 is refused: ValueError: power > 2$",
    ),
    Broken("regularizer", "pickle", Unpicklable, "Can't (get|pickle) local object"),
    Broken("regularizer", "determinism", Counting, r"^\d+\.\d+ and \d+\.\d+$"),
    _how("initializer", "shape_and_dtype", Drawing, "float64", "float64 for .* of torch.float32"),
    _how("initializer", "repeats", Drawing, "never", "two draws with seed 7"),
    _how("initializer", "fresh", Drawing, "always 1", "the same values twice"),
    _how(
        "initializer",
        "variance",
        Drawing,
        "",
        "^[01].*, declared 2$",
        shape=(200, 100),
        variance=2.0,
    ),
    _how("initializer", "empty", Drawing, "one row", r"\(1, 5\) for \(0, 5\)"),
    Broken("regularizer", "arguments", Greedy, "^it is made with no_such_argument=1$"),
    Broken("loss", "arguments", greedy, "^it is made with no_such_argument=1$"),
    Broken(
        "loss", "arguments", deaf_factory, "over='no such text' and does what it does with 'mean'$"
    ),
    Broken("loss", "layout", Heights, r"^for images of shape \(2, 12, 12, 3\) 0\.\d+ and 0\.\d+$"),
    Broken("activation", "layout", softmax_of_images, r"for images of shape \(2, 12, 12, 3\) \[\["),
    Broken("metric", "layout", Tallest, r"for images of shape \(2, 12, 12, 3\) \d+\.\d+ and \d+"),
    _function("regularizer", "scalar", lambda weight_matrix: weight_matrix.abs(), r"^\[\["),
    _function("regularizer", "scalar", lambda weight_matrix: 3, "^3$"),
    _function("regularizer", "dtype", lambda w: w.double().sum(), "float64 for .*float32"),
    _function("regularizer", "device", lambda w: w.sum() * float(w.max()), "meta"),
    _function("regularizer", "gradients", lambda w: w.round().sum(), "a gradient of zeros only"),
    _function("regularizer", "gradients", lambda w: w.detach().sum(), "without a gradient"),
    _function("regularizer", "gradcheck", lambda w: (2 * w - w.detach()).sum(), "Jacobian"),
    _function("regularizer", "inputs", lambda w: w.abs_().sum(), "and"),
    _function("regularizer", "zero", lambda w: w.square().sum().sqrt(), "the gradient .*(nan|inf)"),
    _function("constraint", "shape", lambda w: w.sum(0), r"\(3,\) for \(4, 3\)"),
    _function("constraint", "zero", lambda w: w / w.norm(), "nan"),
    _function("constraint", "idempotent", halve, "and"),
    _function("activation", "single_row", lambda x: x - x.mean(0), "row 0 alone and in the batch"),
    _function("activation", "empty_batch", lambda x: x / x.max(), "RuntimeError|IndexError"),
    _function("loss", "dtype", lambda t, p: (t - p).double().abs().mean(-1), "float64 for"),
    _how("loss", "one_row", Averaging, "crowded", "the first sample alone and in the batch"),
    _how("loss", "reduction", Averaging, "double", r"reduced \(sum_over_batch_size\)"),
    _how("loss", "weights", Averaging, "deaf", "with weights of 0"),
    _function("loss", "empty_batch", relative, "RuntimeError|IndexError"),
    _how("metric", "scalar", Error, "table", r"^\[\["),
    _how("metric", "batches", Error, "last batch", "and"),
    _how("metric", "reset", Error, "own state", "^0.0 and 0"),
    _how("metric", "weights", Error, "deaf", "without sample 0 and with weight 0 for it"),
    _how("metric", "merging", Error, "alone", "and"),
    _how("metric", "empty_batch", Error, "counts batches", "and"),
    _how("metric", "inputs", Error, "writes", "and"),
    _how("optimizer", "parabola", Descent, "up", "^from .* to .* at its own rate, .* at rate 100"),
    _how("optimizer", "rosenbrock", Descent, "up", "^from .* to .* at its own rate"),
    _how("optimizer", "dtype", Descent, "infinite", "for weights of torch.float32"),
    _how("optimizer", "state_dict", Descent, "hides", "after four further steps of both"),
    Broken("optimizer", "file", OneSpelling, "KeyError: 'lr'"),
    _how("optimizer", "inputs", Descent, "scales", "and"),
    _how("optimizer", "missing_gradient", Descent, "decays all", "and"),
    _function("schedule", "finite", lambda step: 0.1 - 0.01 * step, "at step 100"),
    Broken("schedule", "stateless", Stepping, "and"),
    Broken("callback", "constructible", HalfACallback, "no on_batch_begin, on_batch_end"),
    Broken("layer", "made", Unmakeable, "^it cannot be made: .*out of clay"),
]

# They train for many steps.
LONG = {"parabola", "rosenbrock"}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(case, id=str(case), marks=[pytest.mark.slow] * (case.check in LONG))
        for case in BROKEN
    ],
)
def test_check_fails_for_what_breaks_it(broken: Broken) -> None:
    example = Example(broken.arguments, **broken.more)
    with kplug.scope(**{get_kind(broken.kind).plural: {"broken": broken.target}}):
        cases = contract_cases("custom", kinds=[broken.kind], examples={"broken": example})
        (case,) = (case for case in cases if case.check.name == broken.check)
        with pytest.raises(BrokenContractError) as caught:
            case.run()
    assert re.search(broken.found, caught.value.found), caught.value.found
    text = str(caught.value)
    assert f"the {broken.kind} custom/broken" in text
    assert f"fails the check {broken.check!r}" in text
    assert f"expected: {case.check.expected}" in text


def test_every_check_is_shown_to_fail() -> None:
    shown = {(broken.kind, broken.check) for broken in BROKEN}
    shown |= {(kind, defect.check) for kind, defects in DEFECTS.items() for defect in defects}
    shown |= {(subtle.kind, subtle.check) for subtle in SUBTLE}
    proven = {check for kind, name in shown for check in SUITES[kind].checks if check.name == name}
    every = {check for suite in SUITES.values() for check in suite.checks}
    assert {check.name for check in every - proven} == set()


@pytest.mark.parametrize(
    ("kind", "target"),
    [("initializer", Drawing), ("loss", Averaging), ("metric", Error), ("optimizer", Descent)],
)
def test_without_its_fault_each_passes(kind: str, target: type) -> None:
    kept = {
        "arguments",
        *(("config",) if kind in ("loss", "metric") else ()),
    }  # of a text for the fault
    with kplug.scope(**{get_kind(kind).plural: {"sound": target}}):
        for case in contract_cases("custom", kinds=[kind]):
            if case.check.name not in kept:
                case.run()


def test_an_optimizer_that_cannot_be_loaded_again_fails_that_check_only() -> None:
    with kplug.scope(optimizers={"broken": OneSpelling}):
        failed = []
        for case in contract_cases("custom", kinds=["optimizer"]):
            try:
                case.run()
            except BrokenContractError:
                failed.append(case.check.name)
    assert failed == ["file"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("kind", "check", "target"),
    [
        ("regularizer", "arguments", Greedy),
        ("loss", "arguments", greedy),
        ("loss", "arguments", deaf_factory),
        ("loss", None, lenient_factory),
        ("loss", "layout", Heights),
        ("loss", None, kplug.channels_first(Heights)),
        ("activation", "layout", softmax_of_images),
        ("activation", None, kplug.channels_first(softmax_of_images)),
        ("metric", "layout", Tallest),
        ("metric", None, kplug.channels_first(Tallest)),
    ],
)
def test_an_argument_or_a_layout_is_found_by_its_own_check_alone(
    kind: str, check: str | None, target: Any
) -> None:
    failed = []
    with kplug.scope(**{get_kind(kind).plural: {"planted": target}}):
        for case in contract_cases("custom", kinds=[kind]):
            try:
                case.run()
            except BrokenContractError as error:
                failed.append((case.check.name, str(error)))
    assert [name for name, _ in failed] == ([] if check is None else [check]), failed


def test_message_says_which_which_what_and_what_to_do() -> None:
    with kplug.scope(constraints={"broken": halve}), pytest.raises(BrokenContractError) as caught:
        run_contract("custom", kinds=["constraint"], examples={"broken": {}})
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        f"the constraint custom/broken ({__name__}:halve) fails the check 'idempotent', made with {{}}"
    )
    assert lines[1] == "  expected: no change when it is applied again"
    assert re.fullmatch(r"  found: \[\[.*… and \[\[.*…", lines[2])
    assert lines[3] == (
        "  A constraint moves a weight into an allowed set and leaves what is in it alone."
    )


def test_what_the_component_raises_is_the_cause() -> None:
    def fails(weight_matrix: Tensor) -> Tensor:
        raise ZeroDivisionError("by a whale")

    with kplug.scope(constraints={"broken": fails}):
        case: ContractCase = contract_cases("custom", kinds=["constraint"])[0]
        with pytest.raises(BrokenContractError) as caught:
            case.run()
    assert caught.value.__cause__ is not None
    assert "ZeroDivisionError: by a whale" in str(caught.value)
    assert "Say what it is called with: @kplug.example(inputs=(…)) above it." in str(caught.value)
