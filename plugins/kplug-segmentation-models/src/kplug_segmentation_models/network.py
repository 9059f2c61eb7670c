"""`SegmentationNetwork`: a model of segmentation-models-pytorch as a layer, which is what a file names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import segmentation_models_pytorch as smp
import timm
from kplug_models.arguments import unknown_argument
from kplug_models.network import Network
from torch import nn

from kplug import resolve
from kplug.components.arguments import refusal
from kplug_segmentation_models.plugin import NAMES

_ENCODER = "a name of segmentation_models_pytorch.encoders.get_encoder_names(), or 'tu-' and a name of timm"


class SegmentationNetwork(Network):
    """A model of segmentation-models-pytorch as a layer: a file has its name, its arguments and its weights.

    Args:
        architecture: The name of the class, such as ``"Unet"``.
        arguments: Its arguments, but ``encoder_weights``.

    Raises:
        UnknownComponentError: There is no such architecture.
        ArgumentError: The architecture does not take the arguments.
        ArgumentValueError: There is no such encoder.

    Example:
        >>> import torch
        >>> layer = SegmentationNetwork("Unet", {"encoder_name": "mobilenet_v2", "classes": 2})
        >>> layer(torch.zeros(2, 64, 64, 3)).shape
        torch.Size([2, 64, 64, 2])

    Reference:
        ``segmentation_models_pytorch.create_model``, whose pictures have their channels first. The encoder is
        random, and arguments of timm's encoders are not passed on.
    """

    library: ClassVar[str] = "segmentation-models-pytorch"
    sources: ClassVar[tuple[str, ...]] = ("weights", "encoder_weights", "pretrained")

    def make_network(self) -> nn.Module:
        """Return the module, with random weights."""
        if self.architecture not in NAMES:
            resolve(
                "model", f"kplug-segmentation-models/{self.architecture}"
            )  # raises, with what is meant
        return create_network(self.architecture, self.arguments)


def create_network(
    architecture: str, arguments: Mapping[str, Any], encoder_weights: Any = None
) -> nn.Module:
    """Return the module.

    Args:
        architecture: The name of its class.
        arguments: Its arguments.
        encoder_weights: The name of weights of the encoder, which are downloaded; ``None`` for random ones.

    Raises:
        ArgumentError: The class does not take an argument.
        ArgumentValueError: There is no such encoder.
    """
    owner = getattr(smp, architecture)
    # What the class has no parameter for goes to timm, where it may name files and addresses.
    named = inspect.signature(owner.__init__).parameters.values()
    taken = [one.name for one in named if one.kind is one.POSITIONAL_OR_KEYWORD][1:]
    known = [name for name in taken if name != "encoder_weights"]
    if unknown := [name for name in arguments if name not in known]:
        raise unknown_argument(architecture, unknown[0], known)
    encoder = arguments.get("encoder_name")
    if encoder is not None and not _is_encoder(encoder):
        raise refusal(architecture, "encoder_name", encoder, _ENCODER)
    made: nn.Module = owner(encoder_weights=encoder_weights, **arguments)
    return made


def _is_encoder(name: object) -> bool:
    if not isinstance(name, str) or name in smp.encoders.get_encoder_names():
        return isinstance(name, str)
    # A name of timm with a dot names weights, one with a colon an address.
    return name.startswith("tu-") and "." not in name and timm.is_model(name[3:])
