"""Warns at the first step of weights that no gradient reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from kplug.layers.base.layer_warnings import warn_once
from kplug.training.model_protocol import TrainableModel

_LISTED = 4  # weights that a message names


def warn_of_untrained(
    model: TrainableModel, predictions: Sequence[Tensor], *, has_all_losses: bool
) -> None:
    """Warn of weights that no gradient reaches, and of foreign weights in the predictions.

    It is called after each backward pass, and checks the first one of a model.

    Args:
        model: The model, whose weights have their gradients.
        predictions: Its predictions.
        has_all_losses: Whether each output has a loss; if not, weights of the other outputs are not meant to
            be trained.
    """
    if "gradients" in model._told or torch.compiler.is_compiling():
        return
    model._told |= {"gradients"}
    own = {id(parameter) for parameter in model.parameters()}
    trained = [each for each in model.named_weights() if each[1].requires_grad]
    unreached = [name for name, weight in trained if weight.grad is None]
    if unreached and has_all_losses:
        warn_once(
            model,
            "unreached weights",
            f"no gradient of the loss reached {len(unreached)} of {len(trained)} trainable weights of model "
            f"{model.name!r} in the first step, which trained none of them: {_list(unreached)}. detach(), "
            ".numpy(), argmax and outputs that nothing uses cut the connection. Layers that are left out at "
            "random, as in stochastic depth, are trained in other steps",
        )
    # An input that requires a gradient, as for a critic's penalty, is no weight.
    leaves = (leaf for leaf in _find_leaves(predictions) if isinstance(leaf, nn.Parameter))
    foreign = [leaf for leaf in leaves if id(leaf) not in own]
    if foreign and "lost layers" not in model._told:
        shapes = _list([str(tuple(each.shape)) for each in foreign])
        warn_once(
            model,
            "foreign weights",
            f"model {model.name!r} computes with {len(foreign)} trainable tensors that are not among its "
            f"weights, so they are not trained; their shapes: {shapes}. Keep what holds them as an attribute "
            "of the model or of one of its layers; if they are not to be trained, set requires_grad or "
            "trainable to False",
        )


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")


def _find_leaves(predictions: Sequence[Tensor]) -> Iterator[Tensor]:
    """Return the leaf tensors of the predictions' autograd graph."""
    seen = set()
    left = [each.grad_fn for each in predictions]
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if type(node).__name__ == "AccumulateGrad":
            yield node.variable  # type: ignore[attr-defined]  # what it adds the gradient to
        left += [after for after, _ in node.next_functions]
