"""Checks of callbacks, while a small model trains, is evaluated and predicts."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import random
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kplug.callbacks import Callback
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.optimizers import SGD
from kplug_authoring.checks.callback_runs import OF_RUNS
from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.subject import Finding, Subject, Suite, check, find_difference, seeded
from kplug_authoring.checks.switches import keep_switches, read_switches

_EPOCHS = 4
_HOOKS = [name for name in dir(Callback) if name.startswith(("on_", "set_"))]


class _Watch(Callback):
    """Records the state after each call of another callback."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: list[dict[str, Any]] = []
        self.found: list[str] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - a hook's
        if not self.model.layers[0].training:
            self.found.append("the model trains in evaluation mode")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - a hook's
        self.logs.append(dict(logs or {}))


def trace_of(subject: Subject, made: Any) -> list[Any]:
    """Return logs, rates and weights of two trainings with a callback; empty if one fails."""
    try:
        return [
            [[logs[name] for name in logs if name not in _find_measured(subject, logs)], *others]
            for logs, *others in (_train(made, factor) for factor in (0.0, 1.0))
        ]
    except Exception:  # noqa: BLE001 - which the check `fit` reports
        return []


def _find_measured(subject: Subject, logs: Mapping[str, Any]) -> set[str]:
    """Return the logs that no seed repeats, such as seconds and memory in use."""
    if not logs.keys() - {"loss", "val_loss"}:
        return set()
    if "measured" not in subject.__dict__:
        state, drawn = random.getstate(), np.random.get_state()
        runs = []
        for _ in range(2):
            random.seed(7)
            np.random.seed(7)
            runs.append(_train(subject.make(), 1.0)[0])
        random.setstate(state)
        np.random.set_state(drawn)
        one, other = runs
        subject.__dict__["measured"] = {
            name
            for name in one.keys() - {"loss", "val_loss"}
            if find_difference(one[name], other.get(name, []))
        }
    found: set[str] = subject.__dict__["measured"]
    return found


def _train(made: Any, factor: float, *more: Any, has_validation: bool = True) -> list[Any]:
    """Train a model; a factor of 0 keeps its weights constant."""
    with _at_rest():
        model, x, y = _make_model(factor)
        options: dict[str, Any] = {"validation_data": (x, y)} if has_validation else {}
        options |= {"epochs": _EPOCHS, "batch_size": 2, "shuffle": False, "verbose": 0}
        history = model.fit(x, y, callbacks=[made, *more], **options)
    weights = [torch.as_tensor(weight) for weight in model.get_weights()]
    return [history.history, float(model.optimizer.param_groups[0]["lr"]), weights]


@contextlib.contextmanager
def _at_rest() -> Iterator[None]:
    """Run a block in an empty folder, without output, and restore torch's and NumPy's switches."""
    place = Path.cwd()
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        seeded(99),
        keep_switches(),
    ):
        warnings.simplefilter("ignore")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(place)


def _make_model(factor: float = 1.0) -> tuple[Any, torch.Tensor, torch.Tensor]:
    model = Sequential([Dense(3, input_dim=3), Dense(2)])
    model.compile(SGD(0.1, use_ema=True), "kplug/mse")
    x = torch.linspace(-1.0, 1.0, 12).reshape(4, 3) * factor
    return model, x, x[:, :2].square()


@check(
    "an object with every hook of kplug.callbacks.Callback",
    "Derive from kplug.callbacks.Callback.",
    name="constructible",
)
def _callback(subject: Subject) -> Finding:
    callback = subject.make()
    needed = [
        name for name in _HOOKS if name != "set_callbacks"
    ]  # only kplug's callbacks see the others
    missing = [name for name in needed if not callable(getattr(callback, name, None))]
    return f"no {', '.join(missing)}" if missing else None


@check("no method that looks like a hook and is none", "Spell it as kplug.callbacks.Callback does.")
def _hooks(subject: Subject) -> Finding:
    for name in vars(type(subject.make())):
        close = difflib.get_close_matches(name, _HOOKS, 1, 0.6) if name.startswith("on_") else []
        if name not in _HOOKS and close:
            return f"{name}, which nothing calls; {close[0]} is a hook"
    return None


@check(
    "training with validation data that works",
    "A hook gets (epoch or batch, logs); begin and end get (logs).",
)
def _fit(subject: Subject) -> Finding:
    for factor in (0.0, 1.0):
        found = _find_error(lambda factor=factor: _train(subject.make(), factor))
        if found:
            return found
    return None


def _find_error(run: Any) -> Finding:
    try:
        run()
    except Exception as error:  # noqa: BLE001 - foreign code
        return f"{type(error).__name__}: {error}"
    return None


def _trains(subject: Subject) -> bool:
    if "trains" not in subject.__dict__:
        subject.__dict__["trains"] = bool(trace_of(subject, subject.make()))
    return bool(subject.__dict__["trains"])


@check(
    "training without validation data that works",
    "Take what may be missing with logs.get('val_loss'), and warn or do nothing without it.",
)
def _no_validation(subject: Subject) -> Finding:
    if not _trains(subject):
        return None
    return _find_error(lambda: _train(subject.make(), 1.0, has_validation=False))


@check("an evaluation that works", "The logs of a test have loss and metrics, without 'val_'.")
def _evaluate(subject: Subject) -> Finding:
    return _find_error(lambda: _use(subject, "evaluate"))


@check("a prediction that works", "The logs of a prediction may be empty.")
def _predict(subject: Subject) -> Finding:
    return _find_error(lambda: _use(subject, "predict"))


def _use(subject: Subject, method: str) -> None:
    with _at_rest():
        model, x, y = _make_model()
        arguments = (x, y) if method == "evaluate" else (x,)
        getattr(model, method)(*arguments, verbose=0, callbacks=[subject.make()])


@check(
    "a model that goes on in training mode, the same weights trained, gradients and switches of torch and "
    "NumPy as before",
    "Put back what is changed, in on_train_end at the latest: model.train(was), with torch.no_grad().",
)
def _modes(subject: Subject) -> Finding:
    if not _trains(subject):
        return None
    watch = _Watch()
    with torch.enable_grad(), _at_rest():
        model, x, y = _make_model()
        data = {"x": x, "y": y, "validation_data": (x, y)}
        before, trained = read_switches(), [one.requires_grad for one in model.parameters()]
        model.fit(**data, epochs=2, batch_size=2, verbose=0, callbacks=[subject.make(), watch])
        if trained != [one.requires_grad for one in model.parameters()]:
            return (
                "after two epochs other weights are trained than before: requires_grad has changed"
            )
        if not torch.is_grad_enabled():
            return "gradients are switched off after the training"
        for name, value in read_switches().items():
            if value != before[name]:
                return f"{name}: {before[name]} before the training and {value} after it"
    return watch.found[0] if watch.found else None


@check(
    "logs with the numbers that were in them, and numbers only",
    "Change a copy: dict(logs); add float(tensor), not the tensor, under a name that is not there yet.",
)
def _logs(subject: Subject) -> Finding:
    if not _trains(subject):
        return None
    first, watch, plain = _Watch(), _Watch(), _Watch()
    _train(first, 1.0, subject.make(), watch)
    _train(Callback(), 1.0, plain)
    for epoch, (before, after) in enumerate(zip(first.logs, watch.logs, strict=False)):
        for name in before.keys() & after.keys():
            if find_difference(before[name], after[name]):
                return f"{name} {before[name]:.6g} before and {after[name]:.6g} after it, in epoch {epoch}"
    for logs, expected in zip(watch.logs, plain.logs, strict=False):
        missing = [name for name in expected if name not in logs]
        if missing:
            return f"no {', '.join(missing)} any more"
        added = {name: value for name, value in logs.items() if name not in expected}
        try:
            json.dumps(added)
        except TypeError as error:
            return f"{', '.join(added)}: {error}"
    return None


@check("stop_training as an attribute of the model", "Set self.model.stop_training = True.")
def _stop(subject: Subject) -> Finding:
    callback = subject.make()
    trace_of(subject, callback)
    has_own = isinstance(callback, Callback) and "stop_training" in vars(callback)
    return "an attribute stop_training of its own, which nobody reads" if has_own else None


@check(
    "a second training that goes as the first",
    "Set what counts within a training in on_train_begin, not in __init__ alone.",
)
def _second_fit(subject: Subject) -> Finding:
    callback = subject.make()
    first, second = trace_of(subject, callback), trace_of(subject, callback)
    before, after = (
        sum(len(values) for logs, *_ in trace for values in logs[:1]) for trace in (first, second)
    )
    if second and before != after:
        return f"{before} epochs in two trainings, then {after}"
    return find_difference(first, second)


CALLBACK = Suite(
    trace_of,
    (
        *(*COMMON, _callback, _hooks, _fit, _no_validation, _evaluate, _predict, _modes, _logs),
        *(_stop, _second_fit, *OF_RUNS),
    ),
)
