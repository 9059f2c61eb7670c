"""Checks of callbacks over runs: modes at every hook, runs that are resumed, stops, kept weights."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kplug.callbacks import Callback
from kplug.layers import BatchNormalization, Dense, Dropout
from kplug.models import Sequential
from kplug.optimizers import SGD
from kplug_authoring.checks.subject import Finding, Subject, check, seeded
from kplug_authoring.checks.switches import keep_switches

_EPOCHS, _BATCHES = 6, 12


class _Record(Callback):
    """Notes rates, logs and modes after each call of another callback, before whose name it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: dict[int, dict[str, float]] = {}
        self.rates: dict[tuple[int, int], float] = {}
        self.modes: list[tuple[str, str]] = []
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - a hook's
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.rates[self.epoch, batch] = float(self.model.optimizer.param_groups[0]["lr"])
        self._note("on_train_batch_begin")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._note("on_train_batch_end")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        numbers = {name: value for name, value in dict(logs or {}).items() if _is_number(value)}
        self.logs[epoch] = {name: float(value) for name, value in numbers.items()}

    def _note(self, hook: str) -> None:
        for name, module in self.model.named_modules():
            if not module.training:
                self.modes.append((hook, name or "the model"))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) or (
        isinstance(value, torch.Tensor) and value.numel() == 1
    )


@contextlib.contextmanager
def _quiet() -> Iterator[list[str]]:
    """Run a block in an empty folder, and list what it says: prints, warnings, logs."""
    place, said, text = Path.cwd(), [], io.StringIO()

    class _Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = _Listener()
    logging.getLogger().addHandler(listener)
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(text),
        contextlib.redirect_stderr(text),
        keep_switches(),
        torch.enable_grad(),
        seeded(99),
    ):
        warnings.simplefilter("always")
        os.chdir(folder)
        try:
            yield said
        finally:
            os.chdir(place)
            logging.getLogger().removeHandler(listener)
            said += [str(one.message) for one in caught] + text.getvalue().split()


def _make_model(
    *, deep: bool = False, has_averages: bool = True
) -> tuple[Any, torch.Tensor, torch.Tensor]:
    more = [BatchNormalization(), Dropout(0.1), Sequential([Dense(3), Dropout(0.1)])]
    model = Sequential([Dense(3, input_dim=3), *(more if deep else []), Dense(2)])
    model.compile(SGD(0.05, use_ema=has_averages), "kplug/mse")
    x = torch.randn(_BATCHES, 3, generator=torch.Generator().manual_seed(1))
    return model, x, x[:, :2] * 0.7 + 0.2


def _fit(model: Any, x: Any, y: Any, *callbacks: Any, **how: Any) -> None:
    how = {"epochs": _EPOCHS, "batch_size": 1, "shuffle": False, "verbose": 0, **how}
    model.fit(x, y, callbacks=list(callbacks), **how)


@check(
    "layers that train at every batch, whatever a hook does between them",
    "Put back the mode of every module: was = model.training; model.eval(); …; model.train(was). Setting "
    "model.training alone leaves the layers as they are.",
    after=("fit", "modes"),
)
def batch_modes(subject: Subject) -> Finding:
    """Look at the mode of each module of a nested model at each batch."""
    record = _Record()
    with _quiet():
        model, x, y = _make_model(deep=True)
        _fit(model, x, y, subject.make(), record, validation_data=(x, y))
    if not record.modes:
        return None
    hook, name = record.modes[0]
    return f"{name} in evaluation mode in {hook}, {len(record.modes)} times"


@check(
    "in a run that goes on from a later epoch the rates and logs of a run from the first one, and with a "
    "state_dict its end",
    "Compute from the number of the epoch, or from model.optimizer.iterations; count nothing that a new "
    "instance would count anew, and wait for no epoch 0. Put all that changes into state_dict.",
    after=("fit", "second_fit"),
)
def resumed(subject: Subject) -> Finding:
    """Train four epochs, and go on with a new instance, as a new process does."""
    try:
        whole, again, parts = (_train_in_parts(subject, split) for split in (None, None, 3))
    except Exception:  # noqa: BLE001 - it needs what this model has not
        return None
    for epoch in range(3, _EPOCHS):
        if epoch not in whole.logs:
            return None  # it stops
        if epoch not in parts.logs:
            return f"the run that goes on ends before epoch {epoch}"
        for name, value in whole.logs[epoch].items():
            if name not in parts.logs[epoch]:
                return f"no {name} in epoch {epoch}, when the run begins with epoch 3"
            if name in ("loss", "val_loss") or _is_apart(value, again.logs[epoch][name]):
                continue  # averages of weights begin anew, and the time is another
            if _is_apart(value, parts.logs[epoch][name]):
                return f"{name} {value:.6g} in epoch {epoch}, and {parts.logs[epoch][name]:.6g} resumed"
    for place, rate in whole.rates.items():
        if place[0] >= 3 and _is_apart(rate, parts.rates.get(place, rate)):
            where = f"in epoch {place[0]}, batch {place[1]}"
            return f"a rate of {rate:.6g} {where}, and of {parts.rates[place]:.6g} resumed"
    return _find_in_script(subject)


_SCRIPT = (1.0, 0.8, 0.9, 0.7, 0.75, 0.72, 0.71, 0.73, 0.74)
_BREAKS = {2, 4}  # while one waits, before the best epoch and after it


class _Script(Callback):
    """Replaces weights and losses by scripted ones, before another callback sees them."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.set_weights([0.0 * one + epoch for one in self.model.get_weights()])
        logs.update(dict.fromkeys(logs.keys() & {"loss", "val_loss"}, _SCRIPT[epoch]))


class _Keep(Callback):
    """Keeps the state of another callback after each epoch, and gives it one, as `BackupAndRestore` does."""

    def __init__(self, other: Any, state: Any = None) -> None:
        super().__init__()
        self.other, self.state = other, state
        self.states: dict[int, Any] = {}
        self.rates: dict[int, float] = {}

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - a hook's
        if self.state is not None:
            self.other.load_state_dict(copy.deepcopy(self.state))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.states[epoch] = copy.deepcopy(self.other.state_dict())
        self.rates[epoch] = float(self.model.optimizer.param_groups[0]["lr"])


def _find_in_script(subject: Subject) -> Finding:
    """Go on in the middle of losses that go up and down, from the state, with a new instance."""
    made = subject.make()
    if not isinstance(made, Callback) or type(made).state_dict is Callback.state_dict:
        return None
    counts = [
        name
        for name, value in subject.resolve().arguments.items()
        if isinstance(value, int) and not isinstance(value, bool) and name != "verbose"
    ]
    for arguments in ({}, *({name: 2} for name in counts if subject.is_taken(**{name: 2}))):
        whole, weights = _follow_script(subject.make(**arguments))
        for epoch in _BREAKS & set(list(whole.states)[:-1]):
            parts, others = _follow_script(subject.make(**arguments), epoch, whole)
            how = f"made with {arguments}, " if arguments else ""
            how = f"{how}broken off after epoch {epoch} and resumed by its state_dict"
            if max(parts.states) != max(whole.states):
                return f"{how}, it ends after epoch {max(parts.states)}, and whole after {max(whole.states)}"
            if any(_is_apart(whole.rates[at], rate) for at, rate in parts.rates.items()):
                return f"{how}, its rates are {parts.rates}, and whole {whole.rates}"
            if any(np.any(one != other) for one, other in zip(weights, others, strict=True)):
                return f"{how}, it ends with the weights of another epoch"
    return None


def _follow_script(
    made: Any, after: int | None = None, whole: _Keep | None = None
) -> tuple[_Keep, Any]:
    keep = _Keep(made, None if whole is None or after is None else whole.states[after])
    with _quiet():
        model, x, y = _make_model(has_averages=False)
        how = {"validation_data": (x, y), "epochs": len(_SCRIPT), "batch_size": _BATCHES}
        if after is not None and whole is not None:
            model.optimizer.param_groups[0]["lr"] = whole.rates[after]
            how["initial_epoch"] = after + 1
        _fit(model, x, y, _Script(), made, keep, **how)
        return keep, model.get_weights()


def _is_apart(one: float, other: float) -> bool:
    return not np.isclose(one, other, 1e-4, 1e-9, equal_nan=True)


def _train_in_parts(subject: Subject, split: int | None) -> _Record:
    record = _Record()
    with _quiet():
        model, x, y = _make_model(has_averages=False)  # which replace weights at the end
        data = {"validation_data": (x, y)}
        if split is None:
            _fit(model, x, y, subject.make(), record, **data)
        else:
            _fit(model, x, y, subject.make(), record, epochs=split, **data)
            _fit(model, x, y, subject.make(), record, initial_epoch=split, **data)
    return record


@check(
    "a training that goes on while the loss falls, with validation data and without, or says why it stops",
    "Stop for a reason only, and say it: warn or print. A log that is missing is no reason: skip it.",
    after=("fit", "no_validation"),
)
def stops(subject: Subject) -> Finding:
    """Train while the loss falls, with different data."""
    went_on = False  # with the same training and validation data
    for name, how in _RUNS.items():
        record = _Record()
        with _quiet() as said:
            model, x, y = _make_model()
            how = {"validation_data": (x, y)} if how is None else how
            _fit(model, x, y, subject.make(), record, **how)
        batches = {place for place in record.rates if place[0] == max(record.rates)[0]}
        wanted = how.get("epochs", _EPOCHS)
        is_short = len(record.logs) < wanted or len(batches) < -(
            -_BATCHES // how.get("batch_size", 1)
        )
        if is_short and not said:
            return f"{name}, it stops in epoch {max(record.rates)[0]} of {wanted}, without a word"
        if is_short and went_on and name == "without":
            return f"without validation data it stops in epoch {max(record.rates)[0]}, and with it goes on"
        went_on = went_on or not is_short
    return None


_RUNS: Mapping[str, Any] = {
    "with validation data": None,
    "without": {},
    "with one batch an epoch": {"batch_size": _BATCHES, "epochs": 20},
}


@check(
    "weights that are kept as copies",
    "Keep weight.detach().clone() or copy.deepcopy(model.state_dict()): detach(), cpu(), numpy(), .data and "
    "state_dict() share memory with the weights, which change.",
    after=("fit",),
)
def kept_weights(subject: Subject) -> Finding:
    """Look for views of the weights among what a callback keeps from epoch to epoch."""
    callback = subject.make()
    found: list[str] = []

    class _Look(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            places = {one.data_ptr() for one in self.model.weights if one.numel()}
            known = {
                id(one)
                for one in (*self.model.parameters(), *self.model.buffers(), *self.model.weights)
            }
            for name, value in vars(callback).items():
                if _shares(value, places, known):
                    found.append(name)

    with _quiet():
        model, x, y = _make_model()
        _fit(model, x, y, callback, _Look(), validation_data=(x, y))
    return f"{found[0]!r} shares memory with the weights of the model" if found else None


def _shares(value: Any, places: set[int], known: set[int], depth: int = 0) -> bool:
    """Whether a nested value has a view of a weight, other than the weight itself."""
    if isinstance(value, torch.Tensor):
        return id(value) not in known and value.numel() > 0 and value.data_ptr() in places
    if isinstance(value, np.ndarray):
        return value.size > 0 and value.__array_interface__["data"][0] in places
    if depth > 3:
        return False
    if isinstance(value, Mapping):
        return any(_shares(one, places, known, depth + 1) for one in value.values())
    if isinstance(value, (list, tuple)):
        return any(_shares(one, places, known, depth + 1) for one in value)
    return False


OF_RUNS = (batch_modes, resumed, stops, kept_weights)
