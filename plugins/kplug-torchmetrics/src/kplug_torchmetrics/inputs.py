"""Converts Keras's targets and predictions to torchmetrics's order, types, shapes and axes.

Keras has the classes or channels on the last axis, torchmetrics on the second. Each function takes
targets and predictions, and returns the arguments of ``update``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def as_classes(task: object, y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return scores (N, C, …) and class ids, or scores and labels of one shape, as ``task`` says.

    ``"multiclass"`` takes class ids or one-hot targets; anything but that and ``"multilabel"`` is binary.
    """
    scores, targets = torch.as_tensor(y_pred), torch.as_tensor(y_true)
    if task == "multiclass":
        return _as_exclusive(scores, targets)
    if task == "multilabel":
        scores, targets = _channels_second(scores), _channels_second(targets)
    else:
        scores, targets = _drop_last(scores), _drop_last(targets)
    return scores, targets.long()


def _as_exclusive(scores: torch.Tensor, targets: torch.Tensor) -> tuple[Any, ...]:
    if not scores.is_floating_point():
        return _drop_last(scores), _drop_last(targets).long()
    if targets.shape == scores.shape:
        targets = targets.argmax(-1)
    elif targets.ndim == scores.ndim:
        targets = _drop_last(targets)
    return _channels_second(scores), targets.long()


def as_masks(input_format: object, y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return scores and one-hot masks (N, C, …), or class ids (N, …) if given.

    ``input_format="index"`` says that both are class ids.
    """
    scores, targets = torch.as_tensor(y_pred), torch.as_tensor(y_true)
    if input_format == "index":
        return _drop_last(scores).long(), _drop_last(targets).long()
    if targets.ndim == scores.ndim:
        return _channels_second(scores), _channels_second(targets)
    return _channels_second(scores), targets.long()


def as_values(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return predictions and targets of one type; (N, 1) becomes (N,)."""
    predictions = _drop_last(torch.as_tensor(y_pred))
    return predictions, _drop_last(torch.as_tensor(y_true)).to(predictions.dtype)


def as_vectors(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return predictions and targets of one type, whose last axis is that of the vectors."""
    predictions = torch.as_tensor(y_pred)
    return predictions, torch.as_tensor(y_true).to(predictions.dtype)


def reverse(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return targets and predictions, in this order."""
    predictions, targets = as_vectors(y_true, y_pred)
    return targets, predictions


def as_categories(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return categories, or scores of them, and categories."""
    return _drop_last(torch.as_tensor(y_pred)), _drop_last(torch.as_tensor(y_true)).long()


def as_images(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return images (N, C, H, W) of images (N, H, W, C)."""
    predictions, targets = as_vectors(y_true, y_pred)
    return _channels_second(predictions), _channels_second(targets)


def as_image(_y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return predicted images alone, (N, C, H, W) of (N, H, W, C)."""
    return (_channels_second(torch.as_tensor(y_pred)),)


def as_predictions(_y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return predictions alone."""
    return (y_pred,)


def as_labels(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return predictions unchanged, and targets as integers."""
    return torch.as_tensor(y_pred), torch.as_tensor(y_true).long()


def as_they_are(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return predictions and targets."""
    return y_pred, y_true


def as_queries(y_true: Any, y_pred: Any) -> tuple[Any, ...]:
    """Return scores, relevances and query numbers; each row is a query, (D,) is one row."""
    scores, targets = torch.as_tensor(y_pred), torch.as_tensor(y_true).long()
    rows = torch.arange(len(scores) if scores.ndim > 1 else 1, device=scores.device)
    indexes = rows.repeat_interleave(scores.shape[-1])
    return scores.reshape(-1), targets.reshape(-1), indexes


INPUTS: dict[str, Callable[[Any, Any], tuple[Any, ...]]] = {
    "aggregate": as_predictions,
    "categories": as_categories,
    "image": as_image,
    "images": as_images,
    "labels": as_labels,
    "predictions": as_predictions,
    "queries": as_queries,
    "reversed": reverse,
    "signals": as_vectors,
    "texts": as_they_are,
    "values": as_values,
    "vectors": as_vectors,
}


def _drop_last(values: torch.Tensor) -> torch.Tensor:
    return values.squeeze(-1) if values.ndim > 1 and values.shape[-1] == 1 else values


def _channels_second(values: torch.Tensor) -> torch.Tensor:
    return values.movedim(-1, 1) if values.ndim > 2 else values
