"""What a layer was warned of, which is said once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import torch

from kplug.registry.user_warnings import warn


class KnowsWhatWasTold(Protocol):
    """A layer as ``warn_once`` sees it."""

    name: str
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


def warn_of_unused(
    model: KnowsWhatWasTold, what: str, unused: Iterable[object], names: Iterable[str]
) -> None:
    """Warn of what a dict holds beside the inputs of a model.

    Args:
        model: The model.
        what: What messages call the dict.
        unused: The keys that are no inputs.
        names: The names of the inputs.
    """
    listed, known = (", ".join(map(repr, each)) for each in (unused, names))
    warn_once(
        model,
        "unused inputs",
        f"{what} has {listed}, and model {model.name!r} has no input of that name, so it is not used. Its "
        f"inputs are: {known}.",
    )
