"""The contract of the kind: a component makes a `Model`."""

from __future__ import annotations

from torch import nn

from kplug.errors import ContractError
from kplug.models import Model


def as_model(candidate: object) -> Model:
    """Return what a component has made, or what was given in code, if it is a model.

    Raises:
        ContractError: It is something else.

    Example:
        >>> from kplug import Sequential
        >>> as_model(Sequential(name="empty")).name
        'empty'
    """
    if isinstance(candidate, Model):
        return candidate
    is_module = isinstance(candidate, nn.Module)
    raise ContractError(
        f"a model must be a kplug.Model, got {type(candidate).__name__}",
        hint="kplug.Sequential([module]) makes a model of a torch module; kplug_models.network.Network "
        "one that files can hold."
        if is_module
        else "Give a name, such as 'timm/resnet18(num_classes=10)', or the model itself.",
    )
