"""Adapts a ``torch.nn`` module or a class to a `Layer`."""

from __future__ import annotations

from torch import nn

from kplug.components.contracts import instantiate
from kplug.errors import ContractError
from kplug.layers.base.layer import Layer
from kplug.layers.torch_module import TorchModule
from kplug.registry.quoting import quote


def as_layer(candidate: object) -> Layer:
    """Return a layer for what was given.

    Args:
        candidate: A layer is kept, an ``nn.Module`` wrapped; a class of either is made without
            arguments first.

    Returns:
        A layer.

    Raises:
        ContractError: ``candidate`` is something else, or a class that needs arguments.

    Example:
        >>> as_layer(nn.Hardshrink()).name
        'hardshrink'
    """
    if isinstance(candidate, type) and issubclass(candidate, nn.Module):
        candidate = instantiate(candidate, "a layer")
    if isinstance(candidate, Layer):
        return candidate
    if isinstance(candidate, nn.Module):
        return TorchModule(candidate)
    raise ContractError(
        f"a layer must be a kplug.layers.Layer or a torch.nn.Module, got {quote(candidate)}",
        hint="A function of tensors fits into Activation(function).",
    )
