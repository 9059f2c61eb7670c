"""Warnings that each layer gives at most once."""

from __future__ import annotations

from typing import Protocol

import torch

from kplug.registry.user_warnings import warn


class KnowsWhatWasTold(Protocol):
    """A layer as ``warn_once`` sees it."""

    _told: frozenset[str]


def warn_once(layer: KnowsWhatWasTold, subject: str, message: str) -> None:
    """Warn, unless this was done about the same subject.

    Args:
        layer: The layer or model that it is about.
        subject: What is told once.
        message: What happened and what to do about it.
    """
    # A compiled graph cannot warn; most often a call before tracing has done it.
    if subject in layer._told or torch.compiler.is_compiling():
        return
    layer._told |= {subject}
    warn(message)
