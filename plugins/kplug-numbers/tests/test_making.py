"""Readings of each kind: their parts, limits and refusals."""

from __future__ import annotations

import contextlib
import importlib
import math
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kplug_numbers import Reading, ReadingError, compare, make_reading, read_object, time_limit
from kplug_numbers.making import RECIPES
from kplug_numbers.reading import MOST_BYTES
from kplug_numbers.recipes import inputs
from torch import Tensor

from kplug import config
from kplug.dtype_policies import dtype_policy, set_dtype_policy
from kplug.inspection import KINDS
from kplug.metrics import Metric

# Of each kind some components, with parts that their readings have.
PARTS = {
    ("loss", "kplug/mse"): ["real/float64/second", "real/weighted/value", "real/all_masked/value"],
    ("loss", "kplug/sparse_categorical_crossentropy"): ["ids/float64/gradient", "ids/exact/value"],
    ("loss", "kplug/ctc"): ["sequence/float64/gradient"],
    ("metric", "kplug/auc"): ["single/merged/result", "single/batches/reset", "single/ties/result"],
    ("metric", "kplug/mean"): ["values/batches/1"],
    ("metric", "kplug/mean_iou(num_classes=3)"): ["choices/weighted/result"],
    ("optimizer", "kplug/adam"): ["float64/step_10", "state/exp_avg", "groups/weights"],
    ("optimizer", "torch/sgd"): ["float64/step_1", "without_gradient/late"],
    ("regularizer", "kplug/l1"): ["kernel/zeros/gradient", "bias/float32/value"],
    ("constraint", "kplug/max_norm"): ["convolution/large/value"],
    ("initializer", "kplug/glorot_uniform"): ["large_convolution/deviation", "empty/value"],
    ("activation", "kplug/softmax"): ["rows/ties/gradient", "rows/large/value", "sequence/value"],
    ("schedule", "kplug/cosine_decay(initial_learning_rate=0.1, decay_steps=100)"): [
        "step_50/rate_50"
    ],
    ("layer", "kplug/Dense(units=3)"): ["row/float64/weight_gradient/0", "row/training/value/0"],
    ("layer", "kplug/LSTM(units=3)"): ["sequence/masked/value/0", "sequence/shorter/value/0"],
    ("layer", "kplug/Dropout(rate=0.5)"): ["row/training/is_random"],
    ("layer", "kplug/Masking"): ["sequence/masked/mask/0"],
    ("layer", "kplug/BatchNormalization"): ["row/training/state/0"],
    ("layer", "kplug/Conv2D(filters=2, kernel_size=3)"): ["image/strided/same"],
}


@pytest.mark.parametrize(("component", "parts"), PARTS.items(), ids=str)
def test_a_reading_has_the_parts_of_its_recipe(
    component: tuple[str, str], parts: list[str]
) -> None:
    kind, spec = component
    reading = make_reading(kind, spec)
    assert set(parts) <= set(reading.parts), list(reading.parts)
    assert (reading.kind, reading.spec, reading.cut) == (kind, spec, 0)
    assert len(reading.to_json()) <= MOST_BYTES
    assert make_reading(kind, spec, is_twice=False).to_json() == reading.to_json()


def test_every_kind_but_callbacks_has_a_recipe_and_an_example_here() -> None:
    assert {*RECIPES, "callback"} == {name for name, one in KINDS.items() if one.origin.is_built_in}
    assert {kind for kind, _ in PARTS} == RECIPES.keys()


@pytest.mark.parametrize(
    ("kind", "first", "second", "part"),
    [
        ("loss", "kplug/huber(delta=1.0)", "kplug/huber(delta=0.5)", "real/float64/value"),
        ("loss", "kplug/mse", "kplug/mse(reduction='sum')", "real/float64/value"),
        ("optimizer", "kplug/adam(epsilon=1e-8)", "kplug/adam(epsilon=1e-3)", "float64/step_1"),
        ("optimizer", "kplug/sgd", "kplug/sgd(nesterov=True, momentum=0.5)", "float64/step_2"),
        ("metric", "kplug/precision", "kplug/precision(thresholds=0.25)", "single/batches/1"),
        ("activation", "kplug/relu", "kplug/leaky_relu", "rows/float64/value"),
        ("layer", "kplug/Dense(units=3)", "kplug/Dense(units=4)", "row/float64/value/0"),
    ],
)
def test_arguments_show(kind: str, first: str, second: str, part: str) -> None:
    found = compare(make_reading(kind, first), make_reading(kind, second))
    assert part in {one.part for one in found.differences}


class Absolute:
    """A mean absolute error with a gradient of its own at ties."""

    def __init__(self, at_ties: float) -> None:
        self.at_ties = at_ties

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        distance = y_pred - y_true
        sign = torch.where(distance == 0, self.at_ties, distance.sign()).detach()
        return (distance * sign).mean(-1)


_SHARED = ("shares/exact", "shares/wrong", "shares/zeros")  # where some predictions are the targets


def test_a_gradient_at_ties_alone_is_found() -> None:
    zero, one = (read_object("loss", "mine", partial(Absolute, at)) for at in (0.0, 1.0))
    found = {difference.part for difference in compare(zero, one).differences}
    assert found == {f"{name}/gradient" for name in ("real/exact", *_SHARED)}


def _draws_elsewhere(x: Tensor) -> Tensor:
    return x * random.random()


def _raises(x: Tensor) -> Tensor:
    raise ConnectionError("there is no network")


def _leaves(x: Tensor) -> Tensor:
    raise SystemExit(3)


class Stop(BaseException):
    """An exception that its author derived from the wrong class."""


def _stops(x: Tensor) -> Tensor:
    raise Stop("enough")


def _closes(x: Tensor) -> Tensor:
    raise GeneratorExit


REFUSED: dict[str, tuple[str, Any, str]] = {
    "random without a seed": ("activation", _draws_elsewhere, "it is random"),
    "needs the network": ("activation", _raises, "ConnectionError: there is no network"),
    "leaves": ("activation", _leaves, "no input of the recipe suits it"),
    "raises what is no Exception": ("activation", _stops, "refused with Stop: enough"),
    "closes": ("activation", _closes, "refused with GeneratorExit"),
    "refuses every input": ("loss", lambda y_true, y_pred: _raises(y_pred), "refused with Conn"),
    "is no component": ("loss", 7, "it cannot be made"),
    "a kind without a recipe": ("callback", object(), "no recipe for the kind 'callback'"),
}


def test_second_derivatives_of_signs_are_zero() -> None:
    found = read_object("regularizer", "mine", lambda: lambda w: (w.abs() + w.square()).sum())
    # The gradient's values are summed with the weights 1, 1 + 1/64 and 1 + 2/64.
    assert found.parts["bias/float64/second"].sample == (2.0, 2.03125, 2.0625)


@pytest.mark.slow
def test_second_derivatives_of_signs_do_not_import_torchs_compiler() -> None:
    code = """
import sys
from kplug_numbers import make_reading
make_reading("regularizer", "kplug/l1_l2")
print("torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False False\n"


@pytest.mark.parametrize(("kind", "thing", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_the_reason(kind: str, thing: Any, reason: str) -> None:
    with pytest.raises(ReadingError, match=reason):
        read_object(kind, "mine", lambda: thing)


def test_what_draws_from_torchs_generator_can_be_read() -> None:
    reading = read_object("activation", "mine", lambda: lambda x: x + torch.rand(()))
    assert reading.parts["rows/float64/value"].dtype == "float64"


class Odd(Metric):
    """A metric whose results have names and values of every sort."""

    def __init__(self, last: object) -> None:
        super().__init__(name="odd")
        self.last = last

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Do nothing."""

    def result(self) -> Any:
        return {"\x1b[31m": 1.0, "n" * 500: [2.0, {3: 4.0}], "last": self.last}


class Text(str):
    """A text."""

    __slots__ = ()


@pytest.mark.parametrize(
    "last", [Text("five"), None, 1 + 2j, torch.ones(2, dtype=torch.bfloat16)], ids=str
)
def test_whatever_a_component_returns_can_be_written_and_read(last: object) -> None:
    reading = read_object("metric", "mine", lambda: Odd(last))
    assert "single/weighted/result/?[31m" in reading.parts
    assert Reading.from_json(reading.to_json()).to_json() == reading.to_json()


def test_a_number_that_no_array_holds_is_refused_in_words() -> None:
    with pytest.raises(ReadingError, match="Overflow"):
        read_object("metric", "mine", lambda: Odd(10**30))


def test_what_takes_too_long_is_refused() -> None:
    with pytest.raises(ReadingError, match=r"more than 0 seconds"):
        make_reading("activation", "kplug/relu", most_seconds=0.0)


def _waits(*_: object) -> None:
    while True:
        try:
            time.sleep(0.1)
        except Exception:  # noqa: BLE001 - as a component that tries again
            continue


def _works(*_: object) -> None:
    while True:
        pass


def _catches_all(*_: object) -> None:
    while True:
        try:
            _waits()
        except BaseException:  # noqa: BLE001 - as a component that never gives up
            continue


def _suppresses_all(*_: object) -> None:
    while True:
        with contextlib.suppress(BaseException):
            _catches_all()


class _Finalized:
    """An object whose finalizer does not return."""

    def __del__(self) -> None:
        _works()


def _finalizes(*_: object) -> None:
    _Finalized()  # the interruption ends the finalizer, which cannot raise
    _works()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.parametrize(
    "endless",
    [_waits, _works, _catches_all, _suppresses_all, _finalizes],
    ids=["waits", "works", "catches all", "suppresses all", "finalizes"],
)
@pytest.mark.parametrize("is_made", [True, False], ids=["call", "making"])
def test_what_does_not_return_is_refused(endless: Callable[..., None], is_made: bool) -> None:
    make = (lambda: endless) if is_made else endless
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(ReadingError, match=r"it takes more than 0\.\d+ seconds"):
        read_object("loss", "mine", make, most_seconds=0.05)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("is_made", [True, False], ids=["call", "making"])
def test_an_import_is_neither_interrupted_nor_counted(
    is_made: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_part.py").write_text(
        "import time\nend = time.thread_time() + 0.4\nwhile time.thread_time() < end: pass\n"
        "is_whole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(time_limit, "_PERIOD", 0.01)
    monkeypatch.setattr(time_limit, "BY_THE_CLOCK", 1000)  # a busy machine changes nothing

    def call(x: Tensor) -> Tensor:
        whole: bool = importlib.import_module("heavy_part").is_whole
        return x * whole

    def make() -> Callable[[Tensor], Tensor]:
        return call if is_made else (lambda x: x) if call(torch.ones(())) else call

    try:
        found = read_object("activation", "mine", make, most_seconds=0.08)
        assert "rows/float64/value" in found.parts
        assert sys.modules["heavy_part"].is_whole
    finally:
        sys.modules.pop("heavy_part", None)


def test_other_threads_read_without_a_timer() -> None:
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(make_reading, "activation", "kplug/relu").result()
    assert found == make_reading("activation", "kplug/relu")


@pytest.mark.parametrize("is_made", [True, False], ids=["call", "making"])
def test_control_c_of_the_user_ends_all(is_made: bool) -> None:
    def interrupt(*_: object) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_object("loss", "mine", (lambda: interrupt) if is_made else interrupt)


@pytest.mark.parametrize("error", [Stop("enough"), ValueError("enough")], ids=["stop", "value"])
def test_what_can_be_made_but_once_or_never_is_refused(error: BaseException) -> None:
    made: list[int] = []

    def make(first: int) -> Any:
        made.append(1)
        if len(made) > first:
            raise error
        return torch.relu

    for first in (0, 1):
        made.clear()
        with pytest.raises(ReadingError, match=r"it cannot be made: .*enough"):
            read_object("activation", "mine", partial(make, first))


def test_what_raises_between_two_calls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "activation", (lambda out: out.make()(torch.ones(())),))
    with pytest.raises(ReadingError, match="it raised Stop: enough"):
        read_object("activation", "mine", lambda: _stops)


def test_a_new_recipe_leaves_the_older_one_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_reading("activation", "kplug/tanh")
    monkeypatch.setitem(
        RECIPES,
        "activation",
        (*RECIPES["activation"], lambda out: out.put("one", out.make()(torch.ones(())))),
    )
    newest = make_reading("activation", "kplug/tanh")
    assert (newest.recipe, list(newest.parts)) == (2, ["one"])
    assert make_reading("activation", "kplug/tanh", recipe=1) == before
    for recipe in (0, 3):
        with pytest.raises(
            ReadingError, match=f"recipe {recipe} of the kind activation is unknown"
        ):
            make_reading("activation", "kplug/tanh", recipe=recipe)


def test_an_unknown_name_and_a_wrong_argument_are_refused() -> None:
    with pytest.raises(ReadingError, match="cannot be made"):
        make_reading("loss", "no_such_loss")
    with pytest.raises(ReadingError, match="cannot be made"):
        make_reading("loss", "kplug/huber(delt=1)")


def test_settings_and_generator_are_as_before() -> None:
    expected = make_reading("layer", "kplug/Dense(units=3)")
    torch.manual_seed(5)
    state = torch.get_rng_state()
    config.set_epsilon(1e-3)
    config.set_floatx("float64")
    try:
        with torch.no_grad():
            assert make_reading("layer", "kplug/Dense(units=3)") == expected
        assert (config.epsilon(), config.floatx()) == (1e-3, "float64")
        assert torch.equal(state, torch.get_rng_state())
    finally:
        config.set_epsilon(1e-7)
        config.set_floatx("float32")


def _depends_on_settings(x: Tensor) -> Tensor:
    is_strict = torch.are_deterministic_algorithms_enabled() or torch.is_anomaly_enabled()
    if is_strict or np.geterr()["divide"] == "raise":
        raise ValueError("a setting of the program")
    precision = torch.backends.mkldnn.matmul.fp32_precision  # type: ignore[attr-defined]
    return 2 * x if precision == "bf16" else x


def test_settings_of_the_program_do_not_count() -> None:
    expected = read_object("activation", "mine", lambda: _depends_on_settings)
    torch.use_deterministic_algorithms(True)
    torch.set_float32_matmul_precision("medium")
    try:
        with np.errstate(divide="raise"), torch.autograd.set_detect_anomaly(True):
            assert read_object("activation", "mine", lambda: _depends_on_settings) == expected
            assert np.geterr()["divide"] == "raise"
            assert torch.is_anomaly_enabled()
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_float32_matmul_precision("highest")


def test_threads_do_not_share_their_settings() -> None:
    expected = make_reading("layer", "kplug/Dense(units=3)")
    set_dtype_policy("mixed_bfloat16")
    try:
        with ThreadPoolExecutor(3) as pool:
            found = list(
                pool.map(lambda _: make_reading("layer", "kplug/Dense(units=3)"), range(9))
            )
        assert dtype_policy().name == "mixed_bfloat16"
    finally:
        set_dtype_policy(None)
    assert all(one == expected for one in found)


def _changes_settings(x: Tensor) -> Tensor:
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.set_grad_enabled(False)
    torch.autograd.set_detect_anomaly(True, check_nan=False)
    np.seterr(all="raise")
    np.random.seed(1)
    random.seed(1)
    torch.manual_seed(1)
    warnings.simplefilter("always")
    return x


def _read_settings() -> list[str]:
    return [
        *map(str, (torch.are_deterministic_algorithms_enabled(), torch.get_default_dtype())),
        *map(str, (torch.get_default_device(), torch.get_num_threads(), torch.is_grad_enabled())),
        *map(str, (torch.is_anomaly_enabled(), torch.get_rng_state(), np.geterr())),
        *map(repr, (np.random.get_state(legacy=False), random.getstate(), warnings.filters)),
    ]


def test_what_a_component_sets_is_as_before() -> None:
    before = _read_settings()
    with contextlib.suppress(ReadingError):  # numbers on the device "meta" have no values
        read_object("activation", "mine", lambda: _changes_settings)
    assert _read_settings() == before


def test_some_values_stand_for_a_large_array() -> None:
    found = read_object("activation", "mine", lambda: lambda _: torch.arange(250_001.0))
    part, values = found.parts["rows/float64/value"], np.arange(0.0, 250_001.0, 26.0)
    assert math.gcd(250_001, 26) == 1
    assert part.shape == (250_001,)
    assert part.sample == (0, 83_330, 166_660, 249_990)
    assert part.norm == pytest.approx(np.linalg.norm(values), rel=1e-6)
    weights = [(37 * at % 101 - 50) / 50 for at in range(len(values))]
    assert part.dot == pytest.approx(np.dot(weights, values), rel=1e-6)


def read_result(value: Tensor) -> Reading:
    """Return the reading of an activation that always returns one tensor."""
    return read_object("activation", "mine", lambda: lambda _: value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.complex64])
def test_of_a_large_array_every_channel_counts(dtype: torch.dtype) -> None:
    values = torch.arange(110_592).reshape(4, 96, 96, 3).remainder(7).to(dtype)
    others = values.conj() + 1j if dtype.is_complex else values * torch.tensor([1.0, 2.0, 1.0])
    first, second = map(read_result, (values, others))
    assert compare(first, first).outcome == "same"
    assert compare(first, second).outcome == "differs"


def test_of_a_large_array_values_that_change_places_count() -> None:
    values = torch.arange(2_000_000).remainder(1009).float()
    others = values.clone()
    others[1:-300] = values[1:-300].flip(0)
    first, second = map(read_result, (values, others))
    assert compare(first, second).outcome == "differs"


def test_a_device_that_a_component_sets_does_not_get_into_inputs_that_are_kept() -> None:
    for each in (inputs.pairs, inputs._draw):
        each.cache_clear()
    wanted = read_object("loss", "mine", lambda: lambda y, p: ((y - p) ** 2).mean())
    for each in (inputs.pairs, inputs._draw):
        each.cache_clear()

    def make() -> Any:
        torch.set_default_device("meta")
        return lambda y, p: y.no_such_method()

    with pytest.raises(ReadingError):
        read_object("loss", "mine", make)
    found = read_object("loss", "mine", lambda: lambda y, p: ((y - p) ** 2).mean())
    assert compare(wanted, found).outcome == "same"


@pytest.mark.slow
def test_a_wide_layer_can_be_read() -> None:
    wide, other = (
        make_reading("layer", f"kplug/Dense(units=30000, activation={each!r})", is_twice=False)
        for each in ("kplug/tanh", "kplug/relu")
    )
    assert len(wide.to_json()) <= MOST_BYTES
    assert wide.parts["row/float64/value/0"].shape == (4, 30_000)
    assert compare(wide, wide).outcome == "same"
    assert compare(wide, other).outcome == "differs"


def test_an_array_without_end_is_refused_with_what_to_do() -> None:
    shown = torch.zeros(1).expand(10**10)
    with pytest.raises(ReadingError, match="10000000000 values; 10000000 are allowed") as caught:
        read_object("activation", "mine", lambda: lambda _: shown)
    assert caught.value.hint == "Read the component with smaller arguments."


def test_a_long_reading_is_cut_at_the_end() -> None:
    spec = "kplug/StackedRNNCells(cells=[kplug/LSTMCell(units=3), kplug/GRUCell(units=2)])"
    reading = make_reading("layer", spec)
    assert reading.cut > 0
    assert len(reading.to_json()) <= MOST_BYTES
    assert compare(reading, reading).outcome == "same"
