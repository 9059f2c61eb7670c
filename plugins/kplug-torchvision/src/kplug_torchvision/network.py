"""`TorchvisionNetwork`: a network of torchvision as a layer, which is what a file names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from kplug_models.arguments import explain_unknown, unknown_argument
from kplug_models.network import Network
from torch import nn
from torchvision.models import get_model_builder

from kplug import resolve
from kplug.errors import ArgumentError, KplugError
from kplug_torchvision.table import NAMES, SEGMENTATION

_WITH_AUXILIARY = ("googlenet", "inception_v3")
_OF_SEGMENTATION = ("num_classes", "aux_loss")


class TorchvisionNetwork(Network):
    """A network of torchvision as a layer: a file has its name and arguments, and its weights beside them.

    Args:
        architecture: The name in torchvision, such as ``"resnet18"``.
        arguments: Arguments of the architecture, but those that say where weights come from.

    Raises:
        UnknownComponentError: torchvision has no such architecture.
        ArgumentError: The architecture does not take the arguments.

    Example:
        >>> import torch
        >>> layer = TorchvisionNetwork("shufflenet_v2_x0_5", {"num_classes": 5})
        >>> layer(torch.zeros(2, 64, 64, 3)).shape
        torch.Size([2, 5])

    Reference:
        ``torchvision.models.get_model``, whose pictures have their channels first. Auxiliary classifiers are
        left out, and the output of segmentation models is the tensor under ``"out"``.
    """

    library: ClassVar[str] = "torchvision"
    sources: ClassVar[tuple[str, ...]] = ("weights", "pretrained", "progress")

    def make_network(self) -> nn.Module:
        """Return torchvision's module, with random weights."""
        if self.architecture not in NAMES:
            resolve("model", f"kplug-torchvision/{self.architecture}")  # raises, with what is meant
        return create_network(self.architecture, self.arguments)

    def explain(self, error: Exception) -> KplugError:
        """Return the error for arguments that torchvision refuses, with those that the class takes."""
        module = get_model_builder(self.architecture).__module__
        return explain_unknown(error, self.architecture, module) or super().explain(error)

    def move_outputs(self, outputs: Any) -> Any:
        """Return the outputs with their channels last; of segmentation, the only one."""
        return super().move_outputs(outputs["out"] if isinstance(outputs, Mapping) else outputs)

    def find_heads(self) -> set[str]:
        """Return the names of the weights whose shape depends on ``num_classes``, if it is given."""
        if "num_classes" not in self.arguments:
            return set()
        one_more = {**self.arguments, "num_classes": self.arguments["num_classes"] + 1}
        with torch.random.fork_rng(devices=()):
            other = create_network(self.architecture, one_more).state_dict()
        own = self.network.state_dict()
        return {name for name in own if own[name].shape != other[name].shape}


def create_network(
    architecture: str, arguments: Mapping[str, Any], weights: Any = None
) -> nn.Module:
    """Return torchvision's module without auxiliary classifiers, which have outputs in training alone.

    Args:
        architecture: Its name.
        arguments: Its arguments.
        weights: Weights of torchvision, which are downloaded; or ``None``.

    Raises:
        ArgumentError: An argument asks for auxiliary classifiers, or a segmentation model does not take it.
    """
    builder = get_model_builder(architecture)
    left_out: dict[str, Any] = {}
    if architecture in _WITH_AUXILIARY:
        left_out = {"aux_logits": False}
        arguments = {"init_weights": True, **arguments}
    elif architecture in SEGMENTATION:
        # torchvision itself drops what these do not take.
        known = [name for name in inspect.signature(builder).parameters if name in _OF_SEGMENTATION]
        left_out = {"weights_backbone": None, **dict.fromkeys(known[1:], False)}
        if unknown := [name for name in arguments if name not in known]:
            raise unknown_argument(architecture, unknown[0], known[:1])
    if taken := [name for name in arguments if name in left_out]:
        raise ArgumentError(
            f"{architecture} takes no {taken[0]!r} here: auxiliary classifiers are outputs in training alone",
            hint="Leave it out.",
        )
    made: nn.Module = builder(weights=weights, **{**arguments, **left_out})
    return made
