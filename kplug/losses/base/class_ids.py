"""Class-id targets: conversion, and errors for ids out of range."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.errors import DataError
from kplug.losses.base.alignment import require_axis
from kplug.losses.base.checks import require_ids


def as_class_ids(y_true: Tensor, predictions: Tensor, axis: int, owner: str) -> Tensor:
    """Return class ids as int64 on the predictions' device, without a class axis of length 1.

    Args:
        y_true: Class ids, the shape of the predictions without the class axis, or with length 1 there.
        predictions: Shape (N, …, C).
        axis: The axis of the classes.
        owner: The loss, for the message.

    Raises:
        DataError: for any other shape, such as that of one-hot targets.

    Example:
        >>> as_class_ids(torch.tensor([[1.0], [2.0]]), torch.rand(2, 3), -1, "loss")
        tensor([1, 2])
    """
    expected = list(predictions.shape)
    del expected[require_axis(owner, axis, predictions)]
    ids = y_true
    if ids.ndim == predictions.ndim and ids.shape[axis] == 1:
        ids = ids.squeeze(axis)
    if list(ids.shape) != expected:
        is_one_hot = y_true.shape == predictions.shape
        raise DataError(
            f"{owner}: y_true has shape {tuple(y_true.shape)} and y_pred has shape "
            f"{tuple(predictions.shape)}; class ids of shape {tuple(expected)} are needed",
            hint="These look like one-hot targets: use categorical_crossentropy, or y_true.argmax(-1)."
            if is_one_hot
            else "Give one class id for each row of predictions.",
        )
    return ids.to(device=predictions.device, dtype=torch.int64)


def explain(
    error: Exception, owner: str, ids: Tensor, classes: int, hint: str | None = None
) -> None:
    """Raise an error that names the id out of range, if it made a CPU kernel fail; else return.

    Raises:
        DataError: with the id, caused by the kernel's own error.
    """
    if ids.device.type != "cpu":
        return
    try:
        require_ids(owner, ids, classes, hint)
    except DataError as explained:
        raise explained from error
