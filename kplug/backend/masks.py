"""Masks of sequences, which tensors carry as an attribute."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kplug.backend.convert import to_tensor


def get_mask(tensor: object) -> torch.Tensor | None:
    """Return the mask that a tensor carries, or ``None``.

    Example:
        >>> rows = torch.zeros(1, 2, 3)
        >>> set_mask(rows, torch.tensor([[True, False]]))
        >>> get_mask(rows), get_mask(rows + 1)
        (tensor([[ True, False]]), None)
    """
    mask: torch.Tensor | None = getattr(tensor, "_keras_mask", None)
    return mask


def set_mask(tensor: torch.Tensor, mask: torch.Tensor | None) -> None:
    """Attach a mask to sequences (N, time, …); tensors computed from them do not carry it.

    The mask holds booleans of shape (N, time), False for time steps to skip; ``None`` removes it.
    """
    tensor._keras_mask = mask  # type: ignore[attr-defined]


def keep_mask(made: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    """Return ``made``, computed from ``source`` step by step, with the mask of ``source``.

    Example:
        >>> rows = torch.zeros(1, 1, 3)
        >>> set_mask(rows, torch.tensor([[True]]))
        >>> get_mask(keep_mask(rows.detach(), rows))
        tensor([[True]])
    """
    mask = get_mask(source)
    if mask is not None:
        set_mask(made, mask)
    return made


def find_masks(structure: Any) -> Any:
    """Return the masks of nested tensors, nested alike, or ``None`` if there are none."""
    if isinstance(structure, torch.Tensor):
        return get_mask(structure)
    if isinstance(structure, dict):
        masks = {key: find_masks(part) for key, part in structure.items()}
        return masks if any(mask is not None for mask in masks.values()) else None
    if isinstance(structure, (list, tuple)):
        parts = [find_masks(part) for part in structure]
        return parts if any(mask is not None for mask in parts) else None
    return None


def attach_masks(structure: Any, masks: Any) -> Any:
    """Attach the result of ``find_masks`` to nested tensors.

    The given tensors do not change: masked ones are returned as aliases.
    """
    if masks is None:
        return structure
    if isinstance(structure, torch.Tensor):
        if get_mask(structure) is masks:
            return structure
        alias = structure.view_as(structure)
        set_mask(alias, masks)
        return alias
    if isinstance(structure, dict):
        return {key: attach_masks(part, masks.get(key)) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        parts = [attach_masks(part, mask) for part, mask in zip(structure, masks, strict=True)]
        return parts if isinstance(structure, list) else tuple(parts)
    return structure


def as_masks(masks: Any) -> Any:
    """Return nested masks as boolean tensors.

    Example:
        >>> as_masks([[1, 0]])
        tensor([[ True, False]])
    """
    if masks is None:
        return None
    if isinstance(masks, dict):
        return {key: as_masks(part) for key, part in masks.items()}
    if isinstance(masks, (list, tuple)) and any(_is_mask(part) for part in masks):
        return [as_masks(part) for part in masks]
    return to_tensor(masks).bool()


def _is_mask(value: Any) -> bool:
    return value is None or isinstance(value, (torch.Tensor, np.ndarray))
