"""Activations, dropout and cross-entropies under their Keras names."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from kplug.backend.convert import TensorLike, to_float, to_tensor
from kplug.backend.elementwise import of_one
from kplug.backend.functions import FLOAT_FUNCTIONS
from kplug.backend.global_settings import epsilon
from kplug.backend.indices import to_indices
from kplug.backend.random import Seed, find_generator
from kplug.components.arguments import require_number


def relu(
    x: TensorLike,
    alpha: float | torch.Tensor = 0.0,
    max_value: float | torch.Tensor | None = None,
    threshold: float | torch.Tensor = 0.0,
) -> torch.Tensor:
    """Return x where x ≥ threshold and alpha·(x − threshold) below it, at most ``max_value``.

    Example:
        >>> relu([-2.0, 0.5, 9.0], alpha=0.1, max_value=6.0)
        tensor([-0.2000,  0.5000,  6.0000])
    """
    x = to_tensor(x)
    if not isinstance(threshold, torch.Tensor) and threshold == 0.0:
        if isinstance(alpha, torch.Tensor):
            result = torch.where(x >= 0, x, alpha * x)
        else:
            result = F.leaky_relu(x, alpha) if alpha else F.relu(x)
    else:
        result = torch.where(x >= threshold, x, alpha * (x - threshold))
    return result if max_value is None else torch.clamp(result, max=max_value)


def elu(x: TensorLike, alpha: float = 1.0) -> torch.Tensor:
    """Return x where x > 0 and alpha·(eˣ − 1) elsewhere."""
    return F.elu(to_float(x), alpha)


def softmax(x: TensorLike, axis: int = -1) -> torch.Tensor:
    """Return eˣ / Σ eˣ along ``axis``."""
    return torch.softmax(to_tensor(x), dim=axis)


def softplus(x: TensorLike) -> torch.Tensor:
    """Return ln(1 + eˣ)."""
    # Not F.softplus, which returns x above 20 and loses the last bits in float64.
    x = to_float(x)
    return torch.logaddexp(x, torch.zeros_like(x))


softsign = of_one(F.softsign, "x / (1 + |x|)", of_floats=True)
sigmoid = of_one(torch.sigmoid, "1 / (1 + e⁻ˣ)", of_floats=True)
tanh = of_one(FLOAT_FUNCTIONS["tanh"], "the hyperbolic tangent", of_floats=True)


def hard_sigmoid(x: TensorLike) -> torch.Tensor:
    """Return 0.2·x + 0.5 kept in [0, 1]: Keras 2's slope; Keras 3 and torch have 1/6."""
    return torch.clamp(0.2 * to_tensor(x) + 0.5, 0.0, 1.0)


def dropout(
    x: TensorLike,
    level: float,
    noise_shape: Sequence[int | None] | None = None,
    seed: Seed = None,
) -> torch.Tensor:
    """Return ``x`` with a random part set to 0, ``level`` in [0, 1), and the rest divided by ``1 − level``.

    ``noise_shape`` is the shape of the random mask: ``None`` entries take the size of ``x``, and 1
    shares the draw along an axis.
    """
    require_number("dropout", "level", level, "a number in [0, 1)", at_least=0.0, below=1.0)
    x = to_float(x)
    if seed is None and noise_shape is None:
        return F.dropout(x, level, training=True)
    return x * dropout_mask(x, level, noise_shape, find_generator(seed))


def dropout_mask(
    x: torch.Tensor,
    level: float,
    noise_shape: Sequence[int | None] | None,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Return the factors of dropout: 0 with probability ``level``, else 1/(1 − level)."""
    sizes = tuple(x.shape)
    if noise_shape is not None:
        pairs = zip(noise_shape, sizes, strict=True)
        sizes = tuple(size if given is None else given for given, size in pairs)
    device = x.device if generator is None else generator.device
    draws = torch.rand(sizes, generator=generator, device=device, dtype=torch.float32)
    kept = (draws >= level).to(device=x.device, dtype=x.dtype)
    return kept / (1.0 - level) if level < 1.0 else kept


def binary_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False
) -> torch.Tensor:
    """Return −[t ln p + (1 − t) ln(1 − p)] for each element, t in [0, 1]; nothing is averaged."""
    output = to_float(output)
    target = to_tensor(target).to(output.dtype)
    if from_logits:
        return F.binary_cross_entropy_with_logits(output, target, reduction="none")
    output = torch.clamp(output, epsilon(), 1.0 - epsilon())
    return -(target * torch.log(output) + (1.0 - target) * torch.log(1.0 - output))


def categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> torch.Tensor:
    """Return −Σ t ln p along ``axis``, the axis of the classes; p is scaled to a sum of 1."""
    output = to_float(output)
    target = to_tensor(target).to(output.dtype)
    return -(target * _log_probabilities(output, from_logits, axis)).sum(dim=axis)


def sparse_categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> torch.Tensor:
    """Return −ln p of the target class; p is scaled to a sum of 1 along ``axis``.

    ``target`` holds class numbers, in the shape of ``output`` without ``axis``, or with size 1 there.
    """
    output = to_float(output)
    classes = to_indices(target, "sparse_categorical_crossentropy")
    if classes.ndim < output.ndim:
        classes = classes.unsqueeze(axis)
    chosen = _log_probabilities(output, from_logits, axis).gather(axis, classes)
    return -chosen.squeeze(axis)


def _log_probabilities(output: torch.Tensor, from_logits: bool, axis: int) -> torch.Tensor:
    if from_logits:
        return torch.log_softmax(output, dim=axis)
    output = output / output.sum(dim=axis, keepdim=True)
    return torch.log(torch.clamp(output, epsilon(), 1.0 - epsilon()))


def in_top_k(predictions: TensorLike, targets: TensorLike, k: int) -> torch.Tensor:
    """Return whether each target class is among the ``k`` largest predictions.

    ``predictions`` is (N, classes); ``targets`` and the booleans returned are (N,). Ties count,
    NaN does not.
    """
    predictions = to_tensor(predictions)
    chosen = predictions.gather(1, to_indices(targets, "in_top_k").reshape(-1, 1))
    return ((predictions > chosen).sum(dim=1) < k) & ~chosen.squeeze(1).isnan()
