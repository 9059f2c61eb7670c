"""Window functions by name, for short-time Fourier transforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.signal import windows

Window = Callable[[int], Tensor]


def make_window(name: str, length: int, *, is_periodic: bool = False) -> Tensor:
    """Return a window by name.

    Args:
        name: One of `WINDOWS`.
        length: Number of samples.
        is_periodic: Whether the window is periodic, as a discrete Fourier transform assumes: the symmetric
            window of one more sample, without its last. Otherwise it is symmetric.

    Returns:
        Shape (length,), float64.

    Example:
        >>> make_window("hann", 5)
        tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000], dtype=torch.float64)

    Reference:
        ``scipy.signal.get_window(name, length, fftbins=is_periodic)``, for its windows that need no
        further argument.
    """
    if length <= 1:
        return torch.ones(length, dtype=torch.float64)
    return WINDOWS[name](length + is_periodic)[:length]


def _cosines(*weights: float) -> Window:
    """Return the window Σ (-1)^k · weight_k · cos(2πk·n/(N-1))."""
    return partial(windows.general_cosine, a=weights, dtype=torch.float64)


def _steps(length: int) -> Tensor:
    return torch.arange(length, dtype=torch.float64)


def _offsets(length: int) -> Tensor:
    """Return how far each sample is from the centre, in samples."""
    return (_steps(length) - (length - 1) / 2.0).abs()


def _triang(length: int) -> Tensor:
    return 1.0 - _offsets(length) / ((length + length % 2) / 2.0)


def _barthann(length: int) -> Tensor:
    distance = _offsets(length) / (length - 1)
    return 0.62 - 0.48 * distance + 0.38 * torch.cos(2.0 * math.pi * distance)


def _bohman(length: int) -> Tensor:
    distance = _offsets(length) / ((length - 1) / 2.0)
    values = (1.0 - distance) * torch.cos(math.pi * distance)
    values += torch.sin(math.pi * distance) / math.pi
    values[[0, -1]] = 0.0
    return values


def _parzen(length: int) -> Tensor:
    distance = _offsets(length) / (length / 2.0)
    inner = 1.0 - 6.0 * distance**2 + 6.0 * distance**3
    return torch.where(_offsets(length) <= (length - 1) / 4.0, inner, 2.0 * (1.0 - distance) ** 3)


def _tukey(length: int) -> Tensor:
    """Return a flat middle between two cosine slopes of a quarter of the length each."""
    last = length - 1
    from_end = torch.minimum(_steps(length), last - _steps(length))
    slope = 0.5 * (1.0 + torch.cos(math.pi * (4.0 * from_end / last - 1.0)))
    return torch.where(from_end <= math.floor(last / 4.0), slope, 1.0)


def _taylor(length: int, lobes: int = 4, suppression: float = 30.0) -> Tensor:
    """Return the window whose ``lobes - 1`` nearest side lobes are ``suppression`` dB down."""
    spread = math.acosh(10.0 ** (suppression / 20.0)) / math.pi
    stretch = lobes**2 / (spread**2 + (lobes - 0.5) ** 2)
    orders = range(1, lobes)
    position = (_steps(length) - (length - 1) / 2.0) / length
    values, peak = torch.ones(length, dtype=torch.float64), 1.0
    for order in orders:
        zeros = (1.0 - order**2 / stretch / (spread**2 + (k - 0.5) ** 2) for k in orders)
        others = (1.0 - order**2 / k**2 for k in orders if k != order)
        weight = (-1) ** (order + 1) * math.prod(zeros) / math.prod(others)
        values += weight * torch.cos(2.0 * math.pi * order * position)
        peak += weight
    return values / peak


def _lanczos(length: int) -> Tensor:
    return torch.sinc(_offsets(length) / ((length - 1) / 2.0))


WINDOWS: dict[str, Window] = {
    "barthann": _barthann,
    "bartlett": partial(windows.bartlett, dtype=torch.float64),
    "blackman": _cosines(0.42, 0.5, 0.08),
    "blackmanharris": _cosines(0.35875, 0.48829, 0.14128, 0.01168),
    "bohman": _bohman,
    "boxcar": _cosines(1.0),
    "cosine": partial(windows.cosine, dtype=torch.float64),
    "exponential": partial(windows.exponential, dtype=torch.float64),
    "flattop": _cosines(0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
    "hamming": _cosines(0.54, 0.46),
    "hann": _cosines(0.5, 0.5),
    "lanczos": _lanczos,
    "nuttall": _cosines(0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "parzen": _parzen,
    "taylor": _taylor,
    "triang": _triang,
    "tukey": _tukey,
}
