"""timm's models for pictures with the channels last: a function for each, created on first access."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from kplug_models.arguments import require_picture_shape, require_weights_file
from kplug_models.getting import require_download
from kplug_models.network import make_model

from kplug import Model, factory
from kplug.components.arguments import refusal
from kplug.errors import ArgumentError, KplugError, WeightsError
from kplug_timm.network import TimmNetwork, load_weights
from kplug_timm.table import NAMES

_BY_HAND = (
    "Or fetch model.safetensors of huggingface.co/timm/{}.… elsewhere, and name it: "
    "weights='model.safetensors'."
)


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
        pretrained: bool | str = False,
        name: str | None = None,
        **arguments: Any,
    ) -> Model:
        known = timm.models.get_pretrained_cfg(architecture) or timm.models.PretrainedCfg()
        config = dataclasses.asdict(known)
        shape, arguments = _choose_shape(architecture, input_shape, arguments, config)
        source, tag = _choose_source(architecture, weights, pretrained)
        seed_state = torch.get_rng_state()
        network = TimmNetwork(architecture, arguments, name=name or architecture)
        if source is not None:
            _load(network, seed_state, tag, source, config, weights)
        return make_model(network, shape)

    make.__name__ = make.__qualname__ = architecture
    make.__module__ = __name__
    make.__doc__ = _DOCUMENTATION.format(architecture)
    return make


_DOCUMENTATION = """Return timm's {} as a model for pictures with the channels last.

Args:
    input_shape: The shape of a picture, ``(height, width, channels)``; by default that of timm's own weights.
    weights: A file of weights, ``.safetensors`` or ``.pth``; timm adapts them to other numbers of classes and
        channels. ``None`` for random weights.
    pretrained: Whether to download timm's own weights, or the tag of some of them. Only
        ``kplug.models.get(…, may_download=True)`` allows it.
    name: The name of the model and its layer; by default that in timm.
    arguments: Arguments of the architecture, as ``timm.create_model`` takes them: ``num_classes``,
        ``drop_rate``, ``features_only=True``.

Returns:
    The model. Its outputs are logits; with ``features_only=True`` there is one for each stage.

Raises:
    ArgumentError: The architecture does not take an argument, or a download is not allowed.
    ArgumentValueError: A value out of range.
    WeightsError: The file does not have the architecture's weights.
"""


def _choose_shape(
    owner: str,
    given: Sequence[int | None] | None,
    arguments: Mapping[str, Any],
    config: Mapping[str, Any],
) -> tuple[tuple[int | None, ...], dict[str, Any]]:
    """Return the shape of a picture, and the arguments that go with it."""
    channels, height, width = config["input_size"]
    size = arguments.get("img_size", (height, width))
    usual = (
        *((size, size) if isinstance(size, int) else size),
        arguments.get("in_chans", channels),
    )
    if given is None:
        return usual, dict(arguments)
    shape = require_picture_shape(owner, given)
    sizes: dict[str, Any] = {}
    if shape[2] not in (None, channels):
        sizes["in_chans"] = shape[2]
    if config.get("fixed_input_size") and None not in shape and shape[:2] != (height, width):
        sizes["img_size"] = list(shape[:2])
    return (*shape[:2], shape[2] or usual[2]), {**sizes, **arguments}


def _choose_source(
    owner: str, weights: object, pretrained: object
) -> tuple[dict[str, Any] | None, str]:
    """Return what tells timm where weights come from, and the tag of its own; None for random ones."""
    if not isinstance(pretrained, (bool, str)):
        raise refusal(owner, "pretrained", pretrained, "True, False, or the tag of weights of timm")
    if weights is not None and pretrained:
        raise ArgumentError(f"{owner}: both weights and pretrained are given", hint="Give one.")
    if weights is not None:
        path = require_weights_file(owner, weights, "None")
        return {"pretrained_cfg_overlay": {"file": str(path), "source": "timm"}}, ""
    if not pretrained:
        return None, ""
    require_download(owner, f"pretrained={pretrained!r}", _BY_HAND.format(owner))
    return {}, pretrained if isinstance(pretrained, str) else ""


def _load(
    network: TimmNetwork,
    seed_state: torch.Tensor,
    tag: str,
    source: dict[str, Any],
    config: Mapping[str, Any],
    weights: object,
) -> None:
    owner = network.architecture
    what = (
        f"the file {str(weights)!r}" if weights is not None else f"weights of {owner} from the hub"
    )
    try:
        missing = load_weights(network, seed_state, tag, **source)
    except KplugError:
        raise
    except Exception as error:
        hint = f"timm/{owner} has other weights." if weights else _BY_HAND.format(owner)
        message = f"{what} cannot be loaded into {owner}: {error}"
        raise WeightsError(message, hint=hint) from error
    heads = config.get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    missing = [name for name in missing if name.rpartition(".")[0] not in heads]
    if missing:
        raise WeightsError(
            f"{what} lacks {len(missing)} weights of {owner}, such as {missing[0]!r}",
            hint="The architecture of the file may be another one.",
        )
