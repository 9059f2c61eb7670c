"""Losses as Keras 2 computes them: clipped, without checks of the data.

kplug refuses targets and predictions outside of a loss's domain. Code for Keras 2 relies on clipping:
it adds noise to labels, or ends a classifier in a layer without activation.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug import backend as K

_NAMES = {
    "bce": "binary_crossentropy",
    "binary_crossentropy": "binary_crossentropy",
    "categorical_crossentropy": "categorical_crossentropy",
    "sparse_categorical_crossentropy": "sparse_categorical_crossentropy",
}


def binary_crossentropy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """−mean(t · log p + (1 − t) · log(1 − p)), with p kept between ε and 1 − ε and any target t.

    Example:
        >>> import torch
        >>> binary_crossentropy(torch.tensor([[1.013]]), torch.tensor([[0.5]])).isfinite().item()
        True
    """
    return K.mean(K.binary_crossentropy(y_true, y_pred), axis=-1)


def categorical_crossentropy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """−Σ t · log p over the last axis, with p divided by its sum and kept between ε and 1 − ε."""
    return K.categorical_crossentropy(y_true, y_pred)


def sparse_categorical_crossentropy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """−log p of the class that is the target, likewise."""
    return K.sparse_categorical_crossentropy(y_true, y_pred)


def find_losses(loss: Any) -> Any:
    """Replace the names of losses in ``compile`` by the losses of this module."""
    if isinstance(loss, dict):
        return {name: find_losses(one) for name, one in loss.items()}
    if isinstance(loss, (list, tuple)):
        return [find_losses(one) for one in loss]
    name = loss if isinstance(loss, str) else _find_kplugs_name(loss)
    if name in _NAMES:
        return f"kplug-keras2/{_NAMES[name]}"
    return getattr(loss, "__wrapped__", loss) if name else loss


def _find_kplugs_name(loss: Any) -> str | None:
    is_kplugs = str(getattr(loss, "__module__", "")).startswith(("kplug.losses", __name__))
    return getattr(loss, "__name__", None) if is_kplugs else None


LENIENT = {name: globals()[today] for name, today in _NAMES.items()}
