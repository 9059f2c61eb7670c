"""Models of segmentation-models-pytorch for pictures with the channels last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kplug_models.arguments import require_picture_shape, require_weights_file
from kplug_models.getting import require_download
from kplug_models.network import make_model
from kplug_models.weights import fill, read_weights

from kplug import Model, factory
from kplug.errors import WeightsError
from kplug_segmentation_models.network import SegmentationNetwork, create_network
from kplug_segmentation_models.plugin import NAMES

_BY_HAND = "Or give a file of weights of the whole model: weights='model.safetensors'."

# The usual size of pictures where an architecture does not take any.
_SIZES = {"PAN": 256, "DPT": 224}


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = _make_function(name)
    return made


def _make_function(architecture: str) -> Callable[..., Model]:
    @factory
    def make(
        *,
        input_shape: Sequence[int | None] | None = None,
        weights: str | Path | None = None,
        encoder_weights: str | bool | None = None,
        name: str | None = None,
        **arguments: Any,
    ) -> Model:
        size = _SIZES.get(architecture)
        shape: tuple[int | None, ...] = (size, size, arguments.get("in_channels", 3))
        if input_shape is not None:
            height, width, channels = require_picture_shape(architecture, input_shape)
            shape = height, width, channels or shape[2]
            arguments.setdefault("in_channels", shape[2])
        path = None
        if weights is not None:
            path = require_weights_file(architecture, weights, "None")
        if encoder_weights is not None:
            require_download(architecture, f"encoder_weights={encoder_weights!r}", _BY_HAND)
        network = SegmentationNetwork(architecture, arguments, name=name or architecture.lower())
        if encoder_weights is not None:
            _load_encoder(network, encoder_weights)
        if path is not None:
            module, source = network.network, f"the file {str(path)!r}"
            heads = {one for one in module.state_dict() if one.startswith("segmentation_head.")}
            fill(module, read_weights(path, architecture), architecture, source=source, heads=heads)
        return make_model(network, shape)

    make.__name__ = make.__qualname__ = architecture
    make.__module__ = __name__
    make.__doc__ = _DOCUMENTATION.format(architecture)
    return make


_DOCUMENTATION = """Return {} of segmentation-models-pytorch as a model for pictures with the channels last.

Args:
    input_shape: The shape of a picture, ``(height, width, channels)``; by default of any size (``PAN``: 256,
        ``DPT``: 224), with ``in_channels`` channels.
    weights: A file of weights of the whole model, ``.safetensors`` or ``.pth``. With another number of
        classes the head keeps its random weights. ``None`` for random weights.
    encoder_weights: The name of weights of the encoder, such as ``"imagenet"``, which only
        ``kplug.models.get(…, may_download=True)`` allows to download. ``None`` for random weights.
    name: The name of the model and its layer; by default the architecture's in small letters.
    arguments: Arguments of the class: ``encoder_name``, ``in_channels``, ``classes``, ``activation``.

Returns:
    The model. Its outputs have a channel for each class, logits without an ``activation``; with
    ``aux_params`` there are classes of pictures, too.

Raises:
    ArgumentError: The architecture does not take an argument, or a download is not allowed.
    ArgumentValueError: A value out of range.
    WeightsError: The file does not have the architecture's weights.
"""


def _load_encoder(network: SegmentationNetwork, weights: str | bool) -> None:
    owner = network.architecture
    try:
        found: Any = create_network(owner, network.arguments, weights)
    except Exception as error:
        raise WeightsError(
            f"the weights {weights!r} cannot be loaded into the encoder of {owner}: {error}",
            hint=_BY_HAND,
        ) from error
    encoder: Any = network.network.encoder
    encoder.load_state_dict(found.encoder.state_dict())
