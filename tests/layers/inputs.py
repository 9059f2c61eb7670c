"""Inputs of layers, drawn for comparisons with Keras."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import HealthCheck, assume, settings, strategies as st

SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)
words = st.sampled_from
data_formats = words(["channels_last", "channels_first"])
# Keras warns of a softmax over one channel.
activations = words([None, "relu", "tanh", "softmax"])
ranks = st.integers(1, 3)
pairs = st.tuples(st.integers(0, 2), st.integers(0, 2))
sizes = st.tuples(*[st.integers(3, 6)] * 3)
windows = st.tuples(*[st.integers(1, 3)] * 3)
steps = st.tuples(*[st.integers(1, 3)] * 3)
sliding = {
    "rank": ranks,
    "size": sizes,
    "channels": st.integers(1, 3),
    "kernel_size": windows,
    "strides": steps,
    "dilation_rate": st.integers(1, 2),
    "padding": words(["valid", "same"]),
    "data_format": data_formats,
    "use_bias": st.booleans(),
    "activation": words([None, "tanh"]),
}


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    """Return numbers from the normal distribution, the same for each seed."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def draw_mask(*shape: int, seed: int) -> torch.Tensor:
    """Return a mask under which each query sees something."""
    kept = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) > 0.4
    kept[..., 0] = True
    return kept


def draw_images(rank: int, size: tuple[int, ...], channels: int, data_format: str) -> torch.Tensor:
    """Return two sequences, images or volumes; of ``size`` the first ``rank`` numbers count."""
    sizes = size[:rank]
    is_last = data_format == "channels_last"
    return draw(2, *((*sizes, channels) if is_last else (channels, *sizes)))


def require_fit(
    size: tuple[int, ...], window: tuple[int, ...], strides: tuple[int, ...], arguments: Any
) -> None:
    """Leave out strided dilation, which both refuse, and windows that are larger than the inputs."""
    dilation = arguments.get("dilation_rate", 1)
    assume(dilation == 1 or max(strides) == 1)
    fits = all((k - 1) * dilation + 1 <= n for k, n in zip(window, size, strict=True))
    assume(arguments["padding"] != "valid" or fits)
