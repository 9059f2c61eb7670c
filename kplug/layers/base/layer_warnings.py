"""Warnings that each layer gives at most once."""

from __future__ import annotations

from typing import Protocol

import torch

from kplug.registry.user_warnings import warn


class KnowsWhatWasTold(Protocol):
    """The interface of a layer that ``warn_once`` can warn about."""

    _told: frozenset[str]


def warn_once(layer: KnowsWhatWasTold, subject: str, message: str) -> None:
    """Warn, unless this layer has warned about the subject before.

    Args:
        layer: The layer or model to warn about.
        subject: The key of the warning.
        message: The problem and its remedy.
    """
    # A compiled graph cannot warn; usually an earlier eager call has warned.
    if subject in layer._told or torch.compiler.is_compiling():
        return
    layer._told |= {subject}
    warn(message)
