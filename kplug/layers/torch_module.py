"""``TorchModule``: wraps an ``nn.Module`` as a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from torch import nn
from typing_extensions import Self

from kplug.backend import auto_name
from kplug.components.configurable import read_config
from kplug.errors import ContractError
from kplug.layers.base.layer import Layer
from kplug.registry import keras_class


@keras_class(None)
@final
class TorchModule(Layer):
    """Wraps any ``nn.Module`` as a layer; the module gets the inputs unchanged.

    Its weights are in torch's order, parameters before buffers. It gets images in the model's layout,
    channels last by default; `kplug.channels_first` adapts a module that expects channels second.

    Args:
        module: The module.
        name: Derived from the module's class if omitted.

    Raises:
        ContractError: ``module`` is no ``nn.Module``.

    Example:
        >>> import torch
        >>> layer = TorchModule(nn.Linear(4, 2), name="score")
        >>> layer(torch.zeros(3, 4)).shape, layer.name
        (torch.Size([3, 2]), 'score')
    """

    def __init__(self, module: nn.Module, name: str | None = None, **kwargs: Any) -> None:
        if not isinstance(module, nn.Module):
            raise ContractError(
                f"TorchModule takes a torch.nn.Module, got {type(module).__name__}",
                hint="Give an instance, such as torch.nn.Linear(4, 2).",
            )
        super().__init__(name=name or auto_name(type(module).__name__), **kwargs)
        self.module = module
        self.is_watched = True  # it runs user code
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the module's outputs."""
        return self.module(inputs, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the name of the module's class; its arguments are unknown."""
        return {**super().get_config(), "module": f"custom/{type(self.module).__name__}"}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create the layer, if the config holds the module itself.

        Raises:
            ContractError: The config holds only the module's name, as returned by ``get_config``.
        """
        config = read_config(cls, config)
        module = config.get("module")
        if not isinstance(module, nn.Module):
            raise ContractError(
                f"the torch module {module!r} of layer {config.get('name')!r} cannot be made from "
                "a config",
                hint="Give the module itself in place of its name, or build the model in code and load "
                "its weights.",
            )
        return cls(**config)
