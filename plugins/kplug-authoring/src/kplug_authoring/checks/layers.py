"""Checks of layers: outputs and weights, in a model that is trained, saved and loaded."""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kplug.backend import attach_masks, get_mask
from kplug.errors import KplugWarning
from kplug.layers import Input, TorchModule
from kplug.models import Model, load_model
from kplug.support.nested import find_leaves
from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.layer_forms import OF_FORMS, differentiate, run
from kplug_authoring.checks.layer_inputs import calls_of, fill, first_rows
from kplug_authoring.checks.layer_sizes import many
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    Suite,
    check,
    find_difference,
    is_finite,
    leaves,
    seeded,
)

_TOLERANCE = 1e-4  # summation order depends on the batch size


def outputs_of(subject: Subject, layer: Any) -> list[Tensor]:
    """Return a layer's outputs for the subject's inputs, in inference and in training."""
    inputs = calls_of(subject)
    with torch.no_grad():
        return [*leaves(_call(layer, inputs)), *leaves(_call(layer, inputs, training=True))]


def _call(layer: Any, inputs: tuple[Any, ...], **how: Any) -> Any:
    with warnings.catch_warnings():  # the check `inputs` reports in-place changes
        warnings.simplefilter("ignore", KplugWarning)
        return layer(*fill(inputs, torch.clone), **how)


def _infer(subject: Subject, layer: Any) -> list[Tensor]:
    with torch.no_grad():
        return leaves(_call(layer, calls_of(subject)))


def _built(subject: Subject) -> Any:
    layer = subject.make()
    with seeded(99):
        _infer(subject, layer)
    return layer


@check(
    "the same outputs at each call in inference",
    "Drop, add noise and count in training only: call(self, inputs, training=False).",
)
def _inference(subject: Subject) -> Finding:
    layer = _built(subject)
    return find_difference(_infer(subject, layer), _infer(subject, layer))


@check(
    "in inference each sample's outputs whatever else is in the batch",
    "Compute along the axes behind the first; statistics of a batch belong to training.",
)
def _single_row(subject: Subject) -> Finding:
    layer, inputs = _built(subject), calls_of(subject)
    whole = _infer(subject, layer)
    try:
        with torch.no_grad():
            alone = leaves(_call(layer, first_rows(inputs, 1)))
    except Exception:  # noqa: BLE001 - which the check `batch_sizes` reports
        return None
    difference = find_difference([value[:1] for value in whole], alone, _TOLERANCE)
    return difference and f"the first sample in the batch and alone: {difference}"


@check(
    "batches of any size, one after another",
    "Take sizes from inputs.shape at each call; keep None of them.",
)
def _batch_sizes(subject: Subject) -> Finding:
    layer, inputs = _built(subject), calls_of(subject)
    for count in (3, 1):
        try:
            with torch.no_grad():
                made = leaves(_call(layer, first_rows(inputs, count)))
        except Exception as error:  # noqa: BLE001 - foreign code
            return f"{type(error).__name__} for {count} samples after more: {error}"
        if any(len(value) != count for value in made):
            return f"{[len(value) for value in made]} samples for {count}"
    return None


@check("inputs that are as before after the call", "Use x + y, not x += y; or clone first.")
def _inputs(subject: Subject) -> Finding:
    inputs = calls_of(subject)
    given = fill(inputs, torch.clone)
    with torch.no_grad(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", KplugWarning)
        subject.make()(*given)  # a new instance, as it warns once
    told = [str(one.message) for one in caught if "changes in place" in str(one.message)]
    return told[0] if told else find_difference(inputs, given)


@check("outputs in the type of the layer", "Make new tensors with dtype=inputs.dtype.")
def _dtype(subject: Subject) -> Finding:
    layer = _built(subject)
    wanted = getattr(torch, getattr(layer, "dtype", "float32"))
    for value in _infer(subject, layer):
        if value.is_floating_point() and value.dtype is not wanted:
            return f"{value.dtype} of a layer of {wanted}"
    return None


@check(
    "outputs on tensors without memory: a model is built on them",
    "Pass device=inputs.device where tensors are made; replace .item(), float(tensor) and `if tensor`.",
)
def _device(subject: Subject) -> Finding:
    try:
        _connect(subject, subject.make())
    except Exception as error:  # noqa: BLE001 - foreign code
        return f"{type(error).__name__}: {error}"
    return None


@check(
    "outputs of the shape that compute_output_shape says",
    "Leave compute_output_shape out: kplug finds the shape by running call.",
)
def _shapes(subject: Subject) -> Finding:
    layer = _built(subject)
    found = [tuple(value.shape[1:]) for value in _infer(subject, layer)]
    try:
        _, symbolic = _connect(subject, subject.make())
    except Exception:  # noqa: BLE001 - which the check `device` reports
        return None
    said = [tuple(value.shape[1:]) for value in symbolic]
    inputs = calls_of(subject)
    if len(inputs) == 1:
        shapes = fill(inputs, lambda value: (None, *value.shape[1:]))[0]
        made = layer.compute_output_shape(shapes)
        made = made if len(found) > 1 else [made]
        said = [tuple(shape[1:]) for shape in made] if found == said else said
    for shape, other in zip(found, said, strict=False):
        if any(size not in (None, own) for own, size in zip(shape, other, strict=False)) or len(
            shape
        ) != len(other):
            return f"{other}, and outputs of {shape}"
    return None


def _connect(subject: Subject, layer: Any) -> tuple[list[Any], list[Any]]:
    """Return the symbolic inputs and outputs of a call of a layer."""
    made: list[Any] = []

    def replace(value: Tensor) -> Any:
        dtype = None if value.is_floating_point() else "int32"
        made.append(Input(tuple(value.shape[1:]), dtype=dtype))
        return made[-1]

    with warnings.catch_warnings():  # the check `inputs` reports in-place changes
        warnings.simplefilter("ignore", KplugWarning)
        outputs = layer(*fill(calls_of(subject), replace))
        found = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        _ = [value.shape for value in found]  # accessing the shape runs it
    return made, found


@check(
    "a gradient for each trainable weight, and a finite one of the inputs where a sample is 0",
    "Use the weight in call, without detach() or no_grad(); add what is not to be trained with "
    "trainable=False. torch.where does not stop a gradient of NaN: (x + epsilon).sqrt().",
)
def _gradients(subject: Subject) -> Finding:
    layer = _built(subject)
    finding = _find_at_zero(subject, layer)
    if finding:
        return finding
    values = [v for v in leaves(_call(layer, calls_of(subject), training=True)) if v.requires_grad]
    weights = list(layer.trainable_weights)
    if not values or not weights:
        return f"outputs without a gradient for {len(weights)} weights" if weights else None
    weighted = [
        (value * torch.linspace(0.5, 1.5, value.numel()).reshape(value.shape)) for value in values
    ]
    total = torch.stack([value.sum().to(torch.float32) for value in weighted]).sum()
    gradients = torch.autograd.grad(total, weights, allow_unused=True)
    for weight, gradient in zip(weights, gradients, strict=True):
        name = getattr(weight, "name", None) or f"of shape {tuple(weight.shape)}"
        if gradient is None:
            return f"none for the weight {name}"
        if not gradient.isfinite().all():
            return f"one that is not finite for the weight {name}"
    try:
        copy.deepcopy(layer)
    except Exception as error:  # noqa: BLE001 - foreign code
        return f"after it the layer cannot be copied: {type(error).__name__}: {error}"
    return None


def _find_at_zero(subject: Subject, layer: Any) -> Finding:
    """Differentiate where the first sample is 0, if the outputs are finite."""

    def empty_first(value: Tensor) -> Tensor:
        rows = torch.arange(len(value)).reshape(-1, *[1] * (value.ndim - 1))
        return torch.where(rows == 0, 0.0, value) if value.is_floating_point() else value

    inputs = fill(calls_of(subject), empty_first)
    if not all(map(is_finite, run(layer, fill(inputs, torch.clone)))):
        return None
    for training in (False, True):
        if not all(map(is_finite, differentiate(layer, inputs, training))):
            return "a gradient of NaN where a sample is 0"
    return None


@check(
    "the same weights after a second call, and other memory than those of a second layer",
    "Add weights in build only, which is called once.",
)
def _second_call(subject: Subject) -> Finding:
    layer, other = _built(subject), _built(subject)
    before = len(layer.weights)
    _infer(subject, layer)
    if len(layer.weights) != before:
        return f"{before} weights, and {len(layer.weights)} after another call"
    places = {weight.data_ptr() for weight in layer.weights if weight.numel()}
    shared = [weight for weight in other.weights if weight.numel() and weight.data_ptr() in places]
    return f"two layers share {len(shared)} weights" if shared else None


@check(
    "a mask of the outputs' shape, or none, for sequences with a mask",
    "compute_mask returns a mask (N, time) of the outputs, or None; it is what previous_mask is by default.",
)
def _mask(subject: Subject) -> Finding:
    inputs = calls_of(subject)
    (first, *_) = find_leaves(inputs, Tensor)
    if first.ndim != 3:
        first = torch.linspace(-1.0, 1.0, 4 * 6 * 5).reshape(4, 6, 5)
        inputs = (first,)
    mask = torch.ones(first.shape[:2], dtype=torch.bool)
    mask[1:, -2:] = False
    layer = subject.make()
    try:
        _call(subject.make(), inputs)
    except Exception:  # noqa: BLE001 - it refuses sequences
        return None
    with torch.no_grad(), warnings.catch_warnings():  # it may say that it supports no masks
        warnings.simplefilter("ignore")
        outputs = layer(*fill(inputs, lambda value: attach_masks(value.clone(), mask)))
    for value in find_leaves(outputs, Tensor):
        found = get_mask(value)
        if found is not None and tuple(value.shape[: found.ndim]) != tuple(found.shape):
            return f"a mask {tuple(found.shape)} for outputs {tuple(value.shape)}"
    return None


@check("training in a model with it that works", "See the traceback of the cause.")
def _fit(subject: Subject) -> Finding:
    trained = _train(subject)
    if isinstance(trained, Exception):
        return f"{type(trained).__name__}: {trained}"
    return None


@check(
    "a model with it that predicts the same after it was trained, stored and loaded",
    "Make each tensor that changes with add_weight (trainable=False if nothing trains it); return what the "
    "constructor was given from get_config.",
)
def _file(subject: Subject) -> Finding:
    model = _train(subject)
    if model is None or isinstance(model, Exception):
        return None
    inputs = _data_of(subject)
    expected = model.predict(inputs, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        again = _reload(subject, model, Path(folder))
    difference = find_difference(
        _as_tensors(expected), _as_tensors(again.predict(inputs, verbose=0)), 1e-6
    )
    if difference:
        return difference
    difference = find_difference(_train_on(model, inputs), _train_on(again, inputs), 1e-6)
    return difference and f"in training, {difference}"


def _train_on(model: Any, inputs: Any) -> list[Tensor]:
    """Return the outputs of a call in training."""
    with torch.no_grad(), seeded(99):
        return leaves(model(inputs, training=True))


def _reload(subject: Subject, model: Any, folder: Path) -> Any:
    if not any(isinstance(layer, TorchModule) for layer in model.layers):
        model.save(folder / "model.keras")
        return load_model(folder / "model.keras")
    # A file holds only the weights of a torch module.
    model.save_weights(folder / "model.weights.h5")
    again = _make_model(subject)
    again.load_weights(folder / "model.weights.h5")
    return again


def _data_of(subject: Subject) -> Any:
    found = list(find_leaves(calls_of(subject), Tensor))
    return found if len(found) > 1 else found[0]


def _as_tensors(values: Any) -> list[Tensor]:
    arrays = values if isinstance(values, (list, tuple)) else [values]
    return [torch.as_tensor(array) for array in arrays]


def _make_model(subject: Subject) -> Any:
    inputs, outputs = _connect(subject, subject.make())
    return Model(inputs, outputs)


def _train(subject: Subject) -> Any:
    """Return a model trained with the layer, or the error; None without a model."""
    if "trained" not in subject.__dict__:
        subject.__dict__["trained"] = _train_once(subject)
    return subject.__dict__["trained"]


def _train_once(subject: Subject) -> Any:
    try:
        with seeded(99):
            model = _make_model(subject)
    except Exception:  # noqa: BLE001 - which the check `device` reports
        return None
    try:
        with seeded(99):
            _fit_once(subject, model)
    except Exception as error:  # noqa: BLE001 - foreign code
        return error
    return model


def _fit_once(subject: Subject, model: Any) -> None:
    inputs = _data_of(subject)
    outputs = _as_tensors(model.predict(inputs, verbose=0))
    if not model.trainable_weights or not all(value.is_floating_point() for value in outputs):
        with torch.no_grad():  # what changes in training, changes without trained weights too
            model(inputs, training=True)
        return
    model.compile("kplug/sgd", "kplug/mse")
    targets = [torch.zeros_like(value) for value in outputs]
    model.fit(
        inputs,
        targets if len(targets) > 1 else targets[0],
        batch_size=2,
        epochs=1,
        shuffle=False,
        verbose=0,
    )


LAYER = Suite(
    outputs_of,
    (
        *(*COMMON, _inference, _single_row, _batch_sizes, _inputs, _dtype, _device, _shapes),
        *(_gradients, _second_call, _mask, _fit, _file, *OF_FORMS, many),
    ),
    calls_of,
)
