"""torchvision's models for pictures with the channels last: a function for each, created on first access."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kplug_models.arguments import require_picture_shape, require_weights_file
from kplug_models.getting import require_download
from kplug_models.network import make_model
from kplug_models.weights import fill, read_weights
from torchvision.models import get_model_weights

from kplug import Model, factory
from kplug.components.arguments import refusal
from kplug.errors import WeightsError
from kplug_torchvision.network import TorchvisionNetwork, create_network
from kplug_torchvision.table import NAMES

_AUXILIARY = ("AuxLogits.", "aux1.", "aux2.", "aux_classifier.")
# Files of torchvision's have densenets' weights under older names.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


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
        name: str | None = None,
        **arguments: Any,
    ) -> Model:
        path, published = _choose_weights(architecture, weights)
        shape = _choose_shape(architecture, input_shape, published)
        given = {**_adapt_arguments(architecture, shape, weights), **arguments}
        network = TorchvisionNetwork(architecture, given, name=name or architecture)
        if weights is not None:
            _load(network, path, published)
        return make_model(network, shape)

    make.__name__ = make.__qualname__ = architecture
    make.__module__ = __name__
    make.__doc__ = _DOCUMENTATION.format(architecture)
    return make


_DOCUMENTATION = """Return torchvision's {} as a model for pictures with the channels last.

Args:
    input_shape: The shape of a picture, ``(height, width, 3)``; by default that of torchvision's own weights.
    weights: A file of weights, ``.pth`` or ``.safetensors``; or the name of weights of torchvision, such as
        ``"IMAGENET1K_V1"`` or ``"DEFAULT"``, which only ``kplug.models.get(…, may_download=True)`` allows to
        download. With another number of classes the last layer keeps its random weights. ``None`` for random
        weights.
    name: The name of the model and its layer; by default that in torchvision.
    arguments: Arguments of the architecture, as ``torchvision.models.get_model`` takes them: ``num_classes``,
        ``dropout``.

Returns:
    The model. Its outputs are logits; of segmentation models, one for each pixel and class.

Raises:
    ArgumentError: The architecture does not take an argument, or a download is not allowed.
    ArgumentValueError: A value out of range.
    WeightsError: The file does not have the architecture's weights.
"""


def _choose_weights(owner: str, given: object) -> tuple[Path | None, Any]:
    """Return the path of a file, or else weights of torchvision: by default those that say the usual size."""
    known = get_model_weights(owner)
    names = [*known.__members__]
    if given is None:
        return None, known["DEFAULT"]
    if given not in names:
        named = f"None, {', '.join(map(repr, names))}"
        return require_weights_file(owner, given, named), known["DEFAULT"]
    found = known[given]
    advice = f"Or fetch {found.url} elsewhere, and name the file: weights='file.pth'."
    require_download(owner, f"weights={given!r}", advice)
    return None, found


def _choose_shape(owner: str, given: object, published: Any) -> tuple[int | None, int | None, int]:
    """Return the shape of a picture."""
    if given is None:
        sizes = published.transforms.keywords
        size = sizes.get("crop_size") or sizes["resize_size"]
        return size, size, 3
    height, width, channels = require_picture_shape(owner, given)
    if channels not in (3, None):
        raise refusal(
            owner, "input_shape", given, "(height, width, 3): torchvision's models are for colours"
        )
    return height, width, 3


def _adapt_arguments(
    owner: str, shape: tuple[int | None, int | None, int], weights: object
) -> dict[str, Any]:
    """Return the arguments that go with the size of pictures and with torchvision's weights."""
    if owner in ("googlenet", "inception_v3") and weights is not None:
        return {"transform_input": True}  # their weights are for other means than all others'
    size = shape[:2]
    if None in size or size == (224, 224):
        return {}
    if owner.startswith("vit_"):
        return {"image_size": shape[0]}
    return {"input_size": list(size)} if owner == "maxvit_t" else {}


def _load(network: TorchvisionNetwork, path: Path | None, published: Any) -> None:
    owner = network.architecture
    if path is None:
        source = f"{published} of torchvision"
        others = {key: one for key, one in network.arguments.items() if key != "num_classes"}
        try:
            found = create_network(owner, others, published).state_dict()
        except Exception as error:
            raise WeightsError(
                f"{source} cannot be loaded into {owner}: {error}",
                hint=f"Or fetch {published.url} elsewhere, and name the file: weights='file.pth'.",
            ) from error
    else:
        source = f"the file {str(path)!r}"
        found = {
            _OLD_NAME.sub(r"\1\2", key): one
            for key, one in read_weights(path, owner).items()
            if not key.startswith(_AUXILIARY)
        }
    fill(network.network, found, owner, source=source, heads=network.find_heads())
