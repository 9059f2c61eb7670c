"""Weights of torch's modules in files: read, and given to a network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from kplug.errors import WeightsError

_COUNTERS = "num_batches_tracked"  # older files lack them


def read_weights(path: Path, owner: str) -> dict[str, Tensor]:
    """Return the tensors of a file, ``.safetensors`` or what ``torch.save`` wrote of a ``state_dict``.

    Args:
        path: The file. Nothing in it is run.
        owner: The model, for messages.

    Raises:
        WeightsError: It is no such file.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        found = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): tensor.detach() for name, tensor in found.items()}
    except Exception as error:
        raise WeightsError(
            f"the file {str(path)!r} cannot be loaded into {owner}: {error}",
            hint="Give a file of a state_dict, which torch.save or safetensors.torch.save_file wrote.",
        ) from error


def fill(
    network: nn.Module,
    found: Mapping[str, Tensor],
    owner: str,
    *,
    source: str,
    heads: Collection[str] = (),
) -> None:
    """Give a network weights by their names; nothing is changed if they do not fit.

    Args:
        network: The module.
        found: The weights.
        owner: The model, for messages.
        source: What the weights are of, for messages.
        heads: Names of weights that keep the numbers that they were drawn with where those found have another
            shape: those that depend on the number of classes.

    Raises:
        WeightsError: A weight is missing, is too many, or has another shape.
    """
    own: dict[str, Tensor] = network.state_dict()
    missing = [name for name in own if name not in found and not name.endswith(_COUNTERS)]
    more = [name for name in found if name not in own]
    if missing or more:
        count, first = len(missing or more), (missing or more)[0]
        what = f"lacks {count} weights of {owner}" if missing else f"has {count} that {owner} lacks"
        raise WeightsError(
            f"{source} {what}, such as {first!r}",
            hint="The architecture of the file may be another one.",
        )
    taken = {name: found[name] for name in own if name in found}
    others = {name for name, one in taken.items() if one.shape != own[name].shape}
    if wrong := [name for name in taken if name in others and name not in heads]:
        name = wrong[0]
        raise WeightsError(
            f"{source} has {name!r} of shape {tuple(found[name].shape)}, {owner} has it of shape "
            f"{tuple(own[name].shape)}",
            hint="The architecture or the arguments of the file may be others.",
        )
    taken = {name: one for name, one in taken.items() if name not in heads or not others & {*heads}}
    own.update(taken)  # it keeps the versions of the modules' formats
    network.load_state_dict(own)
