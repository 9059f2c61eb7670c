"""`TimmNetwork`: a network of timm as a layer, which is what a file names."""

from __future__ import annotations

from typing import Any, ClassVar

import timm
import torch
from kplug_models.arguments import explain_unknown
from kplug_models.network import Network
from torch import nn

from kplug import resolve
from kplug.errors import KplugError


class TimmNetwork(Network):
    """A network of timm as a layer: a file has its name and arguments, and its weights beside them.

    Args:
        architecture: The name in timm, such as ``"resnet18"``.
        arguments: Arguments of ``timm.create_model``, but those that say where weights come from.

    Raises:
        UnknownComponentError: timm has no such architecture.
        ArgumentError: The architecture does not take the arguments.

    Example:
        >>> import torch
        >>> layer = TimmNetwork("resnet10t", {"num_classes": 5})
        >>> layer(torch.zeros(2, 64, 64, 3)).shape
        torch.Size([2, 5])

    Reference:
        ``timm.create_model``, whose pictures have their channels first.
    """

    library: ClassVar[str] = "timm"
    sources: ClassVar[tuple[str, ...]] = ("weights", "pretrained", "checkpoint", "cache_dir")

    def make_network(self) -> nn.Module:
        """Return timm's module, with random weights."""
        if not timm.is_model(self.architecture) or "." in self.architecture:
            resolve("model", f"kplug-timm/{self.architecture}")  # raises, with what is meant
        return create_network(self.architecture, self.arguments)

    def explain(self, error: Exception) -> KplugError:
        """Return the error for arguments that timm refuses, with those that the model's class takes."""
        module = timm.model_entrypoint(self.architecture).__module__
        unknown = explain_unknown(error, self.architecture, module, ", features_only, out_indices")
        return unknown or super().explain(error)

    def move_outputs(self, outputs: Any) -> Any:
        """Return the outputs with their channels last, where some of timm's have them already."""
        layout = getattr(self.network, "output_fmt", None)
        if str(getattr(layout, "value", layout)) == "NHWC":
            return list(outputs) if isinstance(outputs, tuple) else outputs
        return super().move_outputs(outputs)


def create_network(architecture: str, arguments: dict[str, Any], **source: Any) -> nn.Module:
    """Return timm's module.

    Args:
        architecture: Its name, with the tag of its weights behind a dot if there is one.
        arguments: Its arguments.
        source: Arguments that say where weights come from.
    """
    made: nn.Module = timm.create_model(architecture, **arguments, **source)
    return made


def load_weights(
    network: TimmNetwork, seed_state: torch.Tensor, tag: str, **source: Any
) -> list[str]:
    """Give a network the weights of a source, as timm adapts them to its classes and channels.

    Args:
        network: The layer.
        seed_state: The state of torch's random generator when its module was made.
        tag: The tag of the weights, or an empty text.
        source: Arguments of ``timm.create_model`` that name the source.

    Returns:
        The names of weights that the source lacks. timm itself tells nobody where the classes differ.
    """
    name = f"{network.architecture}.{tag}" if tag else network.architecture
    with torch.random.fork_rng(devices=()):
        torch.set_rng_state(seed_state)
        other = create_network(name, network.arguments, pretrained=True, **source)
    # What still has the numbers that it was drawn with was not in the source.
    first = dict(network.network.named_parameters())
    missing = [
        name
        for name, weight in other.named_parameters()
        if weight.requires_grad and bool((weight != weight.flatten()[0]).any())
        if torch.equal(weight, first[name])
    ]
    network.network.load_state_dict(other.state_dict())
    return missing
