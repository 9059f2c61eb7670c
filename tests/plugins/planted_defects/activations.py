"""Activations with one small defect each."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.plugins.planted_defects.table import Defect


def across_samples(x: Tensor) -> Tensor:
    return x.softmax(0)


def normalized(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / (1.0 + x.square().mean(0))


def channels(x: Tensor) -> Tensor:
    return x.softmax(1) if x.ndim > 2 else x.softmax(-1)


def doubled(x: Tensor) -> Tensor:
    return x.double().tanh()


def in_place(x: Tensor) -> Tensor:
    return x.clamp_(min=0.0)


def swish(x: Tensor) -> Tensor:
    return x * x.exp() / (1.0 + x.exp())


def rooted(x: Tensor) -> Tensor:
    return x.sign() * x.abs().sqrt()


def scaled(x: Tensor) -> Tensor:
    return x / (1.0 + x.abs().max().item())


def rounded(x: Tensor) -> Tensor:
    return x.round()


def longest(x: Tensor) -> Tensor:
    return x.amax(-1)


def leaky(x: Tensor, slope: float = 0.1) -> Tensor:
    return torch.where(x > 0, x, 0.1 * x)


def of_matrices(x: Tensor) -> Tensor:
    samples, features = x.shape
    return x.tanh() * features / max(features, samples * 0 + 1)


def of_tensors(x: Tensor) -> Tensor:
    return x * torch.linspace(0.5, 1.5, x.shape[-1])


DEFECTS = [
    Defect(
        "normalizes over the samples",
        across_samples,
        "single_row",
        "predictions depend on the batch",
        also=("layout", "ranks"),
    ),
    Defect("centres over the batch", normalized, "single_row", "predictions depend on the batch"),
    Defect("takes the height for channels", channels, "layout", "images are learned wrongly"),
    Defect("computes in float64", doubled, "dtype", "the next layer fails"),
    Defect(
        "clamps in place",
        in_place,
        "inputs",
        "backward fails",
        also=("gradients", "gradcheck", "large", "zero"),
    ),
    Defect("overflows", swish, "large", "a large logit makes NaN"),
    Defect("takes a root of zero", rooted, "zero", "a dead unit makes NaN"),
    Defect(
        "reads the largest value",
        scaled,
        "device",
        "each step waits",
        also=("gradcheck", "single_row", "empty_batch"),
    ),
    Defect("has no gradient", rounded, "gradients", "nothing is learned"),
    Defect("drops the last axis", longest, "shape", "the next layer fails", also=("ranks",)),
    Defect("reads no slope", leaky, "effect", "the argument changes nothing"),
    Defect("takes matrices only", of_matrices, "ranks", "sequences fail"),
    Defect("makes a tensor on the CPU", of_tensors, "dtype", "a GPU model fails", also=("device",)),
]
